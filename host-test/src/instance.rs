//! One running instance of the component.

use std::sync::Arc;

use drsession_host::Sockets;
use tokio::sync::Mutex;
use wasmtime::component::ResourceAny;

use crate::{
    bindings::Sessions,
    component::{Flavour, HostState, new_store},
    options::Options,
    session::{Error, Store},
};

const DEFAULT_MEMORY_LIMIT: usize = 256 * 1024 * 1024;

/// An instance. It ends when it and all stores and sessions from it are dropped: at once and without a word to the guest,
/// as instances end that have served their request.
///
/// Calls from several tasks wait for each other. For calls at the same time take several instances.
#[derive(Clone)]
pub struct Instance {
    pub(crate) guest: Arc<Guest>,
}

/// The guest, and what it takes to call it.
pub(crate) struct Guest {
    pub(crate) store: Mutex<wasmtime::Store<HostState>>,
    pub(crate) bindings: Sessions,
}

/// Sends a call to one of the guest's resources, and fails the test where it traps.
macro_rules! call {
    ($guest:expr, $resource:ident . $method:ident ( $($argument:expr),* $(,)?)) => {{
        let guest = &*$guest;
        let mut store = guest.store.lock().await;
        guest
            .bindings
            .drsession_session_session()
            .$resource()
            .$method(&mut *store, $($argument),*)
            .await
            .unwrap_or_else(|trap| panic!("{} trapped: {trap:?}", stringify!($method)))
    }};
}
pub(crate) use call;

impl Instance {
    /// Starts one with its own sockets, unlimited in where they lead.
    pub async fn start(flavour: Flavour) -> Self {
        Self::builder(flavour).start().await
    }

    /// For one with shared sockets, or another limit to its memory.
    pub fn builder(flavour: Flavour) -> InstanceBuilder {
        InstanceBuilder { flavour, sockets: None, memory_limit: DEFAULT_MEMORY_LIMIT }
    }

    /// `store.open`.
    pub async fn store(&self, options: &Options) -> Result<Store, Error> {
        let settings = options.create_in(&self.guest).await;
        let store = call!(self.guest, store.call_open(settings));
        self.guest.drop_resource(settings).await;
        Ok(Store::new(Arc::clone(&self.guest), store?))
    }

    /// How much fuel the guest has consumed: roughly the instructions that it has executed.
    pub async fn fuel(&self) -> u64 {
        let store = self.guest.store.lock().await;
        u64::MAX - store.get_fuel().expect("an engine that counts fuel")
    }
}

impl Guest {
    /// Drops a resource as a guest's own code would: its destructor runs.
    pub(crate) async fn drop_resource(&self, resource: ResourceAny) {
        let mut store = self.store.lock().await;
        resource
            .resource_drop_async(&mut *store)
            .await
            .unwrap_or_else(|trap| panic!("dropping a resource trapped: {trap:?}"));
    }
}

/// How an [`Instance`] shall be.
pub struct InstanceBuilder {
    flavour: Flavour,
    sockets: Option<Sockets>,
    memory_limit: usize,
}

impl InstanceBuilder {
    /// Shares these sockets, and so the connections that other instances left idle.
    pub fn sockets(mut self, sockets: &Sockets) -> Self {
        self.sockets = Some(sockets.clone());
        self
    }

    /// Bytes of memory that the guest may have; asking for more traps. 256 MiB unless told otherwise.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = bytes;
        self
    }

    /// Starts it.
    pub async fn start(self) -> Instance {
        let guest = self.try_start().await;
        Instance { guest: Arc::new(guest.unwrap_or_else(|trap| panic!("no instance: {trap:?}"))) }
    }

    async fn try_start(self) -> wasmtime::Result<Guest> {
        let prepared = self.flavour.prepared().unwrap_or_else(|error| panic!("{error:#}"));
        let sockets = self.sockets.unwrap_or_else(any_address);
        let mut store = new_store(sockets, self.memory_limit)?;
        let bindings = prepared.instantiate_async(&mut store).await?;
        Ok(Guest { store: Mutex::new(store), bindings })
    }
}

/// Sockets that lead anywhere.
pub(crate) fn any_address() -> Sockets {
    Sockets::builder().allow(|_| true).build()
}
