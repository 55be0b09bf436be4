//! Sessions that are not stored yet, and what stores them.

use host_test::{
    bench::Bench,
    operation::{compare_and_set, delete, set},
    session::{Error, Found, Outcome, Session, Swap},
};

use super::support::{
    Loss, LossyWay, UNKNOWN_ID, cookie, cookie_of, expect_outcome_unknown, in_both_modes, key, key_of,
};

pub(crate) async fn rotate_through_an_undecided_handle_that_finds_nothing_creates(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let handle = store.from_cookie(&cookie(UNKNOWN_ID)).await;
        assert_eq!(handle.rotate(&[set("user", "2")]).await, Ok(()));
        expect_created_by_rotate(&bench, &handle).await;
        assert_eq!(handle.found().await, Ok(Found::UnknownId));
    })
    .await;
}

pub(crate) async fn rotate_of_a_new_session_creates(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let handle = bench.store(&options).await.start().await;
        assert_eq!(handle.rotate(&[set("user", "2"), delete("field")]).await, Ok(()));
        expect_created_by_rotate(&bench, &handle).await;
        assert_eq!(handle.found().await, Ok(Found::NoCookie));
    })
    .await;
}

async fn expect_created_by_rotate(bench: &Bench, handle: &Session) {
    let id = handle.known_id().await;
    assert_ne!(id, UNKNOWN_ID);
    assert_eq!(bench.redis().keys(), [key(&id)]);
    assert_eq!(bench.redis().visible_fields(&key(&id)), [(b"user".to_vec(), b"2".to_vec())].into());
    let set_cookie = cookie_of(handle).await.expect("a cookie");
    assert_eq!(set_cookie.value(), id);
}

pub(crate) async fn rotate_where_nothing_is_stored_and_nothing_is_to_be_only_takes_a_new_id(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for handle in [store.start().await, store.from_cookie(&cookie(UNKNOWN_ID)).await] {
            for writes in [vec![], vec![delete("field")]] {
                let former = handle.id().await;
                assert_eq!(handle.rotate(&writes).await, Ok(()));
                assert_ne!(handle.id().await, former);
                assert_ne!(handle.known_id().await, UNKNOWN_ID);
                assert_eq!(bench.redis().dbsize(), 0);
            }
            assert_eq!(handle.response_headers().await, []);
        }
    })
    .await;
}

pub(crate) async fn compare_and_set_where_nothing_is_stored_compares_with_nothing(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for handle in [store.start().await, store.from_cookie(&cookie(UNKNOWN_ID)).await] {
            let conflict = Ok(Swap::Conflict(None));
            assert_eq!(handle.compare_and_set("a", Some("1"), Some("2")).await, conflict);
            assert_eq!(handle.compare_and_set("a", Some("1"), None).await, conflict);
            assert_eq!(handle.compare_and_set("a", None, None).await, Ok(Swap::Stored));
            assert_eq!(bench.redis().dbsize(), 0);
            assert_eq!(handle.compare_and_set("a", None, Some("2")).await, Ok(Swap::Stored));
            assert_eq!(bench.redis().hget(&key_of(&handle).await, "a"), Some(b"2".to_vec()));
            assert!(cookie_of(&handle).await.is_some());
            bench.redis().command::<()>("FLUSHALL");
        }
    })
    .await;
}

pub(crate) async fn a_batch_that_conflicts_where_nothing_is_stored_creates_nothing(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for handle in [store.start().await, store.from_cookie(&cookie(UNKNOWN_ID)).await] {
            let batch = [set("a", "1"), compare_and_set("b", Some("1"), Some("2")), set("c", "3")];
            let expected = vec![Outcome::Done, Outcome::Swap(Swap::Conflict(None))];
            assert_eq!(handle.apply(&batch).await, Ok(expected));
            assert_eq!(bench.redis().dbsize(), 0);
            assert_eq!(handle.get("a").await, Ok(None));
            assert_eq!(handle.response_headers().await, []);
        }
    })
    .await;
}

pub(crate) async fn writes_create_until_one_is_acknowledged(bench: Bench) {
    let way = LossyWay::open(&bench).await;
    way.in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        // Whether the first write has reached Redis or not.
        for (reached, sum) in [(true, 2), (false, 1)] {
            let session = store.start().await;
            way.lose(Loss::NextWrite);
            expect_outcome_unknown(session.increment("n", 1).await);
            let key = key_of(&session).await;
            if !reached {
                assert!(bench.redis().del(&key));
            }
            assert_eq!(session.increment("n", 1).await, Ok(sum));
            assert_eq!(cookie_of(&session).await.expect("a cookie").value(), session.known_id().await);
            assert!(bench.redis().pttl(&key) > 0);
            // Acknowledged, it is not made again.
            assert!(bench.redis().del(&key));
            assert_eq!(session.increment("n", 1).await, Err(Error::Gone));
        }
    })
    .await;
}

pub(crate) async fn a_creation_that_is_not_acknowledged_yields_no_cookie(bench: Bench) {
    let way = LossyWay::open(&bench).await;
    way.in_both_modes(&bench, async |options| {
        let session = bench.store(&options).await.start().await;
        way.lose(Loss::NextWrite);
        expect_outcome_unknown(session.set("field", "1").await);
        assert_eq!(session.response_headers().await, []);
    })
    .await;
}

pub(crate) async fn a_read_that_finds_a_creation_acknowledges_it(bench: Bench) {
    let way = LossyWay::open(&bench).await;
    way.in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for (reached, found) in [(true, Some("1".to_owned())), (false, None)] {
            let session = store.start().await;
            way.lose(Loss::NextWrite);
            expect_outcome_unknown(session.set("field", "1").await);
            if !reached {
                assert!(bench.redis().del(&key_of(&session).await));
            }
            assert_eq!(session.get("field").await, Ok(found));
            assert_eq!(cookie_of(&session).await.is_some(), reached);
        }
    })
    .await;
}

pub(crate) async fn a_creation_that_redis_refuses_can_be_made_again(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let session = bench.store(&options).await.start().await;
        let mut redis = bench.redis();
        redis.command::<()>("CONFIG SET maxmemory 1");
        for _ in 0..2 {
            let refused = session.set("field", "1").await;
            assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        }
        redis.command::<()>("CONFIG SET maxmemory 0");
        assert_eq!(redis.dbsize(), 0);
        assert_eq!(session.set("field", "1").await, Ok(()));
        assert_eq!(redis.keys(), [key_of(&session).await]);
        assert_eq!(cookie_of(&session).await.expect("a cookie").value(), session.known_id().await);
    })
    .await;
}
