//! Several servers: a cluster's nodes, and a primary that sentinels name.
//!
//! A case is a function here, and a test for each flavour.

#[path = "suite/calls.rs"]
mod calls;

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use calls::Kind;
use futures::future::join;
use host_test::{
    component::Flavour,
    instance::Instance,
    options::Options,
    redis_client::RedisClient,
    redis_cluster::RedisCluster,
    rights::{Need, grant, rules},
    sentinel::Sentinels,
    session::{Error, Session, Store},
};
use tokio::{task::JoinSet, time::sleep};

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
    assert_eq!(session.set("field", "1").await, Ok(()));
    session
}

async fn key_of(session: &Session) -> String {
    format!("drsession:{}", session.known_id().await)
}

/// The address of a port where nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
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
    for port in cluster.ports() {
        let url = format!("redis://{},{silent},127.0.0.1:{port},{}?cluster=true", nowhere(), nowhere());
        let store = store(flavour, &Options::new(url)).await;
        for _ in 0..16 {
            let session = stored(&store).await;
            assert_eq!(session.get("field").await, Ok(Some("1".to_owned())));
        }
    }
    let url = format!("redis://{},{}?cluster=true", nowhere(), nowhere());
    let session = store(flavour, &Options::new(url)).await.start().await;
    assert_eq!(session.set("field", "1").await, Err(Error::Unavailable("connection refused".to_owned())));
}

async fn no_write_is_lost_while_slots_move(flavour: Flavour) {
    const WRITERS: usize = 4;
    const MOVES: usize = 4;
    let cluster = RedisCluster::start().expect("a cluster");
    for scripts in [true, false] {
        let options = cluster_options(&cluster, scripts);
        let is_over = Arc::new(AtomicBool::new(false));
        let mut writers = JoinSet::new();
        let mut slots = Vec::new();
        for _ in 0..WRITERS {
            let session = stored(&store(flavour, &options).await).await;
            slots.push(cluster.slot(&key_of(&session).await));
            writers.spawn(write(session, true, is_over.clone()));
        }
        for slot in slots.into_iter().flat_map(|slot| [slot; MOVES]) {
            cluster.move_slot(slot).expect("a slot that moves");
        }
        is_over.store(true, Ordering::SeqCst);
        for (session, Told { acknowledged, unknown, .. }) in writers.join_all().await {
            println!("scripts {scripts}: {acknowledged} acknowledged, {unknown} unknown");
            assert!(acknowledged > MOVES as i64);
            let (count, _) = until_done(async || session.increment("count", 0).await).await;
            assert!((acknowledged..=acknowledged + unknown).contains(&count), "{count} of {acknowledged}");
            let slot = cluster.slot(&key_of(&session).await);
            let mut primary = cluster.primary_of(slot).expect("a primary");
            let stored = primary.hget(&key_of(&session).await, "count");
            assert_eq!(stored, Some(count.to_string().into_bytes()));
        }
    }
}

/// What a writer was told of its increments.
#[derive(Default)]
struct Told {
    acknowledged: i64,
    /// May be done, or may be undone when a replica takes over.
    unknown: i64,
    unavailable: i64,
}

/// Counts, and where told so moves to a new id now and then, until it is over.
async fn write(session: Session, rotates: bool, is_over: Arc<AtomicBool>) -> (Session, Told) {
    let mut told = Told::default();
    while !is_over.load(Ordering::SeqCst) {
        match session.increment("count", 1).await {
            Ok(_) => told.acknowledged += 1,
            Err(Error::OutcomeUnknown(_) | Error::NotReplicated(_)) => told.unknown += 1,
            Err(Error::Unavailable(_)) => told.unavailable += 1,
            Err(error) => panic!("after {} writes: {error:?}", told.acknowledged),
        }
        if rotates && told.acknowledged % 16 == 0 {
            while let Err(error) = session.rotate(&[]).await {
                assert!(passes(&error), "a rotation: {error:?}");
            }
        }
    }
    (session, told)
}

async fn writes_go_on_when_a_replica_takes_over(flavour: Flavour) {
    for scripts in [true, false] {
        let lost = kill_under_load(flavour, scripts, false).await;
        // What the replica had not got yet is lost: nobody waited for it.
        println!("scripts {scripts}, no replica waited for: {lost} acknowledged writes lost");
    }
}

async fn no_acknowledged_write_is_lost_where_a_replica_is_waited_for(flavour: Flavour) {
    for scripts in [true, false] {
        let lost = kill_under_load(flavour, scripts, true).await;
        println!("scripts {scripts}, one replica waited for: {lost} acknowledged writes lost");
        assert_eq!(lost, 0);
    }
}

/// Kills one of three primaries while sessions on all of them are written, by callers who wait for a replica or don't. Returns
/// how many acknowledged writes are lost once the replica has taken over.
async fn kill_under_load(flavour: Flavour, scripts: bool, waits: bool) -> i64 {
    const WRITERS: usize = 12;
    /// Between two looks at who is primary.
    const PAUSE: Duration = Duration::from_millis(20);
    let mut cluster = RedisCluster::start().expect("a cluster");
    let options = if waits {
        let needs = [Need::Cluster, Need::Replicas];
        options(&cluster.url(), cluster.connections(), scripts, &needs).replicas(1_u32, 1_500_u32)
    } else {
        cluster_options(&cluster, scripts)
    };
    let store = store(flavour, &options).await;
    let session = stored(&store).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut sessions = Vec::new();
    for _ in 0..WRITERS {
        sessions.push(stored(&self::store(flavour, &options).await).await);
    }
    let slot = cluster.slot(&key_of(&sessions[0]).await);
    let bereft = store.attach(&sessions[0].known_id().await).await.expect("a well-formed id");
    let mut writers = JoinSet::new();
    for session in sessions {
        writers.spawn(write(session, false, is_over.clone()));
    }
    let ((), _) = until_done(async || session.set("field", "2").await).await;
    cluster.await_replication().expect("replicas");
    cluster.kill_primary_of(slot).expect("a primary");
    let killed = Instant::now();
    let taken_over = async {
        while cluster.primary_of(slot).is_err() {
            sleep(PAUSE).await;
        }
        killed.elapsed()
    };
    let gone_on = async {
        let ((), failures) = until_done(async || bereft.set("field", "2").await.or_else(but_not_replicated)).await;
        (killed.elapsed(), failures)
    };
    let (taken_over, (gone_on, failures)) = join(taken_over, gone_on).await;
    println!("scripts {scripts}: the replica took over after {taken_over:?}");
    println!("scripts {scripts}: writes went on after {gone_on:?}, {failures} calls failed");
    is_over.store(true, Ordering::SeqCst);
    let mut lost = 0;
    let mut sum = Told::default();
    for (session, told) in writers.join_all().await {
        let (count, _) = until_done(async || session.get("count").await).await;
        let count: i64 = count.map_or(0, |text| text.parse().expect("a number"));
        let most = told.acknowledged + told.unknown;
        assert!(count > 0 && count <= most, "{count} where at most {most} were written");
        lost += (told.acknowledged - count).max(0);
        sum.acknowledged += told.acknowledged;
        sum.unknown += told.unknown;
        sum.unavailable += told.unavailable;
        until_done(async || session.set("field", "3").await.or_else(but_not_replicated)).await;
    }
    println!("{} acknowledged, {} unknown, {} unavailable", sum.acknowledged, sum.unknown, sum.unavailable);
    until_done(async || session.rotate(&[]).await.or_else(but_not_replicated)).await;
    // Who comes anew finds it, though some of the nodes in its list are gone.
    let another = self::store(flavour, &options).await.attach(&session.known_id().await).await;
    assert_eq!(another.expect("a well-formed id").get("field").await, Ok(Some("2".to_owned())));
    lost
}

/// The replica that took over has none of its own: what is written there is, and is said to be nowhere else.
fn but_not_replicated(error: Error) -> Result<(), Error> {
    if matches!(error, Error::NotReplicated(_)) { Ok(()) } else { Err(error) }
}

async fn the_primary_is_found_by_its_name_and_followed(flavour: Flavour) {
    let mut sentinels = Sentinels::start().expect("sentinels");
    let url = sentinels.url().replace("redis://", &format!("redis://{},", nowhere()));
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
