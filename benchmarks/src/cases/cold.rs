//! From nothing to the first reply.

use std::time::Duration;

use drsession_host::Sockets;
use host_test::redis_server::RedisServer;
use host_test::tls::{Authority, ServerTls};

use super::one::{self, bare, bare_lines};
use super::{Prepared, Scale, plan, prepared, url};
use crate::guest::Text;
use crate::host::{self, Kind, State, anywhere};
use crate::measure::{Contestant, side_by_side};
use crate::operation::{Operation, seed};
use crate::raw::{Raw, command};
use crate::results::Results;
use crate::session::{Opening, Session};

pub(crate) const CASE: &str = "cold";
pub(crate) const START: &str = "instance start, pooling";
pub(crate) const PARKED: &str = "instance start to first reply, parked connection";
pub(crate) const WARM: &str = "warm get";
const PASSWORD: &str = "benchmark";

pub(super) fn run(_: Scale, time: Duration, results: &mut Results) -> anyhow::Result<()> {
    let redis = RedisServer::start()?;
    seed(&mut redis.connection());
    let locked = RedisServer::builder().password(PASSWORD).start()?;
    seed(&mut locked.connection());

    let authority = Authority::new();
    let secret = RedisServer::builder().tls(ServerTls::of(&authority)).start()?;
    seed(&mut secret.connection());
    let within_tls = || host_test::tls::sockets(&authority.settings(None));
    let secret_url: Text = secret.tls_url().leak();

    let get = bare(Operation::Get);
    let authenticated = [command(&["AUTH", PASSWORD]), get.clone()].concat();
    let lines = bare_lines(Operation::Get);
    let contestants = vec![
        start()?,
        one::raw(&redis, Operation::Get)?,
        warm(&redis, Operation::Get, WARM)?,
        warm(&redis, Operation::FirstGet, "warm first get")?,
        parked(PARKED, url(&redis), anywhere())?,
        parked("instance start to first reply, parked connection, password", url(&locked), anywhere())?,
        parked("instance start to first reply, parked connection, TLS", secret_url, within_tls())?,
        raw("raw, new connection", redis.port(), get, lines)?,
        connecting("instance start to first reply, new connection", url(&redis), anywhere())?,
        connecting("instance start to first reply, new connection, TLS", secret_url, within_tls())?,
        raw("raw, new connection, password", locked.port(), authenticated, lines + 1)?,
        connecting("instance start to first reply, new connection, password", url(&locked), anywhere())?,
    ];
    results.series.extend(side_by_side(CASE, plan(time), contestants)?);
    Ok(())
}

/// An instance and nothing else.
fn start() -> anyhow::Result<Contestant<'static>> {
    let Prepared { component, .. } = prepared("drsession.wasm", Kind::Plain)?;
    let sockets = anywhere();
    Ok(Contestant::each(START, move || {
        let mut store = host::store(&component, State::connected(&sockets));
        component.instantiate(&mut store)?;
        Ok(())
    })
    .floor())
}

/// Bare bytes over a plain socket that is connected for them.
fn raw(name: &str, port: u16, request: Vec<u8>, lines: usize) -> anyhow::Result<Contestant<'static>> {
    let mut raw = Raw::connect(port, request, lines)?;
    let connect = move || {
        let before = raw.reconnect(port)?;
        raw.exchange()?;
        Ok(before)
    };
    Ok(Contestant::prepared(name, || {}, connect).floor())
}

/// What a request costs whose host begins a new instance for each, and keeps connections.
fn parked(name: &str, url: Text, sockets: Sockets) -> anyhow::Result<Contestant<'static>> {
    Ok(Contestant::each(name, first_reply(url, sockets)?))
}

/// The same where it keeps none.
fn connecting(name: &str, url: Text, sockets: Sockets) -> anyhow::Result<Contestant<'static>> {
    let first_reply = first_reply(url, sockets.clone())?;
    // Closing the connection before is no part of it.
    Ok(Contestant::prepared(name, move || sockets.clear_idle(), first_reply))
}

/// From nothing to the first reply, and back: the instance is dropped too.
fn first_reply(url: Text, sockets: Sockets) -> anyhow::Result<impl FnMut() -> anyhow::Result<()>> {
    let Prepared { component, exports } = prepared("drsession.wasm", Kind::Plain)?;
    let opening = Opening { url, guarded: true };
    Ok(move || {
        let mut session = Session::plain(&component, &exports, State::connected(&sockets), opening)?;
        session.once(Operation::FirstGet)
    })
}

fn warm(redis: &RedisServer, operation: Operation, name: &str) -> anyhow::Result<Contestant<'static>> {
    let Prepared { component, exports } = prepared("drsession.wasm", Kind::Plain)?;
    let opening = Opening { url: url(redis), guarded: true };
    let mut session = Session::plain(&component, &exports, State::connected(&anywhere()), opening)?;
    Ok(Contestant::new(name, move |slice, recorder| session.repeat(operation, slice, recorder)))
}
