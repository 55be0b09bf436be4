//! MessagePack in sessions.

use anyhow::ensure;
use redis::Commands;
use serde_json::json;

use super::checks::Checks;
use super::client::Client;
use super::redis::Redis;
use super::server::Server;
use super::site::Site;
use crate::build::MESSAGEPACK;

pub(super) fn check(site: &Site, checks: &mut Checks) -> anyhow::Result<()> {
    let redis = Redis::start()?;
    let application = site.work.join("messagepack.wasm");
    site.compose(&site.components.join(MESSAGEPACK), &application)?;
    let server = Server::start(&mut site.serve(&application, &redis.url()))?;
    checks.check("a profile in MessagePack", || profile(&server, &redis));
    checks.check("what is no MessagePack", || foreign(&server, &redis));
    Ok(())
}

fn profile(server: &Server, redis: &Redis) -> anyhow::Result<()> {
    let mut visitor = Client::new(server.address);
    ensure!(visitor.get("/profile")?.json(200)? == json!({ "profile": null }), "there is none yet");
    let profile = json!({ "name": "Zoë", "languages": ["en", "茶"], "height": 1.5 });
    for changes in 1..=2 {
        let answer = visitor.post("/profile", &profile)?.json(200)?;
        ensure!(answer == json!({ "changes": changes }), "{answer}");
    }
    let answer = visitor.get("/profile")?.json(200)?;
    ensure!(answer == json!({ "profile": profile }), "{answer}");

    let stored: Vec<u8> = redis.connect()?.hget(visitor.key()?, "profile")?;
    // A map of three, texts by their lengths, a list of two, a float of 32 bits.
    let expected = b"\x83\xa4name\xa4Zo\xc3\xab\xa9languages\x92\xa2en\xa3\xe8\x8c\xb6\xa6height\xca\x3f\xc0\0\0";
    ensure!(stored == expected, "{}", stored.escape_ascii());
    let changes: String = redis.connect()?.hget(visitor.key()?, "changes")?;
    ensure!(changes == "2", "{changes}");
    Ok(())
}

fn foreign(server: &Server, redis: &Redis) -> anyhow::Result<()> {
    let mut visitor = Client::new(server.address);
    visitor.post("/profile", &json!({ "name": "Ada", "languages": [], "height": null }))?.json(200)?;
    let _: () = redis.connect()?.hset(visitor.key()?, "profile", r#"{"name":"Ada"}"#)?;
    visitor.get("/profile")?.json(500)?;
    Ok(())
}
