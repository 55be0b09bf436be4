//! From nothing to the first reply.

use std::time::Duration;

use drsession_host::Sockets;
use host_test::redis_server::RedisServer;
use host_test::tls::{Authority, ServerTls};

use super::{Prepared, Scale, plan, prepared, url};
use crate::guest::Text;
use crate::host::{self, Kind, State, anywhere};
use crate::measure::{Contestant, side_by_side};
use crate::operation::{Operation, seed};
use crate::results::Results;
use crate::session::{Opening, Session};

pub(crate) const CASE: &str = "cold";
pub(crate) const START: &str = "instance start, pooling";
pub(crate) const PARKED: &str = "instance start to first reply, parked connection";
pub(crate) const WARM: &str = "warm get";

pub(super) fn run(_: Scale, time: Duration, results: &mut Results) -> anyhow::Result<()> {
    let redis = RedisServer::start()?;
    seed(&mut redis.connection());
    let locked = RedisServer::builder().password("benchmark").start()?;
    seed(&mut locked.connection());

    let authority = Authority::new();
    let secret = RedisServer::builder().tls(ServerTls::of(&authority)).start()?;
    seed(&mut secret.connection());
    let within_tls = |parked| {
        let sockets = host_test::tls::sockets(&authority.settings(None));
        first_reply(secret.tls_url().leak(), sockets, parked)
    };

    let contestants = vec![
        start()?,
        Contestant::each(PARKED, first_reply(url(&redis), anywhere(), true)?),
        Contestant::each("instance start to first reply, new connection", first_reply(url(&redis), anywhere(), false)?),
        Contestant::each(
            "instance start to first reply, parked connection, password",
            first_reply(url(&locked), anywhere(), true)?,
        ),
        Contestant::each(
            "instance start to first reply, new connection, password",
            first_reply(url(&locked), anywhere(), false)?,
        ),
        Contestant::each("instance start to first reply, parked connection, TLS", within_tls(true)?),
        Contestant::each("instance start to first reply, new connection, TLS", within_tls(false)?),
        warm(&redis, Operation::Get, WARM)?,
        warm(&redis, Operation::FirstGet, "warm first get")?,
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
    }))
}

/// What a request costs whose host begins a new instance for each.
fn first_reply(url: Text, sockets: Sockets, parked: bool) -> anyhow::Result<impl FnMut() -> anyhow::Result<()>> {
    let Prepared { component, exports } = prepared("drsession.wasm", Kind::Plain)?;
    let opening = Opening { url, guarded: true };
    Ok(move || {
        if !parked {
            sockets.clear_idle();
        }
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
