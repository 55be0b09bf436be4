//! A primary that is killed while sessions are written.

use std::time::{Duration, Instant};

use futures::future::join;
use host_test::{
    component::Flavour,
    options::Options,
    redis_cluster::RedisCluster,
    rights::Need,
    session::{Error, Store},
    waiting::ample,
};
use tokio::time::{sleep, timeout};

use crate::{but_not_replicated, cluster_options, key_of, options, store, stored, until_done, writer::Writers};

/// How long a write waits for a replica, in milliseconds.
const REPLICATION_LIMIT: u32 = 1_500;
/// What the component allows a call: two seconds for connecting, and two for an answer, in which it waits for replicas.
const CALL_LIMIT: Duration = Duration::from_secs(4);
/// A cluster that takes longer replaces nobody.
const TAKE_OVER_LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at who is primary.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) async fn writes_go_on_when_a_replica_takes_over(flavour: Flavour) {
    for scripts in [true, false] {
        let lost = kill_under_load(flavour, scripts, false).await;
        // What the replica had not got yet is lost: nobody waited for it.
        println!("scripts {scripts}, no replica waited for: {lost} acknowledged writes lost");
    }
}

pub(crate) async fn no_acknowledged_write_is_lost_where_a_replica_is_waited_for(flavour: Flavour) {
    for scripts in [true, false] {
        let lost = kill_under_load(flavour, scripts, true).await;
        assert_eq!(lost, 0, "scripts {scripts}: acknowledged writes are lost");
    }
}

/// Kills one of three primaries while sessions on all of them are written, by callers who wait for a replica or don't. Returns
/// how many acknowledged writes are lost once the replica has taken over.
async fn kill_under_load(flavour: Flavour, scripts: bool, waits: bool) -> usize {
    const WRITERS: usize = 12;
    let mut cluster = RedisCluster::start().expect("a cluster");
    let options = if waits {
        let needs = [Need::Cluster, Need::Replicas];
        options(&cluster.url(), cluster.connections(), scripts, &needs).replicas(1_u32, REPLICATION_LIMIT)
    } else {
        cluster_options(&cluster, scripts)
    };
    let store = store(flavour, &options).await;
    let session = stored(&store).await;
    let mut sessions = Vec::new();
    for _ in 0..WRITERS {
        sessions.push(stored(&self::store(flavour, &options).await).await);
    }
    let bereft = sessions[0].known_id().await;
    let slot = cluster.slot(&key_of(&sessions[0]).await);
    let writers = Writers::start(sessions, false);
    writers.wait();
    until_done(async || session.set("field", "2").await.or_else(but_not_replicated)).await;
    cluster.await_replication().expect("replicas");
    cluster.kill_primary_of(slot).expect("a primary");
    await_going_on(&cluster, slot, &store, &bereft, waits).await;

    let mut lost = 0;
    for writer in writers.end().await {
        lost += writer.lost(&writer.written().await).len();
        println!("{}", writer.told);
        until_done(async || writer.session.set("field", "3").await.or_else(but_not_replicated)).await;
    }
    until_done(async || session.rotate(&[]).await.or_else(but_not_replicated)).await;
    expect_found_anew(flavour, &options, &session.known_id().await).await;
    lost
}

/// Writes to a session whose primary was killed until that is done again: at the latest when the replica has taken over, but
/// for the calls that were under way then.
async fn await_going_on(cluster: &RedisCluster, slot: u16, store: &Store, id: &str, waits: bool) {
    let session = store.attach(id).await.expect("a well-formed id");
    let killed = Instant::now();
    let taken_over = async {
        while cluster.primary_of(slot).is_err() {
            sleep(PAUSE).await;
        }
        killed.elapsed()
    };
    let gone_on = async {
        let write = async || match session.set("field", "2").await {
            // The replica that took over has none of its own.
            Err(Error::NotReplicated(0)) if waits => Ok(true),
            Ok(()) => Ok(false),
            Err(error) => Err(error),
        };
        let (is_alone, failures) = until_done(write).await;
        assert_eq!(is_alone, waits, "nobody but the replica that took over has it");
        (killed.elapsed(), failures)
    };
    let most = TAKE_OVER_LIMIT + ample(CALL_LIMIT);
    let both = timeout(most, join(taken_over, gone_on)).await;
    let (taken_over, (gone_on, failures)) = both.unwrap_or_else(|_| panic!("writes do not go on within {most:?}"));
    println!("the replica took over after {taken_over:?}, writes went on after {gone_on:?}, {failures} calls failed");
    let most = taken_over + ample(CALL_LIMIT);
    assert!(gone_on <= most, "writes went on after {gone_on:?}, where the replica took over after {taken_over:?}");
}

/// Who comes anew finds the session, though some of the nodes in the list are gone.
async fn expect_found_anew(flavour: Flavour, options: &Options, id: &str) {
    let session = store(flavour, options).await.attach(id).await.expect("a well-formed id");
    let (field, _) = until_done(async || session.get("field").await).await;
    assert_eq!(field.as_deref(), Some("2"));
}
