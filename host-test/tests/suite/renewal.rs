//! What renews a session's expiry, and what tells it.

use host_test::bench::Bench;

use super::{
    calls::{Kind, of_kind},
    expiry::{age, expect_expiry},
    support::{UNKNOWN_ID, attached, cookie, in_both_modes, key_of, stored, undecided},
};

pub(crate) async fn a_handles_first_call_renews(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(1_000)).await;
        let mut redis = bench.redis();
        for call in of_kind(&[Kind::Reads, Kind::Creates, Kind::Changes, Kind::Rotates]) {
            for by_cookie in [false, true] {
                let session = stored(&store).await;
                let handle =
                    if by_cookie { undecided(&store, &session).await } else { attached(&store, &session).await };
                age(&mut redis, &key_of(&session).await, 100);
                assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
                println!("after {}", call.name);
                let expected = if call.name == "ttl" { 100 } else { 1_000 };
                expect_expiry(&mut redis, &key_of(&handle).await, expected);
            }
        }
    })
    .await;
}

pub(crate) async fn later_calls_renew_nothing_but_touch_and_set_lifetime(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(1_000)).await;
        let mut redis = bench.redis();
        for call in of_kind(&[Kind::Reads, Kind::Creates, Kind::Changes, Kind::Rotates]) {
            let session = stored(&store).await;
            let handle = attached(&store, &session).await;
            assert_eq!(handle.get("field").await, Ok(Some("1".to_owned())));
            for handle in [handle, session] {
                age(&mut redis, &key_of(&handle).await, 100);
                // Those that expect something of `field`.
                redis.hset(&key_of(&handle).await, "field", "1");
                let _: i64 = redis.command(&format!("HDEL {} other", key_of(&handle).await));
                assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
                println!("after {}", call.name);
                let expected = if ["touch", "set-lifetime"].contains(&call.name) { 1_000 } else { 100 };
                expect_expiry(&mut redis, &key_of(&handle).await, expected);
                if call.kind == Kind::Rotates {
                    // The other handle is on an id that has moved.
                    break;
                }
            }
        }
    })
    .await;
}

pub(crate) async fn a_handle_told_not_to_renew_leaves_the_expiry(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(1_000)).await;
        let mut redis = bench.redis();
        for call in of_kind(&[Kind::Reads, Kind::Creates, Kind::Changes, Kind::Rotates]) {
            let session = stored(&store).await;
            let handle = undecided(&store, &session).await;
            handle.set_renewing(false).await;
            age(&mut redis, &key_of(&session).await, 100);
            assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
            println!("after {}", call.name);
            // Who asks for it by name gets it.
            let expected = if ["touch", "set-lifetime"].contains(&call.name) { 1_000 } else { 100 };
            expect_expiry(&mut redis, &key_of(&handle).await, expected);
        }
    })
    .await;
}

pub(crate) async fn a_handle_told_not_to_renew_gives_an_expiry_where_none_stands(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(1_000)).await;
        let mut redis = bench.redis();
        for call in of_kind(&[Kind::Reads, Kind::Creates, Kind::Changes, Kind::Rotates]) {
            let session = stored(&store).await;
            let handle = undecided(&store, &session).await;
            handle.set_renewing(false).await;
            redis.command::<()>(&format!("PERSIST {}", key_of(&session).await));
            assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
            println!("after {}", call.name);
            expect_expiry(&mut redis, &key_of(&handle).await, 1_000);
        }
    })
    .await;
}

pub(crate) async fn ttl_says_when_the_session_expires_and_renews_nothing(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(1_000)).await;
        let session = stored(&store).await;
        let key = key_of(&session).await;
        let mut redis = bench.redis();
        for handle in [attached(&store, &session).await, undecided(&store, &session).await, session] {
            age(&mut redis, &key, 100);
            let left = redis.pttl(&key);
            let told = handle.ttl().await.expect("a session").expect("an expiry");
            let left_after = redis.pttl(&key);
            // Rounded up.
            let rounded = |left: i64| u32::try_from(left).expect("an expiry").div_ceil(1_000);
            assert!((rounded(left_after)..=rounded(left)).contains(&told), "{told} s told of {left} ms");
            assert!(left_after <= left);
        }
    })
    .await;
}

pub(crate) async fn ttl_of_what_never_expires_is_none(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options.idle_lifetime(None)).await;
        let session = store.start().await;
        assert_eq!(session.ttl().await, Ok(None));
        assert_eq!(session.set("field", "1").await, Ok(()));
        assert_eq!(session.ttl().await, Ok(None));
        assert_eq!(undecided(&store, &session).await.ttl().await, Ok(None));
    })
    .await;
}

pub(crate) async fn ttl_of_a_new_session_is_what_its_first_write_would_give(bench: Bench) {
    in_both_modes(&bench, async |options| {
        for (idle, absolute, expected) in [
            (Some(100), None, Some(100)),
            (Some(100), Some(50), Some(50)),
            (None, Some(70), Some(70)),
            (None, None, None),
        ] {
            let options = options.clone().idle_lifetime(idle).absolute_lifetime(absolute);
            let store = bench.store(&options).await;
            let calls = async {
                let session = store.start().await;
                assert_eq!(session.ttl().await, Ok(expected));
                assert_eq!(session.set_lifetime(Some(30), Some(40)).await, Ok(()));
                assert_eq!(session.ttl().await, Ok(Some(30)));
                assert_eq!(session.set_lifetime(None, None).await, Ok(()));
                assert_eq!(session.ttl().await, Ok(None));
            };
            let ((), round_trips) = bench.round_trips(calls).await;
            assert_eq!((round_trips, bench.redis().dbsize()), (0, 0));
            let session = store.from_cookie(&cookie(UNKNOWN_ID)).await;
            assert_eq!(session.ttl().await, Ok(expected));
        }
    })
    .await;
}
