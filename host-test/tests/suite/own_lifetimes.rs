//! Lifetimes that a session has in place of its store's.

use host_test::{bench::Bench, operation::set, session::Error};

use super::{
    calls::{Kind, of_kind},
    expiry::{created, expect_expiry, move_creation, wait_for},
    support::{UNKNOWN_ID, attached, cookie, cookie_of, everything, in_both_modes, key_of, stored, undecided, warm_up},
};

pub(crate) async fn a_sessions_own_lifetime_ends_it_too(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for (idle, absolute) in [(Some(1), None), (None, Some(1))] {
            let session = stored(&store).await;
            assert_eq!(session.set_lifetime(idle, absolute).await, Ok(()));
            let mut redis = bench.redis();
            let end = redis.time() + 1_000;
            wait_for(&mut redis, end).await;
            assert_eq!(session.get("field").await, Err(Error::Gone));
            assert_eq!(redis.dbsize(), 0);
        }
    })
    .await;
}

pub(crate) async fn a_sessions_own_lifetimes_count_in_every_store(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.clone().idle_lifetime(1_000)).await;
        let other_store = bench.store(&options.idle_lifetime(2_000).absolute_lifetime(1_500)).await;
        let mut redis = bench.redis();
        for (idle, absolute, expected) in [
            (Some(300), None, Some(300)),
            (None, Some(400), Some(400)),
            (Some(600), Some(500), Some(500)),
            (None, None, None),
        ] {
            let session = stored(&store).await;
            assert_eq!(session.set_lifetime(idle, absolute).await, Ok(()));
            let key = key_of(&session).await;
            for store in [&store, &other_store] {
                match expected {
                    Some(seconds) => expect_expiry(&mut redis, &key, seconds),
                    None => assert_eq!(redis.pttl(&key), -1),
                }
                assert_eq!(attached(store, &session).await.touch().await, Ok(()));
            }
            let own = [("\0idle", idle), ("\0absolute", absolute)];
            for (field, seconds) in own {
                let expected = seconds.unwrap_or(0).to_string().into_bytes();
                assert_eq!(redis.hget(&key, field), Some(expected));
            }
        }
    })
    .await;
}

pub(crate) async fn an_own_absolute_lifetime_starts_anew(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.absolute_lifetime(1_000)).await;
        let session = stored(&store).await;
        let key = key_of(&session).await;
        let mut redis = bench.redis();
        move_creation(&mut redis, &key, 500);
        assert_eq!(session.touch().await, Ok(()));
        expect_expiry(&mut redis, &key, 500);
        let before = redis.time();
        assert_eq!(session.set_lifetime(None, Some(1_000)).await, Ok(()));
        expect_expiry(&mut redis, &key, 1_000);
        assert!((before..=redis.time()).contains(&created(&mut redis, &key)));
    })
    .await;
}

pub(crate) async fn an_own_lifetime_waits_for_the_first_write_and_goes_out_with_it(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let mut redis = bench.redis();
        warm_up(&store).await;
        redis.command::<()>("FLUSHALL");
        for call in of_kind(&[Kind::Creates]) {
            for handle in [store.start().await, store.from_cookie(&cookie(UNKNOWN_ID)).await] {
                assert_eq!(handle.set_lifetime(Some(300), Some(400)).await, Ok(()));
                assert_eq!(redis.dbsize(), 0, "it alone stores nothing");
                let (written, with_lifetime) = bench.round_trips(call.on(&handle)).await;
                assert_eq!(written, Ok(()), "{}", call.name);
                let key = key_of(&handle).await;
                expect_expiry(&mut redis, &key, 300);
                assert_eq!(redis.hget(&key, "\0idle"), Some(b"300".to_vec()));
                assert_eq!(redis.hget(&key, "\0absolute"), Some(b"400".to_vec()));
                let (_, without) = bench.round_trips(call.on(&store.start().await)).await;
                assert_eq!(with_lifetime, without, "{}", call.name);
                // Once out, it does not go out again.
                redis.hset(&key, "\0idle", "200");
                assert_eq!(handle.set("field", "1").await, Ok(()));
                assert_eq!(redis.hget(&key, "\0idle"), Some(b"200".to_vec()));
                redis.command::<()>("FLUSHALL");
            }
        }
    })
    .await;
}

pub(crate) async fn a_waiting_lifetime_stays_through_rotate_and_ends_with_restart(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(1_000)).await;
        let mut redis = bench.redis();
        for (turn, expected) in [("rotate", 300), ("rotate, storing", 300), ("restart", 1_000)] {
            let session = store.start().await;
            assert_eq!(session.set_lifetime(Some(300), None).await, Ok(()));
            match turn {
                "rotate" => assert_eq!(session.rotate(&[]).await, Ok(())),
                "rotate, storing" => assert_eq!(session.rotate(&[set("user", "2")]).await, Ok(())),
                _ => assert_eq!(session.restart().await, Ok(())),
            }
            assert_eq!(session.set("field", "1").await, Ok(()));
            expect_expiry(&mut redis, &key_of(&session).await, expected);
        }
    })
    .await;
}

pub(crate) async fn a_session_begun_again_after_its_end_has_its_own_lifetimes(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(1_000)).await;
        let mut redis = bench.redis();
        let session = stored(&store).await;
        assert_eq!(session.set_lifetime(Some(300), None).await, Ok(()));
        assert_eq!(session.destroy().await, Ok(()));
        assert_eq!(session.restart().await, Ok(()));
        assert_eq!(session.set("field", "1").await, Ok(()));
        expect_expiry(&mut redis, &key_of(&session).await, 1_000);
        assert!(!cookie_of(&session).await.expect("a cookie").removes());
    })
    .await;
}

pub(crate) async fn zero_seconds_are_refused(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let instance = bench.instance().await;
        for refused in [options.clone().idle_lifetime(0), options.clone().absolute_lifetime(0)] {
            let refused = instance.store(&refused).await.map(drop);
            assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{refused:?}");
        }
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let before = everything(&mut bench.redis());
        for handle in [undecided(&store, &session).await, session, store.start().await] {
            for (idle, absolute) in [(Some(0), None), (None, Some(0)), (Some(0), Some(0)), (Some(10), Some(0))] {
                let (refused, round_trips) = bench.round_trips(handle.set_lifetime(idle, absolute)).await;
                assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{refused:?}");
                assert_eq!(round_trips, 0);
            }
        }
        assert_eq!(everything(&mut bench.redis()), before);
    })
    .await;
}
