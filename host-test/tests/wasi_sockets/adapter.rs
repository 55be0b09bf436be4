//! An instance of the adapter, and its functions.

use std::{env, path::Path, sync::LazyLock};

use wasmtime::{
    Engine, Store,
    component::{Component, Linker, ResourceAny, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

mod bindings {
    #![allow(missing_docs, unreachable_pub)]

    wasmtime::component::bindgen!({
        inline: "
            package drsession:wasi-sockets-test;

            world adapter {
                export drsession:session/socket@0.1.0;
            }
        ",
        path: "../wit",
        additional_derives: [PartialEq],
    });
}

pub(crate) use bindings::exports::drsession::session::socket::{Address, Error, Timeouts};

/// One of the adapter's connections.
pub(crate) type Connection = ResourceAny;

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::default);

static ADAPTER: LazyLock<bindings::AdapterPre<State>> = LazyLock::new(|| {
    let folder = env::var_os("DRSESSION_COMPONENTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target/components"), Into::into);
    let path = folder.join("wasi-sockets.wasm");
    assert!(path.is_file(), "there is no {}: run `cargo xtask build`", path.display());
    let component = Component::from_file(&ENGINE, path).expect("a component");
    let mut linker = Linker::new(&ENGINE);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).expect("WASI");
    linker
        .instantiate_pre(&component)
        .and_then(bindings::AdapterPre::new)
        .expect("the adapter that the contract describes")
});

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// A running instance. A trap fails the test.
pub(crate) struct Adapter {
    store: Store<State>,
    bindings: bindings::Adapter,
}

/// Calls one of a connection's functions.
macro_rules! call {
    ($adapter:ident, $function:ident($($argument:expr),*)) => {
        $adapter
            .bindings
            .drsession_session_socket()
            .connection()
            .$function(&mut $adapter.store, $($argument),*)
            .unwrap_or_else(|trap| panic!("{} trapped: {trap:?}", stringify!($function)))
    };
}

impl Adapter {
    /// In a host that allows everything.
    pub(crate) fn start() -> Self {
        Self::with(WasiCtx::builder().allow_tcp(true).inherit_network().allow_ip_name_lookup(true).build())
    }

    /// In a host that gives it WASI and lets it reach nothing.
    pub(crate) fn without_network() -> Self {
        Self::with(WasiCtx::builder().build())
    }

    fn with(wasi: WasiCtx) -> Self {
        let mut store = Store::new(&ENGINE, State { wasi, table: ResourceTable::new() });
        let bindings = ADAPTER.instantiate(&mut store).expect("an instance");
        Self { store, bindings }
    }

    pub(crate) fn now(&mut self) -> u64 {
        self.bindings.drsession_session_socket().call_now(&mut self.store).expect("no trap")
    }

    pub(crate) fn wait(&mut self, milliseconds: u32) {
        self.bindings.drsession_session_socket().call_wait(&mut self.store, milliseconds).expect("no trap");
    }

    pub(crate) fn connect(&mut self, to: &Address, timeouts: Timeouts) -> Result<Connection, Error> {
        self.connect_in_state(to, timeouts, "")
    }

    pub(crate) fn connect_in_state(
        &mut self,
        to: &Address,
        timeouts: Timeouts,
        state: &str,
    ) -> Result<Connection, Error> {
        call!(self, call_connect(to, timeouts, state))
    }

    pub(crate) fn reused(&mut self, connection: Connection) -> bool {
        call!(self, call_reused(connection))
    }

    pub(crate) fn set_state(&mut self, connection: Connection, state: &str) {
        call!(self, call_set_state(connection, state));
    }

    pub(crate) fn set_idle(&mut self, connection: Connection) {
        call!(self, call_set_idle(connection));
    }

    pub(crate) fn write(&mut self, connection: Connection, bytes: &[u8]) -> Result<(), Error> {
        call!(self, call_write(connection, bytes))
    }

    pub(crate) fn read(&mut self, connection: Connection, max: u32) -> Result<Vec<u8>, Error> {
        call!(self, call_read(connection, max))
    }

    /// Drops it as a guest's own code would.
    pub(crate) fn drop_connection(&mut self, connection: Connection) {
        connection.resource_drop(&mut self.store).expect("no trap");
    }
}
