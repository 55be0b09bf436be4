//! The shop under `wasmtime serve`, composed and served by the very commands that the README names, against a real Redis.
//!
//! `cargo xtask test` says by environment variables where the programs are.

mod readme;
mod shop;

use std::{ops::RangeInclusive, thread};

use host_test::{hostile, planted::Planted, redis_client::RedisClient, visitor::Visitor};
use serde_json::json;

use shop::Shop;

const CLIENTS: usize = 4;
const ROUNDS: usize = 10;
const VISITS_A_ROUND: usize = 25;
const VISITS: usize = ROUNDS * VISITS_A_ROUND;

#[test]
fn a_thousand_visits_of_four_clients_are_all_counted() {
    let shop = Shop::start(&[]);
    visit(&shop, |_| {});
}

#[test]
fn with_instances_used_again_connections_are_kept_and_those_that_redis_cut_are_replaced() {
    let shop = Shop::start(&readme::reuse_flags());
    let mut cut = 0;
    visit(&shop, |redis| cut += redis.client_kill_all());
    assert!(cut >= ROUNDS as u64, "{cut} connections were there to be cut: the test has proved nothing");

    let made = shop.redis.connection().info("total_connections_received");
    let requests = (CLIENTS * VISITS) as u64;
    assert!(made < requests / 4, "{made} connections for {requests} requests");
}

#[test]
fn hostile_headers_lead_to_nobody_s_session_and_to_no_failure() {
    let shop = Shop::start(&[]);
    hostile::run(shop.address(), |_, _| Vec::new());
}

#[test]
fn what_is_printed_and_answered_when_things_break_tells_no_secret() {
    let mut shop = Shop::over(Planted::redis().start().expect("a Redis"), &[]);
    let mut planted = Planted::default();
    planted.break_everything(shop.address(), &mut shop.redis);
    planted.expect_silence(&shop.end(), "shop: 5");
}

/// 1,000 visits of four concurrent clients, each with a session of its own. Every answer has to be the next number. After each
/// round, while no request is under way, `pause` may do something to Redis.
fn visit(shop: &Shop, mut pause: impl FnMut(&mut RedisClient)) {
    let mut redis = shop.redis.connection();
    let mut visitors: Vec<_> = (0..CLIENTS).map(|_| Visitor::new(shop.address())).collect();
    for round in 0..ROUNDS {
        let visits = round * VISITS_A_ROUND;
        thread::scope(|scope| {
            for visitor in &mut visitors {
                scope.spawn(move || count_visits(visitor, visits + 1..=visits + VISITS_A_ROUND));
            }
        });
        pause(&mut redis);
    }
    assert_eq!(redis.dbsize(), CLIENTS as u64);
    for visitor in &visitors {
        let visits = redis.hget(&format!("drsession:{}", visitor.id()), "visits");
        assert_eq!(visits, Some(VISITS.to_string().into_bytes()));
    }
}

fn count_visits(visitor: &Visitor, expected: RangeInclusive<usize>) {
    for number in expected {
        let reply = visitor.post("/api/visits", "");
        assert_eq!((reply.status, reply.body), (200, json!({ "visits": number }).to_string()));
    }
}
