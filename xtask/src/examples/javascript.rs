//! A component in JavaScript, by componentize-js.

use std::fs;
use std::path::PathBuf;

use super::checks::Checks;
use super::node::Node;
use super::page::Page;
use super::redis::Redis;
use super::server::Server;
use super::site::Site;
use super::{cases, races, visit};
use crate::process;

const PAGE: &str = "javascript.md";
const FILES: [&str; 2] = ["src/application.js", "src/session.js"];

pub(super) fn check(site: &Site, checks: &mut Checks) -> anyhow::Result<()> {
    let page = Page::read(site, PAGE)?;
    checks.check("docs/javascript.md shows code that is tested", || page.check_code(site, "js", &FILES));
    checks.check("docs/javascript.md composes and serves as here", || {
        site.check_commands(&page, "application.bare.wasm", "application.wasm")
    });

    let node = Node::make(&site.source, &site.work)?;
    let contract = node.folder().join("wit/deps/session");
    fs::create_dir_all(&contract)?;
    for file in ["types.wit", "session.wit"] {
        fs::copy(site.root.join("wit").join(file), contract.join(file))?;
    }

    let redis = Redis::start()?;
    let application = build(site, &node, &page, "application")?;
    let server = Server::start(&mut site.serve(&application, &redis.url()))?;
    checks.check("the application in JavaScript", || visit::check(&server, &redis));

    let application = build(site, &node, &page, "cases")?;
    let server = Server::start(&mut site.serve(&application, &redis.url()))?;
    cases::check(site, server.address, &redis, checks)?;
    cases::check_own(site, server.address, &redis, checks)?;
    checks.check("parallel requests", || races::check(server.address, &redis));
    checks.check("an exception loses no cookie", || visit::fail(&server, &redis));
    Ok(())
}

/// The command of the page, for one of the example's sources; composed with drsession.
fn build(site: &Site, node: &Node, page: &Page, source: &str) -> anyhow::Result<PathBuf> {
    let words = page.command(&["npx", "componentize-js"])?;
    let bare = site.work.join(source).with_extension("bare.wasm");
    let mut componentize = node.program(&words[1]);
    for word in &words[2..] {
        match word.as_str() {
            "src/application.js" => componentize.arg(format!("src/{source}.js")),
            "application.bare.wasm" => componentize.arg(&bare),
            other => componentize.arg(other),
        };
    }
    process::run(&mut componentize)?;
    let composed = site.work.join(source).with_extension("wasm");
    site.compose(&bare, &composed)?;
    Ok(composed)
}
