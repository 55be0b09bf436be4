//! Rust: the shop, and the list of cases by the shop's session module.

use super::checks::Checks;
use super::client::Client;
use super::page::Page;
use super::redis::Redis;
use super::server::Server;
use super::site::Site;
use super::{cases, races, shop};
use crate::build::{RUST_CASES, SHOP_BARE, SHOP_WASI};

const PAGE: &str = "rust.md";
const FILES: [&str; 5] = [
    "../shop/src/bindings.rs",
    "../shop/src/lib.rs",
    "../shop/src/problem.rs",
    "../shop/src/routes/basket.rs",
    "../shop/src/routes/visits.rs",
];

pub(super) fn check(site: &Site, checks: &mut Checks) -> anyhow::Result<()> {
    let page = Page::read(site, PAGE)?;
    checks.check("docs/rust.md shows code that is tested", || page.check_code(site, "rust", &FILES));
    checks.check("docs/rust.md composes and serves as here", || {
        let shop = format!("../../target/components/{SHOP_BARE}");
        site.check_commands(&page, &shop, "shop.wasm")
    });

    let redis = Redis::start()?;
    let server = Server::start(&mut site.serve(&site.components.join(SHOP_WASI), &redis.url()))?;
    checks.check("the shop", || shop::visit(&mut Client::new(server.address)));

    let application = site.work.join("cases.wasm");
    site.compose(&site.components.join(RUST_CASES), &application)?;
    let server = Server::start(&mut site.serve(&application, &redis.url()))?;
    cases::check(site, server.address, &redis, checks)?;
    checks.check("parallel requests", || races::check(server.address, &redis));
    Ok(())
}
