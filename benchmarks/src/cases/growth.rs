//! What becomes of latency and memory as there is more: fields in a session, bytes in a value, sessions in Redis.

use std::time::Duration;

use host_test::redis_client::RedisClient;
use host_test::redis_server::RedisServer;

use super::{Prepared, Scale, plan, prepared, url};
use crate::guest::Text;
use crate::host::{Kind, State, anywhere};
use crate::measure::{Contestant, side_by_side};
use crate::operation::{FIELD, KEY, Operation, seed_field};
use crate::raw::{Raw, command};
use crate::results::Results;
use crate::session::{Opening, Session};

pub(crate) const FIELDS: &str = "growth: fields";
pub(crate) const ALL_FIELDS: &str = "growth: all fields at once";
pub(crate) const BYTES: &str = "growth: bytes of a value";
pub(crate) const SESSIONS: &str = "growth: sessions";

pub(crate) const GET: &str = "get";
pub(crate) const SET: &str = "set";
pub(crate) const ITEMS: &str = "items";

pub(super) fn run(scale: Scale, time: Duration, results: &mut Results) -> anyhow::Result<()> {
    let quick = scale == Scale::Quick;
    let fields: &[u64] = if quick { &[1, 1_000, 100_000] } else { &[1, 10, 100, 1_000, 10_000, 100_000] };
    let bytes: &[u64] = if quick { &[10, 10_000, 1_000_000] } else { &[10, 100, 1_000, 10_000, 100_000, 1_000_000] };
    let sessions: &[u64] = if quick { &[1, 100_000] } else { &[1, 100, 10_000, 100_000, 1_000_000] };
    let time = time / (fields.len() + bytes.len() + sessions.len()) as u32;
    for count in fields {
        more_fields(*count, time, results)?;
    }
    for count in bytes {
        more_bytes(*count, time, results)?;
    }
    more_sessions(sessions, time, results)
}

/// What a case of so many is called in the results.
pub(crate) fn case(name: &str, count: u64) -> String {
    format!("{name}, {count}")
}

fn open(redis: &RedisServer) -> anyhow::Result<Session> {
    let Prepared { component, exports } = prepared("drsession.wasm", Kind::Plain)?;
    let opening = Opening { url: url(redis), guarded: true };
    Session::plain(&component, &exports, State::connected(&anywhere()), opening)
}

fn raw_get(redis: &RedisServer, lines: usize) -> anyhow::Result<Contestant<'static>> {
    let mut raw = Raw::connect(redis.port(), command(&["HGET", KEY, FIELD]), lines)?;
    Ok(Contestant::each("raw HGET", move || raw.exchange()).floor())
}

fn more_fields(count: u64, time: Duration, results: &mut Results) -> anyhow::Result<()> {
    let redis = RedisServer::start()?;
    let mut client = redis.connection();
    seed_field(&mut client);
    fill(&mut client, "for i = 2, ARGV[1] do redis.call('HSET', KEYS[1], 'more-' .. i, '\"a value\"') end", count)?;
    let mut session = open(&redis)?;
    session.once(Operation::FirstGet)?;
    let get = Contestant::new(GET, move |slice, recorder| session.repeat(Operation::Get, slice, recorder));
    results.series.extend(side_by_side(&case(FIELDS, count), plan(time / 2), vec![raw_get(&redis, 2)?, get])?);

    let mut session = open(&redis)?;
    session.once(Operation::FirstGet)?;
    // Its hidden field is among them.
    let all = 1 + 4 * (count as usize + 1);
    let mut raw = Raw::connect(redis.port(), command(&["HGETALL", KEY]), all)?;
    let mut memory = 0;
    let contestants = vec![
        Contestant::each("raw HGETALL", move || raw.exchange()).floor(),
        Contestant::each(ITEMS, || {
            let found = session.items()?;
            anyhow::ensure!(found as u64 == count, "{found} fields");
            memory = session.memory();
            Ok(())
        }),
    ];
    results.series.extend(side_by_side(&case(ALL_FIELDS, count), plan(time / 2), contestants)?);
    results.count(&case(ALL_FIELDS, count), "memory of the instance", memory as f64, "bytes");
    Ok(())
}

fn more_bytes(count: u64, time: Duration, results: &mut Results) -> anyhow::Result<()> {
    let redis = RedisServer::start()?;
    seed_field(&mut redis.connection());
    let value: Text = format!("\"{}\"", "x".repeat(count as usize - 2)).leak();
    redis.connection().hset(KEY, FIELD, value);
    let (mut reader, mut writer) = (open(&redis)?, open(&redis)?);
    let mut raw_set = Raw::connect(redis.port(), command(&["HSET", KEY, FIELD, value]), 1)?;
    let (mut read, mut written) = (0, 0);
    let contestants = vec![
        raw_get(&redis, 2)?,
        Contestant::each(GET, || {
            reader.get(value)?;
            read = reader.memory();
            Ok(())
        }),
        Contestant::each("raw HSET", move || raw_set.exchange()).floor(),
        Contestant::each(SET, || {
            writer.set(value)?;
            written = writer.memory();
            Ok(())
        }),
    ];
    results.series.extend(side_by_side(&case(BYTES, count), plan(time), contestants)?);
    results.count(&case(BYTES, count), "memory of an instance that reads", read as f64, "bytes");
    results.count(&case(BYTES, count), "memory of an instance that writes", written as f64, "bytes");
    Ok(())
}

/// The same Redis, with more and more in it.
fn more_sessions(counts: &[u64], time: Duration, results: &mut Results) -> anyhow::Result<()> {
    let redis = RedisServer::start()?;
    let mut client = redis.connection();
    let empty = client.info("used_memory");
    // The first of them is the one that is read.
    seed_field(&mut client);
    for count in counts {
        let script = "for i = 2, ARGV[1] do redis.call('HSET', 'drsession:' .. string.format('%043d', i), \
                      '\\0created', '1700000000000', 'user', '\"ada\"', 'visits', '7', 'theme', '\"dark\"') end";
        fill(&mut client, script, *count)?;
        let mut session = open(&redis)?;
        session.once(Operation::FirstGet)?;
        let get = Contestant::new(GET, move |slice, recorder| session.repeat(Operation::Get, slice, recorder));
        results.series.extend(side_by_side(&case(SESSIONS, *count), plan(time), vec![raw_get(&redis, 2)?, get])?);
        let bytes = client.info("used_memory").saturating_sub(empty);
        results.count(&case(SESSIONS, *count), "memory of Redis", bytes as f64, "bytes");
    }
    Ok(())
}

/// Runs a script, which is quicker than so many commands.
fn fill(client: &mut RedisClient, script: &str, count: u64) -> anyhow::Result<()> {
    let count = count.to_string();
    let words = [b"EVAL".as_slice(), script.as_bytes(), b"1", KEY.as_bytes(), count.as_bytes()];
    let _: redis::Value = client.query(&words)?;
    Ok(())
}
