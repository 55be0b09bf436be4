//! A component in Python, by componentize-py.

use std::path::PathBuf;

use super::checks::Checks;
use super::page::Page;
use super::redis::Redis;
use super::server::Server;
use super::site::Site;
use super::{cases, races, visit};
use crate::process;
use crate::setup::Venv;

const PAGE: &str = "python.md";
const FILES: [&str; 2] = ["app.py", "web.py"];

pub(super) fn check(site: &Site, checks: &mut Checks) -> anyhow::Result<()> {
    let page = Page::read(site, PAGE)?;
    checks.check("docs/python.md shows code that is tested", || page.check_code(site, "python", &FILES));
    checks.check("docs/python.md composes and serves as here", || {
        site.check_commands(&page, "app.bare.wasm", "app.wasm")
    });

    let venv = Venv::make(&site.work.join("venv"), &site.source.join("requirements.txt"))?;
    let redis = Redis::start()?;
    let application = build(site, &venv, &page, "app")?;
    let server = Server::start(&mut site.serve(&application, &redis.url()))?;
    checks.check("the application in Python", || visit::check(&server, &redis));

    let application = build(site, &venv, &page, "case_app")?;
    let server = Server::start(&mut site.serve(&application, &redis.url()))?;
    cases::check(site, server.address, &redis, checks)?;
    checks.check("parallel requests", || races::check(server.address, &redis));
    checks.check("an exception loses no cookie", || visit::fail(&server, &redis));
    Ok(())
}

/// The command of the page, for one of the example's modules; composed with drsession.
fn build(site: &Site, venv: &Venv, page: &Page, module: &str) -> anyhow::Result<PathBuf> {
    let words = page.command(&["componentize-py"])?;
    let bare = site.work.join(module).with_extension("bare.wasm");
    let mut componentize = venv.program(&words[0]);
    componentize.current_dir(&site.source);
    for word in &words[1..] {
        match word.as_str() {
            "app" => componentize.arg(module),
            "app.bare.wasm" => componentize.arg(&bare),
            other => componentize.arg(other),
        };
    }
    process::run(&mut componentize)?;
    let composed = site.work.join(module).with_extension("wasm");
    site.compose(&bare, &composed)?;
    Ok(composed)
}
