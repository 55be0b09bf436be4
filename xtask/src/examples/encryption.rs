//! The component that encrypts, between an application and drsession.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use redis::Commands;
use serde_json::json;

use super::checks::Checks;
use super::client::Client;
use super::redis::Redis;
use super::server::Server;
use super::site::Site;
use super::{cases, shop};
use crate::build::{DRSESSION_WASI, ENCRYPTION, RUST_CASES, SHOP_BARE};

pub(super) fn check(site: &Site, checks: &mut Checks) -> anyhow::Result<()> {
    let redis = Redis::start()?;
    let application = composed(site, SHOP_BARE)?;
    let serve = |keys: &[u8]| Server::start(with_keys(&mut site.serve(&application, &redis.url()), keys));

    let server = serve(&[1])?;
    checks.check("the shop reads what it wrote", || shop::visit(&mut Client::new(server.address)));
    checks.check("Redis sees none of it", || unreadable(&server, &redis));
    checks.check("a value is good in its own place only", || bound(&server, &redis));
    checks.check("what can't be encrypted is refused", || counter(&server, &redis));

    let mut visitor = Client::new(server.address);
    shop::visit(&mut visitor)?;
    let server = serve(&[2, 1])?;
    checks.check("a former key reads, and its values can be changed", || former_key(&server, &mut visitor));
    let server = serve(&[2])?;
    checks.check("what the new key wrote needs no other", || {
        visitor.application = server.address;
        visitor.get("/api/basket")?.json(200)?;
        // This one has not been changed since the former key.
        visitor.get("/api/session")?.json(500).map(|_| ())
    });
    let server = Server::start(&mut site.serve(&application, &redis.url()))?;
    checks.check("without a key nothing works", || without_key(&server, &redis));

    let application = composed(site, RUST_CASES)?;
    let server = Server::start(with_keys(&mut site.serve(&application, &redis.url()), &[1]))?;
    cases::check_in_any_form(site, server.address, &redis, checks)?;
    cases::check_own(site, server.address, &redis, checks)
}

/// An application with drsession, and this between them.
fn composed(site: &Site, application: &str) -> anyhow::Result<PathBuf> {
    let composed = site.work.join(application);
    let packages = [
        ("drsession:wasi", DRSESSION_WASI),
        ("drsession:encryption", ENCRYPTION),
        ("drsession:application", application),
    ];
    site.compose_by("encrypted.wac", &packages, &composed)?;
    Ok(composed)
}

/// Each key is one byte, again and again.
fn with_keys<'a>(serve: &'a mut Command, keys: &[u8]) -> &'a mut Command {
    let keys: Vec<_> = keys.iter().map(|byte| format!("{byte:02x}").repeat(64)).collect();
    serve.args(["--env", &format!("SESSION_KEYS={}", keys.join(","))])
}

fn unreadable(server: &Server, redis: &Redis) -> anyhow::Result<()> {
    let mut visitor = Client::new(server.address);
    shop::visit(&mut visitor)?;
    let fields: Vec<(String, String)> = redis.connect()?.hgetall(visitor.key()?)?;
    let mut names: Vec<_> = fields.iter().map(|(name, _)| name.trim_start_matches('\0')).collect();
    names.sort_unstable();
    ensure!(names == ["basket", "created", "user"], "{names:?}");
    for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with('\0')) {
        let text: String = serde_json::from_str(value).with_context(|| name.clone())?;
        ensure!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{name}: {text}");
        ensure!(text.len() > 20 && !text.contains("Assam") && !text.contains("Ada"), "{name}: {text}");
    }
    Ok(())
}

/// Texts moved to another field, and to another session.
fn bound(server: &Server, redis: &Redis) -> anyhow::Result<()> {
    let (mut one, mut other) = (Client::new(server.address), Client::new(server.address));
    shop::visit(&mut one)?;
    shop::visit(&mut other)?;
    let mut redis = redis.connect()?;
    let (basket, user): (String, String) = redis.hmget(one.key()?, &["basket", "user"])?;

    let _: () = redis.hset(other.key()?, "user", &user)?;
    other.get("/api/session")?.json(500)?;
    let _: () = redis.hset(one.key()?, "basket", &user)?;
    one.get("/api/basket")?.json(500)?;
    let _: () = redis.hset(one.key()?, "basket", &basket)?;
    one.get("/api/basket")?.json(200)?;
    Ok(())
}

fn counter(server: &Server, redis: &Redis) -> anyhow::Result<()> {
    let mut visitor = Client::new(server.address);
    visitor.post("/api/basket", &json!({ "item": "Assam" }))?.json(200)?;
    visitor.post("/api/visits", &json!(null))?.json(500)?;
    let there: bool = redis.connect()?.hexists(visitor.key()?, "visits")?;
    ensure!(!there, "nothing was counted");
    Ok(())
}

/// The shop changes the basket by compare-and-set, which has to find a text that it would write otherwise now.
fn former_key(server: &Server, visitor: &mut Client) -> anyhow::Result<()> {
    visitor.application = server.address;
    let basket = visitor.post("/api/basket", &json!({ "item": "Ceylon" }))?.json(200)?;
    ensure!(basket == json!({ "items": ["Assam", "茶", "Ceylon"] }), "{basket}");
    let known = visitor.get("/api/session")?.json(200)?;
    ensure!(known["user"] == "Ada Lovelace", "{known}");
    Ok(())
}

fn without_key(server: &Server, redis: &Redis) -> anyhow::Result<()> {
    let mut redis = redis.connect()?;
    let before: usize = redis::cmd("DBSIZE").query(&mut redis)?;
    let mut visitor = Client::new(server.address);
    let reply = visitor.post("/api/basket", &json!({ "item": "Assam" }))?;
    reply.json(500)?;
    let after: usize = redis::cmd("DBSIZE").query(&mut redis)?;
    ensure!(reply.set_cookies.is_empty() && before == after, "nothing was stored");
    Ok(())
}
