//! Several servers: a cluster's nodes, and a primary that sentinels name.
//!
//! A case is a function here, and a test for each flavour.

#[path = "../suite/calls.rs"]
mod calls;
mod fail_over;
mod writer;

use std::net::TcpListener;

use calls::Kind;
use fail_over::{no_acknowledged_write_is_lost_where_a_replica_is_waited_for, writes_go_on_when_a_replica_takes_over};
use host_test::{
    component::Flavour,
    dead_port::DeadPort,
    instance::Instance,
    options::Options,
    redis_client::RedisClient,
    redis_cluster::RedisCluster,
    rights::{Need, grant, rules},
    sentinel::Sentinels,
    session::{Error, Session, Store},
};
use writer::{COUNT, Writers};

macro_rules! cases {
    ([$($flavour:ident: $variant:ident),+], $cases:tt) => {
        $(
            mod $flavour {
                cases!(@tests $variant, $cases);
            }
        )+
    };
    (@tests $variant:ident, { $($case:ident),+ $(,)? }) => {
        $(
            #[test]
            fn $case() {
                host_test::bench::block_on(crate::$case(host_test::component::Flavour::$variant));
            }
        )+
    };
}

cases! {
    [blocking: Blocking, asynchronous: Async],
    {
        every_call_works_wherever_the_session_lies,
        nodes_that_are_down_are_passed_over,
        no_write_is_lost_while_slots_move,
        writes_go_on_when_a_replica_takes_over,
        no_acknowledged_write_is_lost_where_a_replica_is_waited_for,
        the_primary_is_found_by_its_name_and_followed,
        a_name_that_no_sentinel_knows_is_told,
    }
}

/// Options for this address and a user who can do no more than it takes.
fn options(url: &str, servers: impl IntoIterator<Item = RedisClient>, scripts: bool, places: &[Need]) -> Options {
    let mode = if scripts { Need::Scripts } else { Need::NoScripts };
    for mut redis in servers {
        grant(&mut redis, "visitor", "word", &rules(&[&[Need::Always, mode], places].concat()));
    }
    Options::new(url.replace("redis://", "redis://visitor:word@")).scripts(scripts)
}

/// The same for a cluster.
fn cluster_options(cluster: &RedisCluster, scripts: bool) -> Options {
    options(&cluster.url(), cluster.connections(), scripts, &[Need::Cluster])
}

/// A store of an instance of its own.
async fn store(flavour: Flavour, options: &Options) -> Store {
    let store = Instance::start(flavour).await.store(options).await;
    store.unwrap_or_else(|error| panic!("the store does not open: {error:?}"))
}

/// A session that is stored: `field` is `1`.
async fn stored(store: &Store) -> Session {
    let session = store.start().await;
    assert_eq!(session.set("field", "1").await.or_else(but_not_replicated), Ok(()));
    session
}

async fn key_of(session: &Session) -> String {
    format!("drsession:{}", session.known_id().await)
}

/// Calls until it succeeds. Until then nothing may be told but that it cannot be done now, or may have been.
async fn until_done<T>(call: impl AsyncFn() -> Result<T, Error>) -> (T, u32) {
    let mut failures = 0;
    loop {
        match call().await {
            Ok(result) => return (result, failures),
            Err(error) => assert!(passes(&error), "after {failures} failures: {error:?}"),
        }
        failures += 1;
    }
}

fn passes(error: &Error) -> bool {
    matches!(error, Error::Unavailable(_) | Error::OutcomeUnknown(_))
}

/// Where a write is done and that is all that matters: fewer replicas may have it than were waited for.
fn but_not_replicated(error: Error) -> Result<(), Error> {
    if matches!(error, Error::NotReplicated(_)) { Ok(()) } else { Err(error) }
}

async fn every_call_works_wherever_the_session_lies(flavour: Flavour) {
    const ROUNDS: usize = 3;
    let cluster = RedisCluster::start().expect("a cluster");
    let kinds = [Kind::Reads, Kind::Creates, Kind::Changes, Kind::Rotates, Kind::Destroys];
    for (scripts, protocol) in [(true, 2), (true, 3), (false, 2), (false, 3)] {
        println!("scripts {scripts}, protocol {protocol}");
        let url = format!("{}&protocol={protocol}", cluster.url());
        let options = options(&url, cluster.connections(), scripts, &[Need::Cluster]);
        let store = store(flavour, &options).await;
        for call in calls::of_kind(&kinds).flat_map(|call| [call; ROUNDS]) {
            let session = stored(&store).await;
            let again = store.attach(&session.known_id().await).await.expect("a well-formed id");
            assert_eq!(again.get("field").await, Ok(Some("1".to_owned())), "scripts {scripts}");
            assert_eq!(call.on(&session).await, Ok(()), "{}, scripts {scripts}", call.name);
            if call.kind != Kind::Destroys {
                let moved = store.attach(&session.known_id().await).await.expect("a well-formed id");
                assert_eq!(moved.ttl().await.map(|seconds| seconds.is_some()), Ok(true), "{}", call.name);
            }
        }
        for mut primary in cluster.primaries() {
            assert!(primary.dbsize() > 0, "a primary without sessions, scripts {scripts}");
            primary.command::<()>("FLUSHALL");
        }
    }
}

async fn nodes_that_are_down_are_passed_over(flavour: Flavour) {
    let cluster = RedisCluster::start().expect("a cluster");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = silent.local_addr().expect("its address");
    let dead_ports = [DeadPort::bind(), DeadPort::bind()];
    let [dead, another] = dead_ports.each_ref().map(DeadPort::address);
    for port in cluster.ports() {
        let url = format!("redis://{dead},{silent},127.0.0.1:{port},{another}?cluster=true");
        let store = store(flavour, &Options::new(url)).await;
        for _ in 0..16 {
            let session = stored(&store).await;
            assert_eq!(session.get("field").await, Ok(Some("1".to_owned())));
        }
    }
    let url = format!("redis://{dead},{another}?cluster=true");
    let session = store(flavour, &Options::new(url)).await.start().await;
    assert_eq!(session.set("field", "1").await, Err(Error::Unavailable("connection refused".to_owned())));
}

async fn no_write_is_lost_while_slots_move(flavour: Flavour) {
    const WRITERS: usize = 4;
    const MOVES: usize = 4;
    let cluster = RedisCluster::start().expect("a cluster");
    for scripts in [true, false] {
        let options = cluster_options(&cluster, scripts);
        let (mut sessions, mut slots) = (Vec::new(), Vec::new());
        for _ in 0..WRITERS {
            let session = stored(&store(flavour, &options).await).await;
            slots.push(cluster.slot(&key_of(&session).await));
            sessions.push(session);
        }
        let writers = Writers::start(sessions, true);
        for slot in slots.into_iter().flat_map(|slot| [slot; MOVES]) {
            cluster.move_slot(slot).expect("a slot that moves");
            writers.wait();
        }
        for writer in writers.end().await {
            println!("scripts {scripts}: {}", writer.told);
            let written = writer.written().await;
            let lost = writer.lost(&written);
            assert!(lost.is_empty(), "scripts {scripts}: acknowledged writes are lost: {lost:?}");
            let key = key_of(&writer.session).await;
            let stored = cluster.primary_of(cluster.slot(&key)).expect("a primary").hget(&key, COUNT);
            assert_eq!(stored, Some(written.len().to_string().into_bytes()));
        }
    }
}

async fn the_primary_is_found_by_its_name_and_followed(flavour: Flavour) {
    let mut sentinels = Sentinels::start().expect("sentinels");
    let dead = DeadPort::bind();
    let url = sentinels.url().replace("redis://", &format!("redis://{},", dead.address()));
    let options = options(&url, sentinels.connections(), true, &[Need::Primary]);
    let store = store(flavour, &options).await;
    let session = stored(&store).await;
    let field = sentinels.primary().expect("a primary").hget(&key_of(&session).await, "field");
    assert_eq!(field, Some(b"1".to_vec()));
    sentinels.await_replication().expect("replicas");
    sentinels.kill_primary().expect("a primary");
    let ((), failures) = until_done(async || session.set("field", "2").await).await;
    println!("{failures} calls failed");
    let field = sentinels.primary().expect("a primary").hget(&key_of(&session).await, "field");
    assert_eq!(field, Some(b"2".to_vec()));
    let resp3 = self::options(&format!("{url}&protocol=3"), sentinels.connections(), true, &[Need::Primary]);
    for options in [options, resp3] {
        let another = self::store(flavour, &options).await.attach(&session.known_id().await).await;
        assert_eq!(another.expect("a well-formed id").get("field").await, Ok(Some("2".to_owned())));
    }
}

async fn a_name_that_no_sentinel_knows_is_told(flavour: Flavour) {
    let sentinels = Sentinels::start().expect("sentinels");
    let url = sentinels.url().replace("sentinel=sessions", "sentinel=another");
    let session = store(flavour, &Options::new(url)).await.start().await;
    let result = session.set("field", "1").await;
    assert!(matches!(&result, Err(Error::Unavailable(text)) if text.contains("no primary")), "{result:?}");
}
