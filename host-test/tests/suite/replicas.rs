//! Writes that wait until replicas have them.

use host_test::{
    bench::Bench,
    options::Options,
    redis_server::RedisServer,
    session::{Error, Operation, Swap},
};

use super::support::{cookie_of, key, stored};

/// A replica of the bench's Redis, in step with it.
fn replica(bench: &Bench) -> RedisServer {
    let primary = format!("replicaof 127.0.0.1 {}", bench.server().port());
    let replica = RedisServer::builder().setting(&primary).start().expect("a replica");
    bench.redis().await_replicas(1).expect("a replica in step");
    replica
}

/// By scripts and by transactions, as a user who may WAIT.
async fn in_both_ways(bench: &Bench, block: impl AsyncFn(Options)) {
    for scripts in [true, false] {
        block(bench.options().scripts(scripts)).await;
    }
}

pub(crate) async fn a_write_is_on_the_replica_when_the_call_returns(bench: Bench) {
    let replica = replica(&bench);
    in_both_ways(&bench, async |options| {
        let store = bench.store(&options.replicas(1_u32, 1_500_u32)).await;
        let session = store.start().await;
        for number in 0..50 {
            assert_eq!(session.set("n", &number.to_string()).await, Ok(()));
            let key = key(&session.id().await.expect("an id"));
            assert_eq!(replica.connection().hget(&key, "n"), Some(number.to_string().into_bytes()));
        }
        assert_eq!(session.rotate(&[]).await, Ok(()));
        let key = key(&session.id().await.expect("an id"));
        assert_eq!(replica.connection().hget(&key, "n"), Some(b"49".to_vec()));
        assert_eq!(session.destroy().await, Ok(()));
        assert_eq!(replica.connection().hget(&key, "n"), None);
    })
    .await;
}

pub(crate) async fn what_too_few_replicas_have_is_told_and_done_all_the_same(bench: Bench) {
    let _replica = replica(&bench);
    let too_few = Err(Error::NotReplicated(1));
    in_both_ways(&bench, async |options| {
        let store = bench.store(&options.replicas(2_u32, 500_u32)).await;
        let session = store.start().await;
        assert_eq!(session.set("field", "1").await, too_few);
        assert_eq!(session.get("field").await, Ok(Some("1".to_owned())), "who reads waits for nobody");
        assert_eq!(session.increment("field", 1).await, Err(Error::NotReplicated(1)));
        assert_eq!(session.get("field").await, Ok(Some("2".to_owned())), "once");
        let before = session.id().await;
        let writes = [Operation::Set(("user".to_owned(), "1".to_owned()))];
        assert_eq!(session.rotate(&writes).await, too_few);
        assert_ne!(session.id().await, before);
        assert_eq!(session.get("user").await, Ok(Some("1".to_owned())));
        assert_eq!(session.destroy().await, too_few);
        assert_eq!(session.get("user").await, Err(Error::Gone));
        assert!(cookie_of(&session).await.expect("a cookie").removes());
    })
    .await;
}

pub(crate) async fn what_wrote_nothing_is_told_as_such_whatever_replicas_have(bench: Bench) {
    in_both_ways(&bench, async |options| {
        // There are none.
        let store = bench.store(&options.replicas(1_u32, 1_u32)).await;
        let session = store.start().await;
        assert_eq!(session.set("field", "1").await, Err(Error::NotReplicated(0)));
        assert_eq!(session.set_if_absent("field", "2").await, Ok(false));
        let conflict = Swap::Conflict(Some("1".to_owned()));
        assert_eq!(session.compare_and_set("field", Some("2"), Some("3")).await, Ok(conflict));
        assert_eq!(session.delete("other").await, Ok(false));
        assert_eq!(session.pop("other").await, Ok(None));

        let other = store.attach(&session.known_id().await).await.expect("a well-formed id");
        assert_eq!(other.destroy().await, Err(Error::NotReplicated(0)));
        assert_eq!(session.set("field", "2").await, Err(Error::Gone));
        assert_eq!(session.touch().await, Err(Error::Gone));
        assert_eq!(session.response_headers().await.len(), 3, "what the first write made");

        let late = store.attach(&session.known_id().await).await.expect("a well-formed id");
        assert_eq!(late.destroy().await, Ok(()), "somebody else has ended it");
        assert!(cookie_of(&late).await.is_none());
    })
    .await;
}

pub(crate) async fn waiting_is_part_of_the_writes_round_trip(bench: Bench) {
    let _replica = replica(&bench);
    let store = bench.store(&bench.options().replicas(1_u32, 1_500_u32)).await;
    let session = stored(&store).await;
    let (result, round_trips) = bench.round_trips(session.set("field", "2")).await;
    assert_eq!((result, round_trips), (Ok(()), 1));
}
