//! `destroy`, and what it leaves.

use host_test::{bench::Bench, session::Error};

use super::support::{
    Loss, LossyWay, MARKER_LIFETIME, UNKNOWN_ID, attached, cookie, cookie_of, everything, expect_outcome_unknown,
    in_both_modes, key, key_of, stored, undecided,
};

pub(crate) async fn destroy_of_a_session_that_is_there_ends_it_and_removes_the_cookie(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for kind in ["undecided", "attached", "its creator's"] {
            let session = stored(&store).await;
            let other = attached(&store, &session).await;
            let handle = match kind {
                "undecided" => undecided(&store, &session).await,
                "attached" => attached(&store, &session).await,
                _ => session,
            };
            assert_eq!(handle.destroy().await, Ok(()), "{kind}");
            assert_eq!(handle.get("field").await, Err(Error::Gone));
            assert_eq!(handle.set("field", "1").await, Err(Error::Gone));
            assert_eq!(other.get("field").await, Err(Error::Gone));
            let set_cookie = cookie_of(&handle).await.expect("a cookie");
            assert!(set_cookie.removes(), "{kind}");
            assert_eq!(cookie_of(&other).await.map(|_| ()), None);
        }
    })
    .await;
}

pub(crate) async fn destroy_of_what_is_not_there_is_ok_and_leaves_nothing(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let handles = [
            store.from_cookie(&cookie(UNKNOWN_ID)).await,
            store.attach(UNKNOWN_ID).await.expect("a well-formed id"),
            store.start().await,
        ];
        for handle in handles {
            for _ in 0..2 {
                assert_eq!(handle.destroy().await, Ok(()));
            }
            assert_eq!(bench.redis().dbsize(), 0);
            assert_eq!(handle.response_headers().await, []);
        }
    })
    .await;
}

pub(crate) async fn destroy_of_what_another_has_destroyed_is_ok_and_yields_no_cookie(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let used = attached(&store, &session).await;
        assert_eq!(used.get("field").await, Ok(Some("1".to_owned())));
        let handles = [undecided(&store, &session).await, attached(&store, &session).await, used];
        assert_eq!(session.destroy().await, Ok(()));
        let before = everything(&mut bench.redis());
        for handle in handles {
            assert_eq!(handle.destroy().await, Ok(()));
            assert_eq!(handle.response_headers().await, []);
        }
        assert_eq!(everything(&mut bench.redis()), before);
    })
    .await;
}

pub(crate) async fn destroy_called_twice_is_ok_and_removes_the_cookie(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let handle = undecided(&store, &session).await;
        assert_eq!(handle.destroy().await, Ok(()));
        let before = everything(&mut bench.redis());
        assert_eq!(handle.destroy().await, Ok(()));
        assert_eq!(everything(&mut bench.redis()), before);
        assert!(cookie_of(&handle).await.expect("a cookie").removes());
    })
    .await;
}

pub(crate) async fn destroy_of_what_has_moved_says_rotated_and_ends_nothing(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let late = attached(&store, &session).await;
        assert_eq!(session.rotate(&[]).await, Ok(()));
        assert_eq!(late.destroy().await, Err(Error::Rotated));
        assert_eq!(late.response_headers().await, []);
        assert_eq!(session.get("field").await, Ok(Some("1".to_owned())));
    })
    .await;
}

pub(crate) async fn destroy_restart_and_a_write_yield_one_cookie_with_the_new_id(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let former = stored(&store).await;
        let handle = undecided(&store, &former).await;
        assert_eq!(handle.destroy().await, Ok(()));
        assert_eq!(handle.restart().await, Ok(()));
        assert_eq!(handle.set("user", "2").await, Ok(()));
        let id = handle.known_id().await;
        assert_ne!(id, former.known_id().await);
        let set_cookie = cookie_of(&handle).await.expect("a cookie");
        assert_eq!((set_cookie.value(), set_cookie.removes()), (id.as_str(), false));
        assert_eq!(bench.redis().visible_fields(&key(&id)), [(b"user".to_vec(), b"2".to_vec())].into());
    })
    .await;
}

pub(crate) async fn a_session_that_is_gone_can_be_begun_anew(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let former = key_of(&session).await;
        let late = undecided(&store, &session).await;
        assert_eq!(session.destroy().await, Ok(()));
        let marker = bench.redis().hgetall_bytes(&former);
        assert_eq!(late.set("field", "2").await, Err(Error::Gone));
        assert_eq!(late.restart().await, Ok(()));
        assert_eq!(late.set("field", "2").await, Ok(()));
        assert_eq!(cookie_of(&late).await.expect("a cookie").value(), late.known_id().await);
        assert_eq!(bench.redis().hgetall_bytes(&former), marker);
    })
    .await;
}

pub(crate) async fn a_destroy_whose_answer_is_lost_is_sent_again_and_recognises_itself(bench: Bench) {
    let way = LossyWay::open(&bench).await;
    way.in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for loss in [Loss::NextWrite, Loss::FromNextWriteOn] {
            let session = stored(&store).await;
            let handle = undecided(&store, &session).await;
            let other = undecided(&store, &session).await;
            way.lose(loss);
            if loss == Loss::FromNextWriteOn {
                expect_outcome_unknown(handle.destroy().await);
                way.lose(Loss::Nothing);
            }
            assert_eq!(handle.destroy().await, Ok(()));
            assert_eq!(way.loss(), Loss::Nothing);
            assert!(cookie_of(&handle).await.expect("a cookie").removes());
            let key = key_of(&session).await;
            let marker = bench.redis().hgetall_bytes(&key);
            assert_eq!(marker.keys().collect::<Vec<_>>(), [&b"\0ended".to_vec()]);
            assert!((1..=MARKER_LIFETIME).contains(&bench.redis().pttl(&key)));
            // To everybody else it was ended by another.
            assert_eq!(other.destroy().await, Ok(()));
            assert_eq!(other.response_headers().await, []);
        }
    })
    .await;
}
