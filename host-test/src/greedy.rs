//! A guest that takes whatever it can get of its socket: the one in greedy/.

use std::sync::LazyLock;

use drsession_host::Sockets;
use tokio::sync::Mutex;
use wasmtime::{
    Store,
    component::{ComponentNamedList, Instance, InstancePre, Lift, Lower},
};

use crate::component::{HostState, folder, new_store, prepare};

const MEMORY_LIMIT: usize = 256 * 1024 * 1024;

/// An instance of it. What it has taken it keeps until it is dropped.
pub struct Greedy(Mutex<(Store<HostState>, Instance)>);

impl Greedy {
    /// Starts one with these sockets.
    pub async fn start(sockets: &Sockets) -> Self {
        Self::try_start(sockets).await.unwrap_or_else(|trap| panic!("no instance: {trap:?}"))
    }

    async fn try_start(sockets: &Sockets) -> wasmtime::Result<Self> {
        static PREPARED: LazyLock<wasmtime::Result<InstancePre<HostState>>> =
            LazyLock::new(|| prepare(&folder().join("greedy.wasm")));
        let prepared = PREPARED.as_ref().unwrap_or_else(|error| panic!("{error:#}"));
        let mut store = new_store(sockets.clone(), MEMORY_LIMIT)?;
        let instance = prepared.instantiate_async(&mut store).await?;
        Ok(Self(Mutex::new((store, instance))))
    }

    /// Connects so many times at once and keeps what it gets: how many that is, and an error where it was refused more.
    pub async fn hoard(&self, port: u16, times: u32) -> (u32, Option<String>) {
        let (hoarded,) = self.call("hoard", ("127.0.0.1", port, times)).await;
        hoarded
    }

    /// Writes so many times on each connection that it keeps, and never reads: how many writes were refused at once.
    pub async fn flood(&self, bytes: &[u8], times: u32) -> u32 {
        let (refused,) = self.call("flood", (bytes, times)).await;
        refused
    }

    /// Says this state of a new connection, writes, reads so many bytes at most, and leaves it marked idle.
    pub async fn leave(&self, port: u16, state: &str, bytes: &[u8], read: u32) -> Result<(), String> {
        let (result,) = self.call("leave", ("127.0.0.1", port, state, bytes, read)).await;
        result
    }

    /// Connects to this host and port.
    pub async fn reach(&self, host: &str, port: u16) -> Result<(), String> {
        let (result,) = self.call("reach", (host, port)).await;
        result
    }

    async fn call<P, R>(&self, name: &str, parameters: P) -> R
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let (store, instance) = &mut *self.0.lock().await;
        let function = instance.get_typed_func::<P, R>(&mut *store, name);
        let function = function.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        function.call_async(store, parameters).await.unwrap_or_else(|trap| panic!("{name} trapped: {trap:?}"))
    }
}
