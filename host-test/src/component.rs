//! The built components, compiled once a process and ready to be instantiated.

use std::{
    env,
    path::{Path, PathBuf},
    sync::{LazyLock, OnceLock},
};

use drsession_host::{Sockets, SocketsContext, SocketsView};
use wasmtime::{
    Config, Engine, bail,
    component::{Component, InstancePre, Linker, ResourceTable},
    error::Context as _,
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::memory_limit::MemoryLimit;

/// Which of the components is under test. All of them keep the same promises, so they share their tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// `drsession.wasm`, whose functions are plain ones.
    Blocking,
    /// `drsession-wasi.wasm`: the same with its socket within, made of `wasi:sockets`. Its connections are none of
    /// [`Sockets`], and end with their instance.
    Wasi,
    /// `drsession-async.wasm`, whose calls wait side by side.
    Async,
    /// `drsession-async-wasi.wasm`: the same with its socket within, made of the `wasi:sockets` of WASI 0.3.
    AsyncWasi,
}

impl Flavour {
    /// The component's file.
    pub fn path(self) -> PathBuf {
        folder().join(match self {
            Self::Blocking => "drsession.wasm",
            Self::Wasi => "drsession-wasi.wasm",
            Self::Async => "drsession-async.wasm",
            Self::AsyncWasi => "drsession-async-wasi.wasm",
        })
    }

    /// The export that has the functions.
    pub(crate) fn interface(self) -> &'static str {
        match self {
            Self::Blocking | Self::Wasi => "drsession:session/session@0.1.0",
            Self::Async | Self::AsyncWasi => "drsession:session/session-async@0.1.0",
        }
    }

    pub(crate) fn prepared(self) -> Result<&'static InstancePre<HostState>, &'static wasmtime::Error> {
        static PREPARED: [OnceLock<wasmtime::Result<InstancePre<HostState>>>; 4] = [const { OnceLock::new() }; 4];
        PREPARED[self as usize].get_or_init(|| prepare(&self.path())).as_ref()
    }
}

/// What the host keeps beside one instance.
pub(crate) struct HostState {
    sockets: Sockets,
    table: ResourceTable,
    wasi: WasiCtx,
    memory: MemoryLimit,
}

impl HostState {
    /// Bytes of memory that the guest has.
    pub(crate) fn memory(&self) -> usize {
        self.memory.allocated()
    }
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl SocketsContext for HostState {
    fn sockets(&mut self) -> SocketsView<'_> {
        SocketsView { sockets: &self.sockets, table: &mut self.table }
    }
}

/// How much work one instance may do before other tasks get their turn, a test's time limit among them.
const FUEL_BETWEEN_YIELDS: u64 = 10_000_000;

/// An empty store for one instance, with all the fuel there is.
pub(crate) fn new_store(sockets: Sockets, memory_limit: usize) -> wasmtime::Result<wasmtime::Store<HostState>> {
    let wasi = WasiCtx::builder().allow_tcp(true).inherit_network().build();
    let memory = MemoryLimit::new(memory_limit);
    let mut store = wasmtime::Store::new(&ENGINE, HostState { sockets, table: ResourceTable::new(), wasi, memory });
    store.limiter(|state| &mut state.memory);
    store.set_fuel(u64::MAX)?;
    store.fuel_async_yield_interval(Some(FUEL_BETWEEN_YIELDS))?;
    Ok(store)
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut config = Config::new();
    config.consume_fuel(true).wasm_component_model_async(true);
    Engine::new(&config).expect("an engine that counts fuel")
});

pub(crate) fn prepare(path: &Path) -> wasmtime::Result<InstancePre<HostState>> {
    if !path.is_file() {
        bail!("there is no {}: run `cargo xtask build`", path.display());
    }
    let component = Component::from_file(&ENGINE, path)?;
    let mut linker = Linker::new(&ENGINE);
    drsession_host::tokio::add_to_linker(&mut linker)?;
    drsession_host::concurrent::add_to_linker(&mut linker)?;
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    linker
        .instantiate_pre(&component)
        .with_context(|| format!("{} is not the component that the contract describes", path.display()))
}

/// The folder that `cargo xtask build` writes to, which `DRSESSION_COMPONENTS` can name.
pub(crate) fn folder() -> PathBuf {
    env::var_os("DRSESSION_COMPONENTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target/components"), PathBuf::from)
}
