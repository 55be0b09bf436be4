//! Many at once: they share instances, and those share connections.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::json;

use crate::{
    VISITS,
    application::{Application, Way},
};

const CLIENTS: usize = 64;
const VISITS_A_CLIENT: usize = 50;
/// How many connections to Redis may be open at a time.
const CONNECTIONS: u64 = 16;
/// As the middleware's README recommends: else, at a rush, wasmtime makes an instance for each request that comes before the
/// first instance stands.
const FLAGS: [&str; 2] = ["--max-concurrent-requests", "16"];

#[test]
fn sixty_four_clients_are_served_over_few_connections() {
    let application = Application::behind(VISITS, Way { flags: &FLAGS, ..Way::default() });
    let done = AtomicBool::new(false);
    let most = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut redis = application.redis.connection();
            let mut most = 0;
            while !done.load(Ordering::Relaxed) {
                // One is the watcher's own.
                most = most.max(redis.info("connected_clients") - 1);
            }
            most
        });
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| count_visits(&application))).collect();
        let ends: Vec<_> = clients.into_iter().map(|client| client.join()).collect();
        done.store(true, Ordering::Relaxed);
        let most = watcher.join().expect("connections that were counted");
        assert!(ends.iter().all(Result::is_ok), "each visit is counted in the visitor's own session");
        most
    });
    assert!((1..=CONNECTIONS).contains(&most), "{most} connections");
}

fn count_visits(application: &Application) {
    let visitor = application.visitor();
    for visit in 1..=VISITS_A_CLIENT {
        let reply = visitor.post("/api/visits", "");
        assert_eq!((reply.status, reply.json()), (200, json!({ "visits": visit })));
    }
}
