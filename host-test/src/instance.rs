//! One running instance of the component.

use std::sync::Arc;

use drsession_host::Sockets;
use wasmtime::component::ResourceAny;

use crate::{
    caller::{Caller, Concurrent, Guest},
    component::{Flavour, new_store},
    options::Options,
    session::{Error, Store},
};

const DEFAULT_MEMORY_LIMIT: usize = 256 * 1024 * 1024;

/// An instance. It ends when it and all stores and sessions from it are dropped: at once and without a word to the guest,
/// as instances end that have served their request.
///
/// Calls from several tasks wait for each other. For calls at the same time take several instances, or
/// [`run_concurrent`](Self::run_concurrent).
#[derive(Clone)]
pub struct Instance {
    pub(crate) guest: Arc<Guest>,
}

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
        let (store,): (Result<_, Error>,) = self.guest.call("[static]store.open", (settings,)).await;
        self.guest.drop_resource(settings).await;
        Ok(Store::new(Arc::clone(&self.guest), store?))
    }

    /// Runs a block whose calls wait side by side: those of stores and sessions that were made
    /// [`concurrent`](crate::session::Session::concurrent).
    pub async fn run_concurrent<R>(&self, block: impl AsyncFnOnce(Concurrent<'_>) -> R) -> R {
        self.guest.run_concurrent(block).await
    }

    /// Drops a resource of this instance as a guest's own code would.
    pub(crate) async fn drop_resource(&self, resource: ResourceAny) {
        self.guest.drop_resource(resource).await;
    }

    /// How much fuel the guest has consumed: roughly the instructions that it has executed.
    pub async fn fuel(&self) -> u64 {
        self.guest.fuel().await
    }

    /// How many bytes of memory the guest has. It never becomes less.
    pub async fn memory(&self) -> usize {
        self.guest.memory().await
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
        let instance = prepared.instantiate_async(&mut store).await?;
        Ok(Guest::new(store, instance, self.flavour.interface()))
    }
}

/// Sockets that lead anywhere.
pub(crate) fn any_address() -> Sockets {
    Sockets::builder().allow(|_| true).build()
}
