//! The two ways to call a guest's functions: one at a time, or many side by side.

use std::sync::Arc;

use tokio::sync::Mutex;
use wasmtime::{
    AsContextMut, Store,
    component::{Accessor, ComponentNamedList, Instance, Lift, Lower, ResourceAny, TypedFunc},
};

use crate::component::HostState;

/// What a function takes, or what it returns.
pub trait Values: ComponentNamedList + Lift + Lower + Send + Sync + 'static {}

impl<V: ComponentNamedList + Lift + Lower + Send + Sync + 'static> Values for V {}

/// A way to call a guest's functions.
pub trait Caller: Clone {
    /// Calls one by its name in the contract, and fails the test where it traps.
    fn call<P: Values, R: Values>(&self, name: &str, parameters: P) -> impl Future<Output = R>;
}

/// The guest, and what it takes to call it. Calls wait for each other.
pub struct Guest {
    store: Mutex<Store<HostState>>,
    functions: Functions,
}

/// Where a guest's functions are found.
#[derive(Clone, Copy)]
struct Functions {
    instance: Instance,
    interface: &'static str,
}

impl Functions {
    fn find<P: Values, R: Values>(&self, mut store: impl AsContextMut, name: &str) -> TypedFunc<P, R> {
        let interface = self.instance.get_export_index(&mut store, None, self.interface);
        let function = self.instance.get_export_index(&mut store, interface.as_ref(), name);
        let function = function.unwrap_or_else(|| panic!("no {name} in {}", self.interface));
        self.instance.get_typed_func(store, function).unwrap_or_else(|error| panic!("{name}: {error:?}"))
    }
}

impl Guest {
    pub(crate) fn new(store: Store<HostState>, instance: Instance, interface: &'static str) -> Self {
        Self { store: Mutex::new(store), functions: Functions { instance, interface } }
    }

    /// Drops a resource as a guest's own code would: its destructor runs.
    pub(crate) async fn drop_resource(&self, resource: ResourceAny) {
        let mut store = self.store.lock().await;
        expect_no_trap("dropping a resource", resource.resource_drop_async(&mut *store).await);
    }

    pub(crate) async fn run_concurrent<R>(&self, block: impl AsyncFnOnce(Concurrent<'_>) -> R) -> R {
        let mut store = self.store.lock().await;
        let functions = self.functions;
        expect_no_trap(
            "a concurrent call",
            store.run_concurrent(async |accessor| block(Concurrent { functions, accessor }).await).await,
        )
    }

    pub(crate) async fn fuel(&self) -> u64 {
        u64::MAX - self.store.lock().await.get_fuel().expect("an engine that counts fuel")
    }

    pub(crate) async fn memory(&self) -> usize {
        self.store.lock().await.data().memory()
    }
}

impl Caller for Arc<Guest> {
    async fn call<P: Values, R: Values>(&self, name: &str, parameters: P) -> R {
        let mut store = self.store.lock().await;
        let function = self.functions.find(&mut *store, name);
        expect_no_trap(name, function.call_async(&mut *store, parameters).await)
    }
}

/// Calls that wait side by side, within [`Instance::run_concurrent`](crate::instance::Instance::run_concurrent).
#[derive(Clone, Copy)]
pub struct Concurrent<'a> {
    functions: Functions,
    accessor: &'a Accessor<HostState>,
}

impl Caller for Concurrent<'_> {
    async fn call<P: Values, R: Values>(&self, name: &str, parameters: P) -> R {
        let function = self.accessor.with(|access| self.functions.find(access, name));
        expect_no_trap(name, function.call_concurrent(self.accessor, parameters).await)
    }
}

#[track_caller]
fn expect_no_trap<T>(what: &str, result: wasmtime::Result<T>) -> T {
    result.unwrap_or_else(|trap| panic!("{what} trapped: {trap:?}"))
}
