//! When sessions expire, by the server's clock.

use host_test::{
    bench::Bench,
    operation::set,
    redis_client::RedisClient,
    session::{Error, Found, Session},
};

use super::{
    calls::{CALLS, Kind, of_kind},
    expiry::{age, created, expect_expiry, move_creation, wait_for},
    support::{
        MARKER_LIFETIME, UNKNOWN_ID, attached, cookie, everything, in_both_modes, key, key_of, stored, undecided,
    },
};

pub(crate) async fn a_session_not_used_for_its_idle_lifetime_is_gone(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(1)).await;
        let session = stored(&store).await;
        let mut redis = bench.redis();
        let end = redis.time() + 1_000;
        wait_for(&mut redis, end).await;
        assert_eq!(redis.keys(), [""; 0]);
        assert_eq!(session.get("field").await, Err(Error::Gone));
        assert_eq!(session.set("field", "1").await, Err(Error::Gone));
        assert_eq!(undecided(&store, &session).await.found().await, Ok(Found::UnknownId));
        assert_eq!(redis.dbsize(), 0);
    })
    .await;
}

pub(crate) async fn a_session_in_use_ends_with_its_absolute_lifetime(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(100).absolute_lifetime(2)).await;
        let session = stored(&store).await;
        let key = key_of(&session).await;
        let mut redis = bench.redis();
        let end = created(&mut redis, &key) + 2_000;
        let mut uses = 0;
        while redis.time() < end {
            match session.touch().await {
                Ok(()) => uses += 1,
                Err(error) => assert_eq!((error, redis.time() >= end), (Error::Gone, true)),
            }
            let before = redis.time();
            if let Ok(left) = u64::try_from(redis.pttl(&key)) {
                assert!(before + left <= end + 1, "{left} ms are left at {before}, and it ends at {end}");
            }
        }
        assert!(uses > 0);
        wait_for(&mut redis, end).await;
        assert_eq!(session.touch().await, Err(Error::Gone));
        assert_eq!(redis.dbsize(), 0);
    })
    .await;
}

pub(crate) async fn the_earlier_of_the_two_lifetimes_counts(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let cases = [
            (Some(1_000), None, 1_000),
            (None, Some(2_000), 2_000),
            (Some(1_000), Some(2_000), 1_000),
            (Some(2_000), Some(1_000), 1_000),
        ];
        let mut redis = bench.redis();
        for (idle, absolute, expected) in cases {
            let options = options.clone().idle_lifetime(idle).absolute_lifetime(absolute);
            let store = bench.store(&options).await;
            let session = stored(&store).await;
            let key = key_of(&session).await;
            expect_expiry(&mut redis, &key, expected);
            // Half way through, use renews what is idle; the end comes when it has to.
            move_creation(&mut redis, &key, 1_500);
            age(&mut redis, &key, 200);
            let after = match absolute {
                Some(1_000) => None,
                Some(_) => Some(500),
                None => Some(1_000),
            };
            let found = undecided(&store, &session).await.found().await;
            match after {
                Some(seconds) => {
                    assert_eq!(found, Ok(Found::Alive));
                    expect_expiry(&mut redis, &key, seconds);
                }
                None => {
                    assert_eq!(found, Ok(Found::UnknownId));
                    assert_eq!(redis.pttl(&key), -2, "past its absolute lifetime");
                }
            }
        }
    })
    .await;
}

pub(crate) async fn a_session_past_its_absolute_lifetime_is_gone_whatever_is_called_first(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.absolute_lifetime(1_000)).await;
        let mut redis = bench.redis();
        for call in CALLS {
            for renewing in [true, false] {
                // Its end has come and its key is there, as where the store's lifetimes were longer before.
                let session = stored(&store).await;
                let key = key_of(&session).await;
                let handle = attached(&store, &session).await;
                handle.set_renewing(renewing).await;
                move_creation(&mut redis, &key, 1_001);
                // What renews nothing keeps to the expiry that stands, if one does.
                redis.command::<()>(&format!("PERSIST {key}"));
                let expected = if call.kind == Kind::Destroys { Ok(()) } else { Err(Error::Gone) };
                assert_eq!(call.on(&handle).await, expected, "{}, renewing: {renewing}", call.name);
                assert_eq!(redis.visible_fields(&key).len(), 0, "{}, renewing: {renewing}", call.name);
                redis.command::<()>("FLUSHALL");
            }
        }
    })
    .await;
}

pub(crate) async fn without_lifetimes_nothing_expires(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let expiring = bench.store(&options.clone().idle_lifetime(1_000)).await;
        let endless = bench.store(&options.idle_lifetime(None)).await;
        let mut redis = bench.redis();
        let session = stored(&endless).await;
        assert_eq!(redis.pttl(&key_of(&session).await), -1);
        // An expiry from elsewhere is taken away by what renews, and by that alone.
        for call in of_kind(&[Kind::Reads, Kind::Creates, Kind::Changes, Kind::Rotates]) {
            if ["ttl", "set-lifetime"].contains(&call.name) {
                continue;
            }
            let session = stored(&expiring).await;
            let handle = undecided(&endless, &session).await;
            assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
            assert_eq!(redis.pttl(&key_of(&handle).await), -1, "after {}", call.name);
        }
    })
    .await;
}

pub(crate) async fn an_emptied_session_lives_on(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(1_000)).await;
        let mut redis = bench.redis();
        for call in of_kind(&[Kind::Changes]) {
            if !["delete", "pop", "clear", "compare-and-set, some to none", "apply, removing"].contains(&call.name) {
                continue;
            }
            let session = stored(&store).await;
            let handle = undecided(&store, &session).await;
            assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
            let key = key_of(&handle).await;
            assert_eq!(redis.visible_fields(&key).len(), 0, "after {}", call.name);
            expect_expiry(&mut redis, &key, 1_000);
            assert_eq!(session.len().await, Ok(0));
            assert_eq!(undecided(&store, &session).await.found().await, Ok(Found::Alive));
            assert_eq!(session.set("field", "2").await, Ok(()));
            expect_expiry(&mut redis, &key, 1_000);
        }
    })
    .await;
}

pub(crate) async fn nothing_stretches_a_marker(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for end in ["destroy", "rotate"] {
            let session = stored(&store).await;
            let key = key_of(&session).await;
            let mut late = Vec::new();
            for call in CALLS {
                let used = attached(&store, &session).await;
                assert_eq!(used.get("field").await, Ok(Some("1".to_owned())));
                let not_renewing = attached(&store, &session).await;
                not_renewing.set_renewing(false).await;
                let handles = [attached(&store, &session).await, undecided(&store, &session).await, used, not_renewing];
                late.push((call, handles));
            }
            match end {
                "destroy" => assert_eq!(session.destroy().await, Ok(())),
                _ => assert_eq!(session.rotate(&[]).await, Ok(())),
            }
            let before = everything(&mut bench.redis());
            let mut left = bench.redis().pttl(&key);
            assert!((1..=MARKER_LIFETIME).contains(&left));
            for (call, handles) in late {
                for handle in handles {
                    // What it says is another case's matter.
                    let _ = call.on(&handle).await;
                    let now_left = bench.redis().pttl(&key);
                    assert!((1..=left).contains(&now_left), "{end}, then {}: {now_left} ms", call.name);
                    left = now_left;
                }
            }
            assert_eq!(everything(&mut bench.redis()), before);
        }
    })
    .await;
}

pub(crate) async fn a_hash_made_by_the_original_is_taken_up(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(1_000).absolute_lifetime(2_000)).await;
        let mut redis = bench.redis();
        for call in CALLS {
            let attached = store.attach(UNKNOWN_ID).await.expect("a well-formed id");
            let not_renewing = store.from_cookie(&cookie(UNKNOWN_ID)).await;
            not_renewing.set_renewing(false).await;
            for handle in [attached, store.from_cookie(&cookie(UNKNOWN_ID)).await, not_renewing] {
                redis.command::<()>("FLUSHALL");
                redis.hset(&key(UNKNOWN_ID), "field", "1");
                let before = redis.time();
                assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
                if call.kind == Kind::Destroys {
                    assert_eq!(redis.visible_fields(&key(UNKNOWN_ID)).len(), 0);
                    continue;
                }
                assert_eq!(handle.found().await, Ok(Found::Alive));
                println!("after {}", call.name);
                let key = key_of(&handle).await;
                expect_expiry(&mut redis, &key, 1_000);
                let began = created(&mut redis, &key);
                assert!((before..=redis.time()).contains(&began), "its lifetime begins with its first use");
                assert_eq!(handle.set("field", "2").await, Ok(()));
                assert_eq!(created(&mut redis, &key), began);
            }
        }
    })
    .await;
}

pub(crate) async fn rotation_keeps_the_lifetimes_and_their_beginning(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.absolute_lifetime(1_000)).await;
        let mut redis = bench.redis();
        let session = stored(&store).await;
        move_creation(&mut redis, &key_of(&session).await, 500);
        let began = created(&mut redis, &key_of(&session).await);
        // A first call renews, and a later one keeps what stands.
        let handle = undecided(&store, &session).await;
        assert_eq!(handle.rotate(&[]).await, Ok(()));
        expect_expiry(&mut redis, &key_of(&handle).await, 500);
        age(&mut redis, &key_of(&handle).await, 200);
        assert_eq!(handle.rotate(&[set("user", "2")]).await, Ok(()));
        expect_expiry(&mut redis, &key_of(&handle).await, 200);
        assert_eq!(created(&mut redis, &key_of(&handle).await), began);
    })
    .await;
}

/// Every key that there is has an expiry.
#[track_caller]
fn expect_every_key_to_expire(redis: &mut RedisClient, after: &str) {
    for key in redis.keys() {
        assert!(redis.pttl(&key) > 0, "a key without expiry after {after}");
    }
}

pub(crate) async fn no_sequence_of_calls_leaves_a_key_without_expiry(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let mut redis = bench.redis();
        for first in CALLS {
            for second in CALLS {
                let sequence = format!("{}, {}", first.name, second.name);
                let session = stored(&store).await;
                let handles: [Session; 2] = [store.start().await, undecided(&store, &session).await];
                for handle in handles {
                    for call in [first, second] {
                        // After a destroy, or where a field is no longer what it was, some fail.
                        let _ = call.on(&handle).await;
                        expect_every_key_to_expire(&mut redis, &sequence);
                    }
                }
                redis.command::<()>("FLUSHALL");
            }
        }
    })
    .await;
}
