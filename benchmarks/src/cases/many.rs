//! Many calls at once.

use std::cell::RefCell;
use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use fred::interfaces::HashesInterface as _;
use futures::future::try_join_all;
use host_test::redis_server::RedisServer;
use redis::AsyncCommands as _;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;
use wasmtime::component::{InstancePre, TypedFunc};

use super::one::{RAW, bare, bare_lines, fred_client};
use super::{Scale, prepared, runtime, url};
use crate::canned::Canned;
use crate::guest::{Text, Together};
use crate::host::{self, Kind, State, anywhere, prepare};
use crate::measure::{Contestant, Plan, Recorder, side_by_side};
use crate::operation::{FIELD, ID, KEY, Operation, many, seed};
use crate::raw::Raw;
use crate::results::Results;
use crate::session::{Opening, Session};

/// How many calls are in flight.
pub(crate) const CALLS: [usize; 4] = [16, 64, 256, 1024];
pub(crate) const ASYNC: &str = "async component, native host";
pub(crate) const FROM_GUEST: &str = "async component, from a guest";
pub(crate) const SUSPEND: &str = "a call that only suspends once and returns";
pub(crate) const FRED: &str = "fred";
pub(crate) const MULTIPLEXED: &str = "redis-rs, multiplexed";
/// Long enough that beginning and end, where fewer are in flight, are a small part of it.
const SLICE: Duration = Duration::from_millis(100);
/// Where several fields are read by each call.
pub(crate) const GET_MANY: &str = "many: 256 in flight, 10 fields a call";

pub(super) fn run(_: Scale, time: Duration, results: &mut Results) -> anyhow::Result<()> {
    let redis = RedisServer::builder().setting("maxclients 20000").start()?;
    seed(&mut redis.connection());
    let time = time / (CALLS.len() as u32 + 1);
    for calls in CALLS {
        let contestants = vec![
            raw(&redis, calls, Operation::Get)?,
            asynchronous(&redis, calls, Operation::Get)?,
            from_guest(&redis, calls)?,
            blocking(&redis, calls)?,
            multiplexed(&redis, calls, Operation::Get)?,
            with_fred(&redis, calls)?,
            idle(&redis, calls, "suspend", SUSPEND)?,
            idle(&redis, calls, "pass", "a call that only returns")?,
        ];
        results.series.extend(side_by_side(&case(calls), Plan { time, slice: SLICE }, contestants)?);
    }
    let contestants = vec![
        raw(&redis, 256, Operation::GetMany)?,
        asynchronous(&redis, 256, Operation::GetMany)?,
        multiplexed(&redis, 256, Operation::GetMany)?,
    ];
    results.series.extend(side_by_side(GET_MANY, Plan { time, slice: SLICE }, contestants)?);
    Ok(())
}

/// What so many calls are called in the results.
pub(crate) fn case(calls: usize) -> String {
    format!("many: {calls} in flight")
}

/// Keeps so many calls in flight for so long, and records them.
async fn fly(
    calls: usize,
    slice: Duration,
    recorder: &mut Recorder,
    call: impl AsyncFn(usize) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let shared = RefCell::new(&mut *recorder);
    try_join_all((0..calls).map(async |caller| -> anyhow::Result<()> {
        let mut before = Instant::now();
        while before - begun < slice {
            call(caller).await?;
            let now = Instant::now();
            shared.borrow_mut().record(now - before, 1);
            before = now;
        }
        Ok(())
    }))
    .await?;
    recorder.took(begun.elapsed());
    Ok(())
}

/// So many bare commands in one write, ready made; when all are answered, the same again.
fn raw(redis: &RedisServer, calls: usize, operation: Operation) -> anyhow::Result<Contestant<'static>> {
    let (request, lines) = (bare(operation).repeat(calls), bare_lines(operation) * calls);
    let mut raw = Raw::connect(redis.port(), request, lines)?;
    let contestant = Contestant::new(RAW, move |slice, recorder| {
        let begun = Instant::now();
        let mut before = begun;
        while before - begun < slice {
            raw.exchange()?;
            let now = Instant::now();
            recorder.record(now - before, calls as u64);
            before = now;
        }
        recorder.took(before - begun);
        Ok(())
    });
    Ok(contestant.floor())
}

fn asynchronous(redis: &RedisServer, calls: usize, operation: Operation) -> anyhow::Result<Contestant<'static>> {
    let runtime = runtime()?;
    let prepared = prepared("drsession-async.wasm", Kind::Concurrent)?;
    let opening = Opening { url: url(redis), guarded: true };
    let state = State::connected(&anywhere());
    let mut session = runtime.block_on(Session::waiting(&prepared.component, &prepared.exports, state, opening))?;
    let handles = runtime.block_on(session.handles(calls))?;
    let mut settled = false;
    Ok(Contestant::new(ASYNC, move |slice, recorder| {
        let Session { store, functions, .. } = &mut session;
        let (functions, handles) = (&*functions, &handles);
        runtime.block_on(async {
            let run = async |accessor: &wasmtime::component::Accessor<State>| {
                if !settled {
                    // Every handle's first read is another operation.
                    let first =
                        async |handle| Operation::FirstGet.perform(&mut Together(accessor), functions, handle).await;
                    try_join_all(handles.iter().map(|handle| first(*handle))).await?;
                }
                fly(calls, slice, recorder, async |caller| {
                    operation.perform(&mut Together(accessor), functions, handles[caller]).await
                })
                .await
            };
            store.run_concurrent(run).await?
        })?;
        settled = true;
        Ok(())
    }))
}

fn from_guest(redis: &RedisServer, calls: usize) -> anyhow::Result<Contestant<'static>> {
    let runtime = runtime()?;
    let prepared = prepare("benchmark-calls-async.wasm", Kind::Concurrent)?;
    let mut store = host::store(&prepared, State::connected(&anywhere()));
    let instance = runtime.block_on(prepared.instantiate_async(&mut store))?;
    let name = "drsession:benchmark-calls/calls-async";
    let interface = instance.get_export_index(&mut store, None, name).context(name)?;
    let open = instance.get_export_index(&mut store, Some(&interface), "open").context("open")?;
    let open: TypedFunc<(Text, Text, u32), ()> = instance.get_typed_func(&mut store, open)?;
    let get = instance.get_export_index(&mut store, Some(&interface), "get").context("get")?;
    let get: TypedFunc<(u32,), ()> = instance.get_typed_func(&mut store, get)?;
    runtime.block_on(open.call_async(&mut store, (url(redis), ID, calls as u32)))?;
    Ok(Contestant::new(FROM_GUEST, move |slice, recorder| {
        runtime.block_on(store.run_concurrent(async |accessor| {
            fly(calls, slice, recorder, async |caller| Ok(get.call_concurrent(accessor, (caller as u32,)).await?)).await
        }))?
    }))
}

/// Blocking instances, each with a connection of the pool, on all cores: a thread has its share of them.
fn blocking(redis: &RedisServer, calls: usize) -> anyhow::Result<Contestant<'static>> {
    let prepared = prepared("drsession.wasm", Kind::Tokio)?;
    let opening = Opening { url: url(redis), guarded: true };
    let sockets = anywhere();
    let mut threads = Vec::new();
    let count = thread::available_parallelism().map_or(1, NonZero::get);
    for number in 0..count {
        let runtime = runtime()?;
        let mut sessions = Vec::new();
        for _ in (number..calls).step_by(count) {
            let state = State::connected(&sockets);
            let session = Session::waiting(&prepared.component, &prepared.exports, state, opening);
            // Each has one caller; the lock says so to the compiler.
            sessions.push(Mutex::new(runtime.block_on(session)?));
        }
        threads.push((runtime, sessions));
    }
    Ok(Contestant::new("blocking instances, all cores", move |slice, recorder| {
        let begun = Instant::now();
        let fly = |(runtime, sessions): &(Runtime, Vec<Mutex<Session>>)| {
            let mut recorder = Recorder::default();
            let call = async |caller: usize| sessions[caller].lock().await.once_waiting(Operation::Get).await;
            runtime.block_on(fly(sessions.len(), slice, &mut recorder, call))?;
            anyhow::Ok(recorder)
        };
        thread::scope(|scope| {
            let running: Vec<_> = threads.iter().map(|thread| scope.spawn(|| fly(thread))).collect();
            for thread in running {
                recorder.add(&thread.join().expect("a thread that doesn't panic")?)?;
            }
            recorder.took(begun.elapsed());
            Ok(())
        })
    }))
}

fn multiplexed(redis: &RedisServer, calls: usize, operation: Operation) -> anyhow::Result<Contestant<'static>> {
    let runtime = runtime()?;
    let client = redis::Client::open(redis.url())?;
    let connection = runtime.block_on(client.get_multiplexed_async_connection())?;
    Ok(Contestant::new(MULTIPLEXED, move |slice, recorder| {
        runtime.block_on(fly(calls, slice, recorder, async |_| {
            let mut connection = connection.clone();
            if operation == Operation::GetMany {
                let values: Vec<Option<String>> = connection.hmget(KEY, many()).await?;
                anyhow::ensure!(values.iter().all(Option::is_some), "a value is missing");
            } else {
                let value: Option<String> = connection.hget(KEY, FIELD).await?;
                anyhow::ensure!(value.is_some(), "no value");
            }
            Ok(())
        }))
    }))
}

fn with_fred(redis: &RedisServer, calls: usize) -> anyhow::Result<Contestant<'static>> {
    let runtime = runtime()?;
    let client = runtime.block_on(fred_client(redis))?;
    Ok(Contestant::new(FRED, move |slice, recorder| {
        runtime.block_on(fly(calls, slice, recorder, async |_| {
            let value: Option<String> = client.hget(KEY, FIELD).await?;
            anyhow::ensure!(value.is_some(), "no value");
            Ok(())
        }))
    }))
}

/// What the runtime itself takes for a call.
fn idle(redis: &RedisServer, calls: usize, function: &str, name: &str) -> anyhow::Result<Contestant<'static>> {
    let runtime = runtime()?;
    let prepared: InstancePre<State> = prepare("benchmark-idle-async.wasm", Kind::CannedConcurrent)?;
    let mut store = host::store(&prepared, State::canned(Canned::of(redis.port(), b"$-1\r\n")?));
    let instance = runtime.block_on(prepared.instantiate_async(&mut store))?;
    let call: TypedFunc<(Text,), (Option<String>,)> = instance.get_typed_func(&mut store, function)?;
    Ok(Contestant::new(name, move |slice, recorder| {
        runtime.block_on(store.run_concurrent(async |accessor| {
            fly(calls, slice, recorder, async |_| {
                let (value,) = call.call_concurrent(accessor, (FIELD,)).await?;
                anyhow::ensure!(value.is_some(), "no value");
                Ok(())
            })
            .await
        }))?
    }))
}
