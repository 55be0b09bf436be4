//! A running component, and three ways to call it.

use std::future::Future;

use anyhow::Context as _;
use host_test::session::{Error, Operation, Outcome};
use wasmtime::component::{
    Accessor, Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower, ResourceAny, TypedFunc,
};
use wasmtime::{AsContextMut, Store};

/// How a guest's function is called.
pub trait Caller {
    /// Calls it.
    fn call<P, R>(&mut self, function: &TypedFunc<P, R>, parameters: P) -> impl Future<Output = wasmtime::Result<R>>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: ComponentNamedList + Lift + Send + Sync + 'static;

    /// Drops a resource as a guest's own code would.
    fn drop(&mut self, resource: ResourceAny) -> impl Future<Output = wasmtime::Result<()>>;
}

/// Calls that hold their thread. Their futures are ready when first polled.
pub struct Plain<'a, T: 'static>(pub &'a mut Store<T>);

/// Calls that wait without holding their thread, one at a time.
pub struct Waiting<'a, T: 'static>(pub &'a mut Store<T>);

/// Calls that wait side by side.
pub struct Together<'a, T: 'static>(pub &'a Accessor<T>);

impl<T: 'static> Caller for Plain<'_, T> {
    async fn call<P, R>(&mut self, function: &TypedFunc<P, R>, parameters: P) -> wasmtime::Result<R>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        function.call(&mut *self.0, parameters)
    }

    async fn drop(&mut self, resource: ResourceAny) -> wasmtime::Result<()> {
        resource.resource_drop(&mut *self.0)
    }
}

impl<T: Send + 'static> Caller for Waiting<'_, T> {
    async fn call<P, R>(&mut self, function: &TypedFunc<P, R>, parameters: P) -> wasmtime::Result<R>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        function.call_async(&mut *self.0, parameters).await
    }

    async fn drop(&mut self, resource: ResourceAny) -> wasmtime::Result<()> {
        resource.resource_drop_async(&mut *self.0).await
    }
}

impl<T: Send + 'static> Caller for Together<'_, T> {
    async fn call<P, R>(&mut self, function: &TypedFunc<P, R>, parameters: P) -> wasmtime::Result<R>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        function.call_concurrent(self.0, parameters).await
    }

    async fn drop(&mut self, _: ResourceAny) -> wasmtime::Result<()> {
        wasmtime::bail!("resources are dropped when no other call is under way")
    }
}

/// Text that lives as long as the program, as fields and values of a benchmark do.
pub type Text = &'static str;

/// A function that answers, or says why not.
pub type Method<P, R> = TypedFunc<P, (Result<R, Error>,)>;

/// A guest's functions, found once.
pub struct Functions {
    options: TypedFunc<(Text,), (ResourceAny,)>,
    set_guard: TypedFunc<(ResourceAny, bool), ()>,
    set_idle_lifetime: TypedFunc<(ResourceAny, Option<u32>), ()>,
    open: Method<(ResourceAny,), ResourceAny>,
    attach: Method<(ResourceAny, Text), ResourceAny>,
    /// `session.get`.
    pub get: Method<(ResourceAny, Text), Option<String>>,
    /// `session.get-many`.
    pub get_many: Method<(ResourceAny, &'static [Text]), Vec<Option<String>>>,
    /// `session.set`.
    pub set: Method<(ResourceAny, Text, Text), ()>,
    /// `session.contains`.
    pub contains: Method<(ResourceAny, Text), bool>,
    /// `session.delete`.
    pub delete: Method<(ResourceAny, Text), bool>,
    /// `session.increment`.
    pub increment: Method<(ResourceAny, Text, i64), i64>,
    /// `session.items`.
    pub items: Method<(ResourceAny,), Vec<(String, String)>>,
    /// `session.apply`.
    pub apply: Method<(ResourceAny, &'static [Operation]), Vec<Outcome>>,
    /// `session.rotate`.
    pub rotate: Method<(ResourceAny, &'static [Operation]), ()>,
    /// `session.destroy`.
    pub destroy: Method<(ResourceAny,), ()>,
}

/// Where the functions are, found once for a component.
pub struct Exports([ComponentExportIndex; 15]);

impl Exports {
    /// Finds them in the interface that the component exports: `session`, or else `session-async`.
    ///
    /// # Errors
    ///
    /// It exports neither, or something is missing there.
    pub fn of(component: &Component) -> anyhow::Result<Self> {
        let interface = ["drsession:session/session@0.1.0", "drsession:session/session-async@0.1.0"]
            .into_iter()
            .find_map(|name| component.get_export_index(None, name))
            .context("the component exports no session")?;
        let names = [
            "[constructor]options",
            "[method]options.set-guard",
            "[method]options.set-idle-lifetime",
            "[static]store.open",
            "[method]store.attach",
            "[method]session.get",
            "[method]session.get-many",
            "[method]session.set",
            "[method]session.contains",
            "[method]session.delete",
            "[method]session.increment",
            "[method]session.items",
            "[method]session.apply",
            "[method]session.rotate",
            "[method]session.destroy",
        ];
        let found = names.into_iter().map(|name| component.get_export_index(Some(&interface), name).context(name));
        let found = found.collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Self(found.try_into().ok().context("one for each name")?))
    }
}

impl Functions {
    /// Those of one instance.
    ///
    /// # Errors
    ///
    /// A function is of another type.
    pub fn of(mut store: impl AsContextMut, instance: &Instance, exports: &Exports) -> anyhow::Result<Self> {
        let [
            options,
            guard,
            idle,
            open,
            attach,
            get,
            get_many,
            set,
            contains,
            delete,
            increment,
            items,
            apply,
            rotate,
            destroy,
        ] = &exports.0;
        Ok(Self {
            options: instance.get_typed_func(&mut store, options)?,
            set_guard: instance.get_typed_func(&mut store, guard)?,
            set_idle_lifetime: instance.get_typed_func(&mut store, idle)?,
            open: instance.get_typed_func(&mut store, open)?,
            attach: instance.get_typed_func(&mut store, attach)?,
            get: instance.get_typed_func(&mut store, get)?,
            get_many: instance.get_typed_func(&mut store, get_many)?,
            set: instance.get_typed_func(&mut store, set)?,
            contains: instance.get_typed_func(&mut store, contains)?,
            delete: instance.get_typed_func(&mut store, delete)?,
            increment: instance.get_typed_func(&mut store, increment)?,
            items: instance.get_typed_func(&mut store, items)?,
            apply: instance.get_typed_func(&mut store, apply)?,
            rotate: instance.get_typed_func(&mut store, rotate)?,
            destroy: instance.get_typed_func(&mut store, destroy)?,
        })
    }

    /// `store.open`, with the defaults or with neither guard nor lifetimes.
    ///
    /// # Errors
    ///
    /// The component refuses, or traps.
    pub async fn open(&self, caller: &mut impl Caller, url: Text, guarded: bool) -> anyhow::Result<ResourceAny> {
        let (options,) = caller.call(&self.options, (url,)).await?;
        if !guarded {
            caller.call(&self.set_guard, (options, false)).await?;
            caller.call(&self.set_idle_lifetime, (options, None)).await?;
        }
        let (store,) = caller.call(&self.open, (options,)).await?;
        caller.drop(options).await?;
        told(store)
    }

    /// `store.attach`: a handle that has asked for nothing yet.
    ///
    /// # Errors
    ///
    /// The component refuses, or traps.
    pub async fn attach(&self, caller: &mut impl Caller, store: ResourceAny, id: Text) -> anyhow::Result<ResourceAny> {
        let (session,) = caller.call(&self.attach, (store, id)).await?;
        told(session)
    }
}

/// The session's own error as any other.
pub(crate) fn told<T>(answer: Result<T, Error>) -> anyhow::Result<T> {
    answer.map_err(|error| anyhow::anyhow!("the session answers {error:?}"))
}
