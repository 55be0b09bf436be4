//! The smallest program that embeds drsession.wasm: a CGI program that counts its visitor's visits.

mod host;

use std::env::{args_os, var};

use drsession_host::Sockets;
use host::bindings::Drsession;
use host::{State, linker};
use wasmtime::component::Component;
use wasmtime::{Engine, Store};

fn main() -> wasmtime::Result<()> {
    let component = args_os().nth(1).unwrap_or_else(|| "target/components/drsession.wasm".into());
    let port = var("REDIS_PORT").map_or(Ok(6379), |port| port.parse())?;
    let cookie = var("HTTP_COOKIE").unwrap_or_default();

    // Once for each application. It reaches this one Redis, and nothing else.
    let engine = Engine::default();
    let component = linker(&engine)?.instantiate_pre(&Component::from_file(&engine, component)?)?;
    let component = host::bindings::DrsessionPre::new(component)?;
    let sockets = Sockets::builder().allow_tcp("127.0.0.1", port).build();

    // For each request.
    let mut store = Store::new(&engine, State::new(&sockets));
    let (visits, headers) = visit(&component.instantiate(&mut store)?, &mut store, port, cookie)?;
    for (name, value) in headers {
        println!("{name}: {value}");
    }
    println!("content-type: text/plain\n\nThis is your visit number {visits}.");
    Ok(())
}

/// Counts a visit, and says which headers the response needs. Of the errors there are two sorts: the outer is wasmtime's, the
/// inner one drsession's.
fn visit(
    drsession: &Drsession,
    store: &mut Store<State>,
    port: u16,
    cookie: String,
) -> wasmtime::Result<(i64, Vec<(String, String)>)> {
    let interface = drsession.drsession_session_session();
    let options = interface.options().call_constructor(&mut *store, &format!("redis://127.0.0.1:{port}"))?;
    let sessions = interface.store().call_open(&mut *store, options)??;
    let session = interface.store().call_from_cookie(&mut *store, sessions, &[cookie.into_bytes()])?;
    let visits = interface.session().call_increment(&mut *store, session, "visits", 1)??;
    // Asked for last: only now it is known whether there is a cookie to set.
    let headers = interface.session().call_response_headers(&mut *store, session)?;
    Ok((visits, headers))
}
