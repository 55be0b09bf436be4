//! The built components, compiled once a process and ready to be instantiated.

use std::{
    env,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use drsession_host::{Sockets, SocketsContext, SocketsView};
use wasmtime::{
    Config, Engine, StoreLimits, StoreLimitsBuilder, bail,
    component::{Component, Linker, ResourceTable},
    error::Context as _,
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::bindings::SessionsPre;

/// Which of the components is under test. All of them keep the same promises, so they share their tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// `drsession.wasm`, whose functions are plain ones.
    Blocking,
    /// `drsession-wasi.wasm`: the same with its socket within, made of `wasi:sockets`. Its connections are none of
    /// [`Sockets`], and end with their instance.
    Wasi,
}

impl Flavour {
    /// The component's file.
    pub fn path(self) -> PathBuf {
        folder().join(match self {
            Self::Blocking => "drsession.wasm",
            Self::Wasi => "drsession-wasi.wasm",
        })
    }

    pub(crate) fn prepared(self) -> Result<&'static SessionsPre<HostState>, &'static wasmtime::Error> {
        static BLOCKING: LazyLock<wasmtime::Result<SessionsPre<HostState>>> =
            LazyLock::new(|| prepare(&Flavour::Blocking.path()));
        static WASI: LazyLock<wasmtime::Result<SessionsPre<HostState>>> =
            LazyLock::new(|| prepare(&Flavour::Wasi.path()));
        match self {
            Self::Blocking => BLOCKING.as_ref(),
            Self::Wasi => WASI.as_ref(),
        }
    }
}

/// What the host keeps beside one instance.
pub(crate) struct HostState {
    sockets: Sockets,
    table: ResourceTable,
    wasi: WasiCtx,
    limits: StoreLimits,
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
    let limits = StoreLimitsBuilder::new().memory_size(memory_limit).trap_on_grow_failure(true).build();
    let wasi = WasiCtx::builder().allow_tcp(true).inherit_network().build();
    let mut store = wasmtime::Store::new(&ENGINE, HostState { sockets, table: ResourceTable::new(), wasi, limits });
    store.limiter(|state| &mut state.limits);
    store.set_fuel(u64::MAX)?;
    store.fuel_async_yield_interval(Some(FUEL_BETWEEN_YIELDS))?;
    Ok(store)
}

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Config::new().consume_fuel(true)).expect("an engine that counts fuel"));

fn prepare(path: &Path) -> wasmtime::Result<SessionsPre<HostState>> {
    if !path.is_file() {
        bail!("there is no {}: run `cargo xtask build`", path.display());
    }
    let component = Component::from_file(&ENGINE, path)?;
    let mut linker = Linker::new(&ENGINE);
    drsession_host::tokio::add_to_linker(&mut linker)?;
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    linker
        .instantiate_pre(&component)
        .and_then(SessionsPre::new)
        .with_context(|| format!("{} is not the component that the contract describes", path.display()))
}

/// The folder that `cargo xtask build` writes to, which `DRSESSION_COMPONENTS` can name.
fn folder() -> PathBuf {
    env::var_os("DRSESSION_COMPONENTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target/components"), PathBuf::from)
}
