//! The component alone, on a canned socket: no network hides it.

use std::time::Duration;

use anyhow::Context as _;
use host_test::redis_server::RedisServer;
use wasmtime::component::TypedFunc;

use super::{Scale, plan, prepared, runtime, url};
use crate::canned::Canned;
use crate::fuel;
use crate::guest::Text;
use crate::host::{self, Kind, State, prepare};
use crate::measure::{Contestant, Recorder, side_by_side};
use crate::operation::{FIELD, Operation, seed};
use crate::results::Results;
use crate::session::{Opening, Session};

pub(crate) const CASE: &str = "alone";
pub(crate) const IDLE: &str = "a component that does nothing";

/// How many operations are timed at once.
const BATCH: u32 = 64;

pub(super) fn run(_: Scale, time: Duration, results: &mut Results) -> anyhow::Result<()> {
    let redis = RedisServer::start()?;
    seed(&mut redis.connection());
    let mut contestants = vec![idle(&redis)?];
    for operation in Operation::BUDGETED {
        contestants.push(component(&redis, operation)?);
    }
    contestants.push(asynchronous(&redis)?);
    results.series.extend(side_by_side(CASE, plan(time), contestants)?);
    for flavour in fuel::COMPONENTS {
        let consumption = runtime()?.block_on(fuel::measure(flavour))?;
        let path = flavour.path();
        let file = path.file_name().context("a file's name")?.to_string_lossy().into_owned();
        for (operation, count) in &consumption.fuel {
            results.count(CASE, format!("{file}, {operation}"), *count as f64, "fuel");
        }
        results.count(CASE, format!("{file}, memory after 100 operations"), consumption.memory as f64, "bytes");
        results.count(CASE, format!("{file}, size"), path.metadata()?.len() as f64, "bytes");
    }
    for file in ["drsession-wasi.wasm", "drsession-async-wasi.wasm"] {
        let size = fuel::COMPONENTS[0].path().with_file_name(file).metadata().context(file)?.len();
        results.count(CASE, format!("{file}, size"), size as f64, "bytes");
    }
    Ok(())
}

/// A handle that is past its first call, or a new one each time where that is what is measured. Answers are canned.
fn component(redis: &RedisServer, operation: Operation) -> anyhow::Result<Contestant<'static>> {
    let prepared = prepared("drsession.wasm", Kind::Canned)?;
    let opening = Opening { url: url(redis), guarded: true };
    let state = State::canned(Canned::live(redis.port())?);
    let mut session = Session::plain(&prepared.component, &prepared.exports, state, opening)?;
    let once = |session: &mut Session| session.repeat(operation, Duration::from_nanos(1), &mut Recorder::default());
    session.once(Operation::FirstGet)?;
    // Redis learns its script.
    once(&mut session)?;
    session.canned().forget();
    once(&mut session)?;
    session.canned().keep();
    if operation.is_first() {
        // One at a time, for making the handle is no part of it.
        return Ok(Contestant::new(operation.name(), move |slice, recorder| {
            session.repeat(operation, slice, recorder)
        }));
    }
    Ok(Contestant::batches(operation.name(), BATCH, move |count| (0..count).try_for_each(|_| session.once(operation))))
}

fn asynchronous(redis: &RedisServer) -> anyhow::Result<Contestant<'static>> {
    let runtime = runtime()?;
    let prepared = prepared("drsession-async.wasm", Kind::CannedConcurrent)?;
    let opening = Opening { url: url(redis), guarded: true };
    let state = State::canned(Canned::live(redis.port())?);
    let mut session = runtime.block_on(Session::waiting(&prepared.component, &prepared.exports, state, opening))?;
    let mut recorder = Recorder::default();
    runtime.block_on(session.repeat_waiting(Operation::Get, Duration::from_millis(1), &mut recorder))?;
    session.canned().forget();
    runtime.block_on(session.once_waiting(Operation::Get))?;
    session.canned().keep();
    Ok(Contestant::new("get, async component", move |slice, recorder| {
        runtime.block_on(session.repeat_waiting(Operation::Get, slice, recorder))
    }))
}

/// The same calls on the socket, around no work.
fn idle(redis: &RedisServer) -> anyhow::Result<Contestant<'static>> {
    let prepared = prepare("benchmark-idle.wasm", Kind::Canned)?;
    let mut store = host::store(&prepared, State::canned(Canned::of(redis.port(), b"$-1\r\n")?));
    let instance = prepared.instantiate(&mut store)?;
    let exchange: TypedFunc<(Text,), (Option<String>,)> = instance.get_typed_func(&mut store, "exchange")?;
    Ok(Contestant::batches(IDLE, BATCH, move |count| {
        for _ in 0..count {
            let (value,) = exchange.call(&mut store, (FIELD,))?;
            anyhow::ensure!(value.is_some(), "the socket answers nothing");
        }
        Ok(())
    })
    .floor())
}
