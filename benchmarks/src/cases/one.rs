//! One operation at a time, each beside what others need for the same.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use fred::interfaces::{ClientLike as _, HashesInterface as _};
use host_test::redis_server::RedisServer;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, Value};
use tokio::runtime::Runtime;

use super::{Scale, plan, prepared, runtime, url};
use crate::application::{Application, Call};
use crate::canned::Canned;
use crate::client::Client;
use crate::guest::Text;
use crate::host::{Kind, State, anywhere};
use crate::measure::{Contestant, Recorder, side_by_side};
use crate::operation::{COUNTER, FIELD, KEY, Operation, VALUE, fields, seed};
use crate::raw::{Raw, command, line_ends};
use crate::results::Results;
use crate::session::{Opening, Session};

pub(crate) const COMPONENT: &str = "component, native host";
pub(crate) const RAW: &str = "raw";
pub(crate) const REDIS_RS: &str = "redis-rs, blocking";
pub(crate) const FROM_GUEST: &str = "component, from a guest";
pub(crate) const HOST_FUNCTION: &str = "host function (redis-rs), from a guest";
pub(crate) const ONE_GET: &str = "component, native host, one get";
pub(crate) const UNGUARDED_GET: &str = "get without guard";

pub(super) fn run(_: Scale, time: Duration, results: &mut Results) -> anyhow::Result<()> {
    let redis = RedisServer::start()?;
    seed(&mut redis.connection());
    let cases = Operation::TIMED.map(|operation| (operation, true)).into_iter().chain([(Operation::Get, false)]);
    for (operation, guarded) in cases {
        let name = if guarded { operation.name() } else { UNGUARDED_GET };
        let time = time / (Operation::TIMED.len() as u32 + 1);
        let contestants = contestants(&redis, operation, guarded)?;
        results.series.extend(side_by_side(&case(name), plan(time), contestants)?);
    }
    Ok(())
}

/// What an operation is called in the results.
pub(crate) fn case(name: &str) -> String {
    format!("one: {name}")
}

fn contestants(redis: &RedisServer, operation: Operation, guarded: bool) -> anyhow::Result<Vec<Contestant<'static>>> {
    let opening = Opening { url: url(redis), guarded };
    let (own, lines) = own_bytes(redis, operation, opening)?;
    let mut same_bytes = Raw::connect(redis.port(), own, lines)?;
    let mut blocking = redis::Client::open(opening.url)?.get_connection()?;
    let mut contestants = vec![
        raw(redis, operation)?,
        Contestant::each("raw, the component's own bytes", move || same_bytes.exchange()),
        Contestant::each(REDIS_RS, move || match operation {
            Operation::Apply => answered(pipeline(operation).query::<Vec<Value>>(&mut blocking)?),
            Operation::Items => answered(request(operation).query::<Vec<(String, String)>>(&mut blocking)?),
            Operation::Get | Operation::FirstGet => {
                answered(request(operation).query::<Option<String>>(&mut blocking)?)
            }
            _ => answered(request(operation).query::<Option<i64>>(&mut blocking)?),
        }),
        multiplexed(opening.url, operation)?,
        fred(redis, operation)?,
        component(operation, opening)?,
        waiting("drsession.wasm", "component, host on tokio", Kind::Tokio, operation, opening)?,
        waiting("drsession-async.wasm", "async component", Kind::Concurrent, operation, opening)?,
    ];
    if operation == Operation::Apply {
        // What a batch is compared with.
        contestants.push(component_named(ONE_GET, Operation::Get, opening)?);
    }
    if guarded {
        contestants.extend(guests(redis, operation)?);
    }
    Ok(contestants)
}

/// Bare commands that are ready made, over a plain socket.
pub(super) fn raw(redis: &RedisServer, operation: Operation) -> anyhow::Result<Contestant<'static>> {
    let mut raw = Raw::connect(redis.port(), bare(operation), bare_lines(operation))?;
    Ok(Contestant::each(RAW, move || raw.exchange()).floor())
}

/// The commands of others who have neither guard nor lifetimes.
fn bare_commands(operation: Operation) -> Vec<Vec<Text>> {
    let get = |field| vec!["HGET", KEY, field];
    let set = |field| vec!["HSET", KEY, field, VALUE];
    let increment = || vec!["HINCRBY", KEY, COUNTER, "1"];
    match operation {
        Operation::FirstGet | Operation::Get => vec![get(FIELD)],
        Operation::FirstSet | Operation::Set => vec![set(FIELD)],
        Operation::Increment => vec![increment()],
        Operation::Items => vec![vec!["HGETALL", KEY]],
        Operation::Contains => vec![vec!["HEXISTS", KEY, FIELD]],
        Operation::Delete => vec![vec!["HDEL", KEY, FIELD]],
        Operation::Rotate => vec![vec!["RENAME", KEY, KEY], set(FIELD)],
        Operation::Destroy => vec![vec!["DEL", KEY]],
        Operation::GetMany => vec![["HMGET", KEY].iter().chain(crate::operation::many()).copied().collect()],
        Operation::Apply => {
            let gets = fields()[..8].iter().map(|field| get(field));
            let sets = fields()[8..12].iter().map(|field| set(field));
            gets.chain(sets).chain((0..4).map(|_| increment())).collect()
        }
    }
}

pub(super) fn bare(operation: Operation) -> Vec<u8> {
    bare_commands(operation).iter().flat_map(|words| command(words)).collect()
}

/// Of how many lines the answer to them is.
pub(super) fn bare_lines(operation: Operation) -> usize {
    match operation {
        Operation::FirstGet | Operation::Get => 2,
        Operation::FirstSet | Operation::Set | Operation::Increment | Operation::Contains | Operation::Delete => 1,
        Operation::Rotate => 2,
        Operation::Destroy => 1,
        // Its hidden field is among them.
        Operation::Items => 1 + 4 * (fields().len() + 2),
        Operation::GetMany => 1 + 2 * crate::operation::many().len(),
        Operation::Apply => 8 * 2 + 4 + 4,
    }
}

/// What the component itself sends for the operation, and of how many lines the answer is.
fn own_bytes(redis: &RedisServer, operation: Operation, opening: Opening) -> anyhow::Result<(Vec<u8>, usize)> {
    let prepared = prepared("drsession.wasm", Kind::Canned)?;
    let state = State::canned(Canned::live(redis.port())?);
    let mut session = Session::plain(&prepared.component, &prepared.exports, state, opening)?;
    let mut recorder = Recorder::default();
    // Twice: at first Redis may not know the script.
    session.repeat(operation, Duration::from_nanos(1), &mut recorder)?;
    session.canned().forget();
    session.repeat(operation, Duration::from_nanos(1), &mut recorder)?;
    let (request, answer) = session.canned().exchanges().last().context("the component has asked")?;
    Ok((request.to_vec(), line_ends(answer)))
}

/// The component in a host that needs no async.
pub(super) fn component(operation: Operation, opening: Opening) -> anyhow::Result<Contestant<'static>> {
    component_named(COMPONENT, operation, opening)
}

fn component_named(name: &str, operation: Operation, opening: Opening) -> anyhow::Result<Contestant<'static>> {
    let prepared = prepared("drsession.wasm", Kind::Plain)?;
    let mut session = Session::plain(&prepared.component, &prepared.exports, State::connected(&anywhere()), opening)?;
    Ok(Contestant::new(name, move |slice, recorder| session.repeat(operation, slice, recorder)))
}

fn waiting(
    file: &'static str,
    name: &'static str,
    kind: Kind,
    operation: Operation,
    opening: Opening,
) -> anyhow::Result<Contestant<'static>> {
    let runtime = runtime()?;
    let prepared = prepared(file, kind)?;
    let state = State::connected(&anywhere());
    let mut session = runtime.block_on(Session::waiting(&prepared.component, &prepared.exports, state, opening))?;
    Ok(Contestant::new(name, move |slice, recorder| {
        runtime.block_on(session.repeat_waiting(operation, slice, recorder))
    }))
}

fn pipeline(operation: Operation) -> Pipeline {
    let mut pipeline = Pipeline::new();
    for words in bare_commands(operation) {
        let mut command = Cmd::new();
        for word in words {
            command.arg(word);
        }
        pipeline.add_command(command);
    }
    pipeline
}

/// One command, made anew as applications do.
fn request(operation: Operation) -> Cmd {
    let mut command = Cmd::new();
    for word in bare_commands(operation).into_iter().flatten() {
        command.arg(word);
    }
    command
}

fn answered<T>(reply: impl IntoIterator<Item = T>) -> anyhow::Result<()> {
    reply.into_iter().next().map(drop).context("redis-rs answers nothing")
}

/// Does the same again and again on a runtime of its own.
pub(super) fn waits<'a>(
    name: &str,
    runtime: Runtime,
    mut operation: impl AsyncFnMut() -> anyhow::Result<()> + 'a,
) -> Contestant<'a> {
    Contestant::new(name, move |slice, recorder| {
        runtime.block_on(async {
            let begun = Instant::now();
            let mut before = begun;
            while before - begun < slice {
                operation().await?;
                let now = Instant::now();
                recorder.record(now - before, 1);
                before = now;
            }
            Ok(())
        })
    })
}

fn multiplexed(url: Text, operation: Operation) -> anyhow::Result<Contestant<'static>> {
    let runtime = runtime()?;
    let client = redis::Client::open(url)?;
    let connection: MultiplexedConnection = runtime.block_on(client.get_multiplexed_async_connection())?;
    Ok(waits("redis-rs, multiplexed", runtime, async move || {
        let mut connection = connection.clone();
        match operation {
            Operation::Apply => answered(pipeline(operation).query_async::<Vec<Value>>(&mut connection).await?),
            Operation::Items => {
                answered(request(operation).query_async::<Vec<(String, String)>>(&mut connection).await?)
            }
            Operation::Get | Operation::FirstGet => {
                answered(request(operation).query_async::<Option<String>>(&mut connection).await?)
            }
            _ => answered(request(operation).query_async::<Option<i64>>(&mut connection).await?),
        }
    }))
}

fn fred(redis: &RedisServer, operation: Operation) -> anyhow::Result<Contestant<'static>> {
    let runtime = runtime()?;
    let client = runtime.block_on(fred_client(redis))?;
    Ok(waits("fred", runtime, async move || {
        match operation {
            Operation::FirstGet | Operation::Get => {
                let value: Option<String> = client.hget(KEY, FIELD).await?;
                anyhow::ensure!(value.is_some(), "no value");
            }
            Operation::FirstSet | Operation::Set => client.hset(KEY, (FIELD, VALUE)).await?,
            Operation::Increment => {
                let _: i64 = client.hincrby(KEY, COUNTER, 1).await?;
            }
            Operation::Apply => fred_batch(&client).await?,
            _ => {
                let _: Vec<(String, String)> = client.hgetall(KEY).await?;
            }
        }
        Ok(())
    }))
}

/// The same commands in a pipeline, as fred has it: it writes each of them by itself.
async fn fred_batch(client: &fred::clients::Client) -> anyhow::Result<()> {
    let pipeline = client.pipeline();
    for field in &fields()[..8] {
        let () = pipeline.hget(KEY, *field).await?;
    }
    for field in &fields()[8..12] {
        let () = pipeline.hset(KEY, (*field, VALUE)).await?;
    }
    for _ in 0..4 {
        let () = pipeline.hincrby(KEY, COUNTER, 1).await?;
    }
    let replies: Vec<fred::types::Value> = pipeline.all().await?;
    anyhow::ensure!(replies.len() == 16, "{} replies to a batch of 16", replies.len());
    Ok(())
}

pub(super) async fn fred_client(redis: &RedisServer) -> anyhow::Result<fred::clients::Client> {
    let config = fred::types::config::Config::from_url(&redis.url())?;
    let client = fred::types::Builder::from_config(config).build()?;
    client.init().await?;
    Ok(client)
}

/// Guests that make the call: on a session, or by a client of the host's as Spin's.
fn guests(redis: &RedisServer, operation: Operation) -> anyhow::Result<Vec<Contestant<'static>>> {
    let call = match operation {
        Operation::Get => Call::Get,
        Operation::Set => Call::Set,
        Operation::Increment => Call::Increment,
        _ => return Ok(Vec::new()),
    };
    let with_session = Application::plain("benchmark-calls.wasm", State::connected(&anywhere()), url(redis))?;
    let runtime = runtime()?;
    let client = State::client(runtime.block_on(Client::connect(&redis.url()))?);
    let with_client = runtime.block_on(Application::waiting("benchmark-client.wasm", client, url(redis)))?;
    Ok(vec![with_session.contestant(FROM_GUEST, call), with_client.waiting_contestant(HOST_FUNCTION, runtime, call)])
}
