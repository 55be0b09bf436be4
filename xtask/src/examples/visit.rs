//! What a visitor does with the application that every language has.

use std::collections::BTreeMap;

use anyhow::ensure;
use redis::Commands;
use serde_json::{Value, json};

use super::client::Client;
use super::redis::Redis;
use super::server::Server;

/// What a visitor does, and what lies in Redis afterwards.
pub(super) fn check(server: &Server, redis: &Redis) -> anyhow::Result<()> {
    let mut visitor = Client::new(server.address);
    let reply = visitor.get("/")?;
    ensure!(reply.set_cookies.len() == 1, "{:?}", reply.set_cookies);
    ensure!(reply.json(200)? == json!({ "visits": 1, "user": null }), "{}", reply.body);
    visitor.get("/")?;
    visitor.post("/cart", &json!("tea"))?;
    let cart = visitor.post("/cart", &json!({ "pot": 1 }))?.json(200)?;
    ensure!(cart == json!(["tea", { "pot": 1 }]), "{cart}");

    let mut other_tab = visitor.clone();
    let reply = visitor.post("/sign-in", &json!("ada"))?;
    ensure!(reply.status == 200 && visitor.cookie != other_tab.cookie, "signing in moves to a new id");
    let late = other_tab.get("/")?;
    ensure!(late.json(409)? == json!({ "error": "rotated" }) && late.set_cookies.is_empty(), "{}", late.body);

    let fields: BTreeMap<String, String> = redis.connect()?.hgetall(visitor.key()?)?;
    let fields = fields.into_iter().filter(|(name, _)| !name.starts_with('\0'));
    let fields: Value = fields.map(|(name, json)| Ok((name, json.parse::<Value>()?))).collect::<anyhow::Result<_>>()?;
    ensure!(fields == json!({ "cart": ["tea", { "pot": 1 }], "user": "ada", "visits": 2 }), "{fields}");

    let mut other_tab = visitor.clone();
    let reply = visitor.post("/sign-out", &json!(null))?;
    ensure!(reply.status == 200 && visitor.cookie.is_none(), "{:?}", reply.set_cookies);
    let late = other_tab.get("/")?;
    ensure!(late.json(401)? == json!({ "error": "gone" }) && late.set_cookies.is_empty(), "{}", late.body);
    Ok(())
}

/// An exception in the application's own code: the cookie of the session that was begun arrives all the same.
pub(super) fn fail(server: &Server, redis: &Redis) -> anyhow::Result<()> {
    let steps = json!([{ "call": "set", "arguments": ["a", 1], "other": false }, { "call": "unheard of" }]);
    let mut visitor = Client::new(server.address);
    let reply = visitor.post("/case", &json!({ "url": redis.url(), "steps": steps }))?;
    ensure!(reply.json(500)? == json!({ "error": "internal" }), "{}", reply.body);
    let stored: i64 = redis.connect()?.hget(visitor.key()?, "a")?;
    ensure!(stored == 1, "{stored}");
    Ok(())
}
