//! A program that embeds the component without async.

use drsession_host::{Sockets, SocketsContext, SocketsView};
use host_test::{
    component::Flavour,
    redis_server::RedisServer,
    tls::{Authority, ServerTls, sockets},
};
use wasmtime::{
    Engine, Store,
    component::{Component, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

#[allow(missing_docs, unreachable_pub, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "drsession:session/drsession",
    });
}

use bindings::{Drsession, DrsessionPre};

struct State {
    sockets: Sockets,
    table: ResourceTable,
    wasi: WasiCtx,
}

impl SocketsContext for State {
    fn sockets(&mut self) -> SocketsView<'_> {
        SocketsView { sockets: &self.sockets, table: &mut self.table }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

fn prepared() -> wasmtime::Result<(Engine, DrsessionPre<State>)> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    drsession_host::blocking::add_to_linker(&mut linker)?;
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    let component = Component::from_file(&engine, Flavour::Blocking.path())?;
    let prepared = DrsessionPre::new(linker.instantiate_pre(&component)?)?;
    Ok((engine, prepared))
}

/// Counts a visit in an instance of its own.
fn visit(engine: &Engine, component: &DrsessionPre<State>, sockets: &Sockets, url: &str) -> wasmtime::Result<i64> {
    let state = State { sockets: sockets.clone(), table: ResourceTable::new(), wasi: WasiCtx::default() };
    let mut store = Store::new(engine, state);
    let component: Drsession = component.instantiate(&mut store)?;
    let interface = component.drsession_session_session();
    let options = interface.options().call_constructor(&mut store, url)?;
    let sessions = interface.store().call_open(&mut store, options)??;
    let session = interface.store().call_attach(&mut store, sessions, &"A".repeat(43))??;
    Ok(interface.session().call_increment(&mut store, session, "visits", 1)??)
}

#[test]
fn one_connection_serves_one_instance_after_another() {
    let (engine, component) = prepared().expect("a component");
    let authority = Authority::new();
    let client = authority.identity(&["application"]);
    let server = RedisServer::builder().password("word").tls(ServerTls::of(&authority).asking_clients(&authority));
    let server = server.start().expect("a server");
    server.connection().hset(&format!("drsession:{}", "A".repeat(43)), "visits", "0");
    let sockets = sockets(&authority.settings(Some(&client)));
    for count in 1..=20 {
        assert_eq!(visit(&engine, &component, &sockets, &server.tls_url()).expect("a visit"), count);
    }
    assert_eq!((sockets.statistics().connects, sockets.statistics().reuses), (1, 19));

    let trusts_another = host_test::tls::sockets(&Authority::new().settings(Some(&client)));
    let refused = visit(&engine, &component, &trusts_another, &server.tls_url()).expect_err("another authority");
    assert!(format!("{refused:?}").contains("not trusted"), "{refused:?}");
}
