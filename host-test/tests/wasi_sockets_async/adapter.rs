//! An instance of the adapter, and its functions.

use std::{env, path::Path, sync::LazyLock};

use wasmtime::{
    Engine, Store,
    component::{Accessor, Component, Linker, ResourceAny, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

mod bindings {
    #![allow(missing_docs, unreachable_pub)]

    wasmtime::component::bindgen!({
        inline: "
            package drsession:wasi-sockets-async-test;

            world adapter {
                export drsession:session/socket-async@0.1.0;
            }
        ",
        path: "../wit",
        additional_derives: [PartialEq],
        exports: { default: async },
    });
}

pub(crate) use bindings::exports::drsession::session::socket_async::{Address, Error, Timeouts};

/// One of the adapter's connections.
pub(crate) type Connection = ResourceAny;

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::default);

static ADAPTER: LazyLock<bindings::AdapterPre<State>> = LazyLock::new(|| {
    let folder = env::var_os("DRSESSION_COMPONENTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target/components"), Into::into);
    let path = folder.join(crate::COMPONENT);
    assert!(path.is_file(), "there is no {}: run `cargo xtask build`", path.display());
    let component = Component::from_file(&ENGINE, path).expect("a component");
    let mut linker = Linker::new(&ENGINE);
    wasmtime_wasi::p3::add_to_linker(&mut linker).expect("WASI");
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
    ($adapter:expr, $store:expr, $function:ident($($argument:expr),*)) => {
        $adapter
            .bindings
            .drsession_session_socket_async()
            .connection()
            .$function($store, $($argument),*)
            .await
            .unwrap_or_else(|trap| panic!("{} trapped: {trap:?}", stringify!($function)))
    };
}

/// The functions that wait. They may be called side by side.
pub(crate) struct Calls<'a> {
    bindings: &'a bindings::Adapter,
    accessor: &'a Accessor<State>,
}

impl Calls<'_> {
    pub(crate) async fn wait(&self, milliseconds: u32) {
        let socket = self.bindings.drsession_session_socket_async();
        socket.call_wait(self.accessor, milliseconds).await.expect("no trap");
    }

    pub(crate) async fn connect(&self, to: &Address, timeouts: Timeouts, state: &str) -> Result<Connection, Error> {
        call!(self, self.accessor, call_connect(to.clone(), timeouts, state.to_owned()))
    }

    pub(crate) async fn write(&self, connection: Connection, bytes: &[u8]) -> Result<(), Error> {
        call!(self, self.accessor, call_write(connection, bytes.to_vec()))
    }

    pub(crate) async fn read(&self, connection: Connection, max: u32) -> Result<Vec<u8>, Error> {
        call!(self, self.accessor, call_read(connection, max))
    }

    /// Reads until there are so many bytes, or the end.
    pub(crate) async fn read_to(&self, connection: Connection, length: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < length {
            match self.read(connection, u32::MAX).await.expect("bytes or the end") {
                bytes if bytes.is_empty() => break,
                bytes => all.extend(bytes),
            }
        }
        all
    }
}

impl Adapter {
    /// In a host that allows everything.
    pub(crate) async fn start() -> Self {
        Self::with(WasiCtx::builder().allow_tcp(true).inherit_network().allow_ip_name_lookup(true).build()).await
    }

    /// In a host that gives it WASI and lets it reach nothing.
    pub(crate) async fn without_network() -> Self {
        Self::with(WasiCtx::builder().build()).await
    }

    async fn with(wasi: WasiCtx) -> Self {
        let mut store = Store::new(&ENGINE, State { wasi, table: ResourceTable::new() });
        let bindings = ADAPTER.instantiate_async(&mut store).await.expect("an instance");
        Self { store, bindings }
    }

    /// Calls functions that wait.
    pub(crate) async fn run<R>(&mut self, block: impl AsyncFnOnce(&Calls<'_>) -> R) -> R {
        let Self { store, bindings } = self;
        let run = store.run_concurrent(async |accessor| block(&Calls { bindings, accessor }).await);
        run.await.expect("no trap")
    }

    pub(crate) async fn now(&mut self) -> u64 {
        self.bindings.drsession_session_socket_async().call_now(&mut self.store).await.expect("no trap")
    }

    pub(crate) async fn wait(&mut self, milliseconds: u32) {
        self.run(async |calls| calls.wait(milliseconds).await).await;
    }

    pub(crate) async fn connect(&mut self, to: &Address, timeouts: Timeouts) -> Result<Connection, Error> {
        self.run(async |calls| calls.connect(to, timeouts, "").await).await
    }

    pub(crate) async fn write(&mut self, connection: Connection, bytes: &[u8]) -> Result<(), Error> {
        self.run(async |calls| calls.write(connection, bytes).await).await
    }

    pub(crate) async fn read(&mut self, connection: Connection, max: u32) -> Result<Vec<u8>, Error> {
        self.run(async |calls| calls.read(connection, max).await).await
    }

    pub(crate) async fn reused(&mut self, connection: Connection) -> bool {
        call!(self, &mut self.store, call_reused(connection))
    }

    pub(crate) async fn set_state(&mut self, connection: Connection, state: &str) {
        call!(self, &mut self.store, call_set_state(connection, state));
    }

    pub(crate) async fn set_idle(&mut self, connection: Connection) {
        call!(self, &mut self.store, call_set_idle(connection));
    }

    /// Drops it as a guest's own code would.
    pub(crate) async fn drop_connection(&mut self, connection: Connection) {
        connection.resource_drop_async(&mut self.store).await.expect("no trap");
    }
}
