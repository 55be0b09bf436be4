//! What an instance costs its host.

use host_test::{bench::Bench, instance::Instance, session::Session};

const MEBIBYTE: usize = 1024 * 1024;

async fn new_session(bench: &Bench, instance: &Instance) -> Session {
    let store = instance.store(&bench.options()).await.expect("a store");
    store.start().await
}

pub(crate) async fn fuel_grows_with_the_work_done(bench: Bench) {
    let instance = bench.instance().await;
    let session = new_session(&bench, &instance).await;
    let mut costs = Vec::new();
    for size in [1_000, 100_000] {
        let json = format!("{:?}", "x".repeat(size));
        let before = instance.fuel().await;
        assert_eq!(session.set("field", &json).await, Ok(()));
        costs.push(instance.fuel().await - before);
    }
    assert!(0 < costs[0] && costs[0] < costs[1], "{costs:?}");
}

pub(crate) async fn memory_is_held_to_its_limit(bench: Bench) {
    let json = format!("{:?}", "x".repeat(8 * MEBIBYTE));
    for (limit, fits) in [(256 * MEBIBYTE, true), (8 * MEBIBYTE, false)] {
        let instance = Instance::builder(bench.flavour()).memory_limit(limit).start().await;
        let session = new_session(&bench, &instance).await;
        let json = json.clone();
        let call = tokio::spawn(async move { session.set("field", &json).await });
        match call.await {
            Ok(stored) => assert!(fits && stored == Ok(()), "{stored:?} within {limit} bytes"),
            Err(trap) => assert!(!fits && trap.is_panic(), "a trap within {limit} bytes"),
        }
    }
}

pub(crate) async fn a_visit_needs_no_more_memory_than_an_instance_begins_with(bench: Bench) {
    let instance = bench.instance().await;
    let before = instance.memory().await;
    let session = new_session(&bench, &instance).await;
    assert_eq!(session.set("theme", "\"dark\"").await, Ok(()));
    assert_eq!(session.increment("visits", 1).await, Ok(1));
    assert_eq!(session.get("theme").await, Ok(Some("\"dark\"".into())));
    assert!(!session.response_headers().await.is_empty());
    assert_eq!(instance.memory().await, before);
}
