//! Many calls in flight in one instance of the asynchronous component: what they share, and what they don't.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::{join, join_all};
use host_test::{
    bench::{self, Bench},
    component::Flavour,
    memory::memory_after,
    options::Options,
    proxy::{Behaviour, Proxy},
    request::Request,
    scripted_server::ScriptedServer,
    session::Error,
};

/// How many calls are in flight at once.
const CALLS: usize = 256;

/// How many connections the bench's Redis has, but for the one that asks.
fn connections(bench: &Bench) -> usize {
    bench.redis().command::<String>("CLIENT LIST").lines().count() - 1
}

fn run<F: Future<Output = ()>>(test: impl FnOnce(Bench) -> F) {
    bench::run(Flavour::Async, test);
}

#[test]
fn calls_in_flight_share_a_connection_and_each_gets_its_own_answer() {
    run(async |bench| {
        let instance = bench.instance().await;
        let store = instance.store(&bench.options()).await.expect("a store");
        assert_eq!(store.check().await, Ok(()));
        let session = store.start().await;
        assert_eq!(session.set("field", "1").await, Ok(()));
        let before = bench.sockets().statistics().writes;
        instance
            .run_concurrent(async |calls| {
                let session = session.concurrent(calls);
                let set = join_all((0..CALLS).map(async |call| {
                    assert_eq!(session.set(&format!("field {call}"), &call.to_string()).await, Ok(()));
                }));
                set.await;
                let get = join_all((0..CALLS).map(async |call| session.get(&format!("field {call}")).await));
                let expected: Vec<_> = (0..CALLS).map(|call| Ok(Some(call.to_string()))).collect();
                assert_eq!(get.await, expected);
            })
            .await;
        assert_eq!(connections(&bench), 1);
        let statistics = bench.sockets().statistics();
        assert_eq!(statistics.connects, 1);
        let writes = statistics.writes - before;
        assert!(writes < CALLS as u64, "{writes} writes for {} calls", 2 * CALLS);
    });
}

#[test]
fn each_of_many_sessions_begun_at_once_has_its_own_fields_and_cookie() {
    run(async |bench| {
        let instance = bench.instance().await;
        let store = instance.store(&bench.options()).await.expect("a store");
        let mut ids = instance
            .run_concurrent(async |calls| {
                let store = store.concurrent(calls);
                join_all((0..CALLS).map(async |visitor| {
                    let session = store.start().await;
                    let json = format!("[{visitor}]");
                    assert_eq!(session.set("mine", &json).await, Ok(()));
                    assert_eq!(session.increment("visits", visitor as i64).await, Ok(visitor as i64));
                    assert_eq!(session.rotate(&[]).await, Ok(()));
                    assert_eq!(session.get("mine").await, Ok(Some(json)));
                    let id = session.known_id().await;
                    let headers = session.response_headers().await;
                    assert!(headers.iter().any(|(_, value)| value.contains(&id)), "another's cookie");
                    id
                }))
                .await
            })
            .await;
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), CALLS);
        assert_eq!(bench.sockets().statistics().connects, 1);
    });
}

#[test]
fn an_error_is_told_to_the_call_that_made_it() {
    run(async |bench| {
        let instance = bench.instance().await;
        let store = instance.store(&bench.options()).await.expect("a store");
        let session = store.start().await;
        assert_eq!(session.set("text", "\"text\"").await, Ok(()));
        let large = format!("{:?}", "x".repeat(100_000));
        assert_eq!(session.set("large", &large).await, Ok(()));
        instance
            .run_concurrent(async |calls| {
                let session = session.concurrent(calls);
                join_all((0..CALLS).map(async |call| match call % 4 {
                    0 => assert_eq!(session.increment("text", 1).await, Err(Error::NotANumber("text".to_owned()))),
                    1 => assert!(session.get("large").await == Ok(Some(large.clone())), "another's answer"),
                    2 => assert!(matches!(session.set("json", "{").await, Err(Error::InvalidArgument(_)))),
                    _ => assert_eq!(session.increment(&format!("own {call}"), 7).await, Ok(7)),
                }))
                .await;
            })
            .await;
        assert_eq!(bench.sockets().statistics().connects, 1);
    });
}

#[test]
fn transactions_have_connections_of_their_own() {
    run(async |bench| {
        let instance = bench.instance().await;
        let options = bench.options().scripts(false).timeouts(2_000_u32, 60_000_u32);
        let store = instance.store(&options).await.expect("a store");
        instance
            .run_concurrent(async |calls| {
                let store = store.concurrent(calls);
                join_all((0..CALLS).map(async |visitor| {
                    let session = store.start().await;
                    for sum in 1..=4 {
                        assert_eq!(session.increment("visits", 1).await, Ok(sum));
                    }
                    assert_eq!(session.get("visits").await, Ok(Some("4".to_owned())), "visitor {visitor}");
                }))
                .await;
            })
            .await;
        let connects = bench.sockets().statistics().connects;
        // One that is shared, and as many as the component allows for transactions.
        assert!((2..=17).contains(&connects), "{connects} connections");
    });
}

#[test]
fn when_the_connection_fails_each_call_gets_its_own_right_answer() {
    run(async |bench| {
        // The first ones make Redis know the script; then some are answered before.
        let is_lost = AtomicBool::new(false);
        let loses = move |request: &Request| {
            request.name() == "EVALSHA" && request.number > 40 && !is_lost.swap(true, Ordering::SeqCst)
        };
        let proxy = Proxy::start(bench.server().port(), Behaviour::SwallowAnswer(Box::new(loses))).await;
        let proxy = proxy.expect("a proxy");
        let instance = bench.instance().await;
        let store = instance.store(&Options::new(proxy.url())).await.expect("a store");
        let session = store.start().await;
        assert_eq!(session.set("n", "0").await, Ok(()));
        let sums = instance
            .run_concurrent(async |calls| {
                let session = session.concurrent(calls);
                let increments = join_all((0..CALLS).map(async |call| session.increment(&format!("{call}"), 1).await));
                let reads = join_all((0..CALLS).map(async |_| session.contains("n").await));
                let (sums, reads) = join(increments, reads).await;
                assert_eq!(reads, vec![Ok(true); CALLS]);
                sums
            })
            .await;
        let fields = bench.redis().visible_fields(&format!("drsession:{}", session.known_id().await));
        let mut unknown = 0;
        for (call, sum) in sums.into_iter().enumerate() {
            let stored = fields.get(call.to_string().as_bytes()).map(Vec::as_slice);
            match sum {
                Ok(sum) => assert_eq!((sum, stored), (1, Some(&b"1"[..])), "call {call}"),
                Err(Error::OutcomeUnknown(_)) => {
                    unknown += 1;
                    assert!(stored.is_none_or(|stored| stored == b"1"), "call {call} was sent twice");
                }
                Err(error) => panic!("call {call}: {error:?}"),
            }
        }
        assert!((1..CALLS).contains(&unknown), "{unknown} of {CALLS}");
        assert_eq!(bench.sockets().statistics().connects, 2);
    });
}

#[test]
fn calls_that_share_a_silent_connection_or_wait_for_one_end() {
    run(async |bench| {
        let server = ScriptedServer::start(|_| Vec::new()).await.expect("a server");
        for scripts in [true, false] {
            let instance = bench.instance().await;
            let options = Options::new(server.url()).scripts(scripts).timeouts(5_000_u32, 100_u32);
            let store = instance.store(&options).await.expect("a store");
            let told = instance.run_concurrent(async |calls| {
                let store = store.concurrent(calls);
                join_all((0..CALLS).map(async |_| store.start().await.set("field", "1").await)).await
            });
            let told = told.await;
            for told in told {
                assert!(
                    matches!(told, Err(Error::OutcomeUnknown(_) | Error::Unavailable(_) | Error::Busy)),
                    "{told:?}"
                );
            }
        }
    });
}

#[test]
fn an_instance_takes_no_more_memory_after_ten_times_the_calls() {
    run(async |bench| {
        let sizes = memory_after(&bench, [20_000, 200_000]).await;
        assert_eq!(sizes[0], sizes[1]);
    });
}
