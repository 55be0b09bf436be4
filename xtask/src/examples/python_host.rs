//! A WSGI application on CPython, with drsession.wasm in its own process; and the original drsession beside it.

use std::process::Command;

use anyhow::ensure;
use redis::Commands;
use serde_json::json;

use super::checks::Checks;
use super::client::Client;
use super::page::Page;
use super::redis::Redis;
use super::server::Server;
use super::site::Site;
use super::{cases, races};
use crate::process;
use crate::setup::Venv;

const PAGE: &str = "moving-from-drsession.md";
const FILES: [&str; 2] = ["app.py", "drsession_host/middleware.py"];

pub(super) fn check(site: &Site, checks: &mut Checks) -> anyhow::Result<()> {
    let page = Page::read(site, PAGE)?;
    checks.check("docs/moving-from-drsession.md shows code that is tested", || page.check_code(site, "python", &FILES));
    let venv = Venv::make(&site.work.join("venv"), &site.source.join("requirements.txt"))?;
    let redis = Redis::start()?;

    let python = |arguments: &[&str]| python(&venv, site, &page, &redis, arguments);

    let server = Server::start(&mut python(&["app.py"])?)?;
    checks.check("the WSGI application", || visit(&server, &redis));
    let server = Server::start(&mut python(&["case_app.py"])?)?;
    cases::check(site, server.address, &redis, checks)?;
    checks.check("parallel requests", || races::check(server.address, &redis));

    let unittest = ["-m", "unittest", "discover", "--top-level-directory", ".", "--start-directory", "tests"];
    checks.check("the mapping's own tests, and those beside the original drsession", || {
        process::run(&mut python(&unittest)?)
    });
    Ok(())
}

/// Python as the page runs it, with other arguments and this Redis. The example's folder is left as it is.
fn python(venv: &Venv, site: &Site, page: &Page, redis: &Redis, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut python = venv.program("python");
    python.args(arguments).current_dir(&site.source).env("PYTHONDONTWRITEBYTECODE", "1");
    for word in page.command(&["PYTHONPATH=../python"])? {
        if let Some((variable, value)) = word.split_once('=') {
            python.env(variable, value);
        }
    }
    python.env("REDIS_URL", redis.url()).env("REDIS_PORT", redis.port().to_string()).env("PORT", "0");
    Ok(python)
}

/// What a visitor does, and what lies in Redis afterwards.
fn visit(server: &Server, redis: &Redis) -> anyhow::Result<()> {
    let mut visitor = Client::new(server.address);
    visitor.get("/")?;
    let reply = visitor.get("/")?;
    ensure!(reply.json(200)? == json!({ "visits": 2, "user": null }), "{}", reply.body);
    let cart = visitor.post("/cart", &json!("tea"))?.json(200)?;
    ensure!(cart == json!({ "cart": ["tea"] }), "{cart}");

    let mut other_tab = visitor.clone();
    visitor.post("/sign-in", &json!("ada"))?;
    let late = other_tab.get("/")?;
    ensure!(late.json(409)? == json!({ "error": "rotated" }) && late.set_cookies.is_empty(), "{}", late.body);
    let fields: Vec<Option<String>> = redis.connect()?.hmget(visitor.key()?, &["visits", "cart", "user"])?;
    ensure!(fields == ["2", r#"["tea"]"#, r#""ada""#].map(|text| Some(text.to_owned())), "{fields:?}");

    let mut other_tab = visitor.clone();
    visitor.post("/sign-out", &json!(null))?;
    ensure!(visitor.cookie.is_none(), "signing out removes the cookie");
    let late = other_tab.get("/")?;
    ensure!(late.json(401)? == json!({ "error": "gone" }) && late.set_cookies.is_empty(), "{}", late.body);
    Ok(())
}
