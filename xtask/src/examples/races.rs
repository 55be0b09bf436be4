//! Parallel requests on one session: nothing that any of them did may be lost.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::thread;

use anyhow::{Context, ensure};
use redis::Commands;
use serde_json::{Value, json};

use super::client::Client;
use super::redis::Redis;

const CLIENTS: usize = 4;
const ROUNDS: usize = 10;

/// Counts and appends by an application that answers `POST /case` (see [`super::cases`]).
pub(super) fn check(application: SocketAddr, redis: &Redis) -> anyhow::Result<()> {
    let mut first = Client::new(application);
    answers(&mut first, redis, &json!([{ "call": "set", "arguments": ["begun", true], "other": false }]))?;
    thread::scope(|scope| {
        let client = |number: usize| {
            let mut client = first.clone();
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let value = number * ROUNDS + round;
                    let count = json!({ "call": "increment", "arguments": ["count", 1], "other": false });
                    let append = json!({ "call": "change", "arguments": ["list", "append", value], "other": false });
                    answers(&mut client, redis, &json!([count, append]))?;
                }
                anyhow::Ok(())
            })
        };
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        clients.into_iter().try_for_each(|client| client.join().expect("no client panics"))
    })?;

    let mut redis = redis.connect()?;
    let count: usize = redis.hget(first.key()?, "count")?;
    ensure!(count == CLIENTS * ROUNDS, "{count} of {} were counted", CLIENTS * ROUNDS);
    let list: String = redis.hget(first.key()?, "list")?;
    let list: BTreeSet<usize> = serde_json::from_str(&list)?;
    ensure!(list == (0..CLIENTS * ROUNDS).collect(), "some are missing: {list:?}");
    Ok(())
}

fn answers(client: &mut Client, redis: &Redis, steps: &Value) -> anyhow::Result<()> {
    let answers = client.post("/case", &json!({ "url": redis.url(), "steps": steps }))?.json(200)?;
    let list = answers["answers"].as_array().context("the answers")?;
    ensure!(list.iter().all(|answer| answer.get("result").is_some()), "{answers}");
    Ok(())
}
