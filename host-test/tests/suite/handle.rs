//! What a handle knows of its session, and what follows from it.

use host_test::{
    bench::Bench,
    operation::set,
    session::{Error, Found, Session, Swap},
};

use super::{
    calls::{CALLS, Kind, of_kind},
    support::{
        Loss, LossyWay, UNKNOWN_ID, attached, cookie, cookie_of, everything, expect_outcome_unknown, in_both_modes,
        key, key_of, stored, undecided,
    },
};

const NO_ITEMS: [(&str, &str); 0] = [];
const NO_KEYS: [&str; 0] = [];

pub(crate) async fn a_handle_from_a_cookie_knows_no_id_until_its_first_call(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let id = session.known_id().await;
        let (handle, round_trips) = bench.round_trips(undecided(&store, &session)).await;
        assert_eq!((handle.id().await, handle.log_id().await, round_trips), (None, None, 0));
        assert_eq!(handle.get("field").await, Ok(Some("1".to_owned())));
        assert_eq!(handle.id().await, Some(id));
        assert_eq!(handle.log_id().await, session.log_id().await);
    })
    .await;
}

pub(crate) async fn what_an_undecided_handle_finds_there_is_its_session_for_good(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for first in of_kind(&[Kind::Reads, Kind::Creates, Kind::Changes]) {
            let session = stored(&store).await;
            let key = key_of(&session).await;
            let handle = undecided(&store, &session).await;
            assert_eq!(first.on(&handle).await, Ok(()), "{}", first.name);
            assert!(bench.redis().del(&key));
            assert_eq!(handle.get("field").await, Err(Error::Gone), "after {}", first.name);
            assert_eq!(handle.set("field", "1").await, Err(Error::Gone), "after {}", first.name);
            assert_eq!(handle.found().await, Ok(Found::Alive));
            assert_eq!(handle.known_id().await, session.known_id().await);
            assert_eq!(bench.redis().dbsize(), 0);
        }
    })
    .await;
}

pub(crate) async fn an_undecided_handle_whose_session_was_destroyed_says_gone(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        assert_eq!(session.destroy().await, Ok(()));
        let before = everything(&mut bench.redis());
        for call in CALLS {
            let handle = undecided(&store, &session).await;
            let expected = if call.kind == Kind::Destroys { Ok(()) } else { Err(Error::Gone) };
            // The answer is final: asked again it is the same.
            for _ in 0..2 {
                assert_eq!(call.on(&handle).await, expected, "{}", call.name);
            }
        }
        assert_eq!(everything(&mut bench.redis()), before);
    })
    .await;
}

pub(crate) async fn an_undecided_handle_whose_session_has_moved_says_rotated(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let former = session.known_id().await;
        assert_eq!(session.rotate(&[]).await, Ok(()));
        let before = everything(&mut bench.redis());
        for call in CALLS {
            let handle = store.from_cookie(&cookie(&former)).await;
            for _ in 0..2 {
                assert_eq!(call.on(&handle).await, Err(Error::Rotated), "{}", call.name);
            }
        }
        assert_eq!(everything(&mut bench.redis()), before);
    })
    .await;
}

pub(crate) async fn an_undecided_handle_that_finds_nothing_is_a_new_session(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for call in of_kind(&[Kind::Reads, Kind::Changes]) {
            let handle = store.from_cookie(&cookie(UNKNOWN_ID)).await;
            assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
            let id = handle.known_id().await;
            assert_ne!(id, UNKNOWN_ID);
            assert_eq!(handle.found().await, Ok(Found::UnknownId));
            assert_eq!(bench.redis().dbsize(), 0, "after {}", call.name);
            // From here on it is like any other new one.
            let (length, round_trips) = bench.round_trips(handle.len()).await;
            assert_eq!((length, round_trips), (Ok(0), 0), "after {}", call.name);
            assert_eq!(handle.set("field", "1").await, Ok(()));
            assert_eq!(bench.redis().keys(), [key(&id)]);
            assert!(bench.redis().del(&key(&id)));
        }
    })
    .await;
}

pub(crate) async fn a_write_through_an_undecided_handle_that_finds_nothing_creates_under_a_new_id(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for call in of_kind(&[Kind::Creates]) {
            let handle = store.from_cookie(&cookie(UNKNOWN_ID)).await;
            assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
            let id = handle.known_id().await;
            assert_ne!(id, UNKNOWN_ID);
            assert_eq!(bench.redis().keys(), [key(&id)], "after {}", call.name);
            assert_eq!(handle.found().await, Ok(Found::UnknownId));
            let set_cookie = cookie_of(&handle).await.expect("a cookie");
            assert_eq!(set_cookie.value(), id);
            assert!(bench.redis().del(&key(&id)));
        }
    })
    .await;
}

pub(crate) async fn an_error_leaves_a_handle_undecided_and_the_call_can_be_made_again(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for call in CALLS {
            let session = stored(&store).await;
            let key = key_of(&session).await;
            let handle = undecided(&store, &session).await;
            let mut redis = bench.redis();
            redis.command::<()>(&format!("RENAME {key} aside"));
            redis.command::<()>(&format!("SET {key} foreign"));
            for _ in 0..2 {
                assert_eq!(call.on(&handle).await, Err(Error::WrongType), "{}", call.name);
                assert_eq!(handle.id().await, None, "after {}", call.name);
            }
            redis.command::<()>(&format!("RENAME aside {key}"));
            assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
            assert_eq!(handle.found().await, Ok(Found::Alive));
            redis.command::<()>("FLUSHALL");
        }
    })
    .await;
}

pub(crate) async fn a_lost_answer_leaves_a_handle_undecided(bench: Bench) {
    let way = LossyWay::open(&bench).await;
    way.in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let handle = undecided(&store, &session).await;
        way.lose(Loss::NextWrite);
        expect_outcome_unknown(handle.increment("field", 1).await);
        assert_eq!(handle.id().await, None);
        assert_eq!(handle.increment("field", 1).await, Ok(3));
        assert_eq!(handle.known_id().await, session.known_id().await);
    })
    .await;
}

pub(crate) async fn rotate_through_an_undecided_handle_moves_what_is_there(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let handle = undecided(&store, &session).await;
        assert_eq!(handle.rotate(&[set("user", "2")]).await, Ok(()));
        assert_ne!(handle.known_id().await, session.known_id().await);
        assert_eq!(handle.found().await, Ok(Found::Alive));
        let fields = bench.redis().visible_fields(&key_of(&handle).await);
        assert_eq!(fields, [(b"field".to_vec(), b"1".to_vec()), (b"user".to_vec(), b"2".to_vec())].into());
    })
    .await;
}

pub(crate) async fn restart_leaves_the_session_as_it_is_and_costs_nothing(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        for handle in [undecided(&store, &session).await, attached(&store, &session).await] {
            let before = everything(&mut bench.redis());
            let (restarted, round_trips) = bench.round_trips(handle.restart()).await;
            assert_eq!((restarted, round_trips), (Ok(()), 0));
            let (length, round_trips) = bench.round_trips(handle.len()).await;
            assert_eq!((length, round_trips), (Ok(0), 0));
            assert_ne!(handle.known_id().await, session.known_id().await);
            assert_eq!(everything(&mut bench.redis()), before);
            assert_eq!(handle.response_headers().await, []);
        }
    })
    .await;
}

pub(crate) async fn what_was_found_is_told_and_never_changes(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let cases = [
            (store.start().await, Found::NoCookie, 0),
            (store.from_cookie(&[""; 0]).await, Found::NoCookie, 0),
            (store.from_cookie(&cookie("malformed")).await, Found::NoCookie, 0),
            (store.from_cookie(&cookie(UNKNOWN_ID)).await, Found::UnknownId, 1),
            (undecided(&store, &session).await, Found::Alive, 1),
            (attached(&store, &session).await, Found::Alive, 1),
        ];
        for (handle, expected, lookups) in cases {
            let (found, round_trips) = bench.round_trips(handle.found()).await;
            assert_eq!(found, Ok(expected));
            assert_eq!(round_trips > 0, lookups > 0, "{expected:?}");
            let changes = async {
                assert_eq!(handle.set("a", "1").await, Ok(()));
                expect_found(&bench, &handle, expected).await;
                assert_eq!(handle.rotate(&[]).await, Ok(()));
                expect_found(&bench, &handle, expected).await;
                assert_eq!(handle.destroy().await, Ok(()));
                expect_found(&bench, &handle, expected).await;
                assert_eq!(handle.restart().await, Ok(()));
                expect_found(&bench, &handle, expected).await;
            };
            // The last two are handles on one session, which the first of them ends.
            if expected == Found::Alive {
                expect_found(&bench, &handle, expected).await;
            } else {
                changes.await;
            }
        }
        let handle = undecided(&store, &session).await;
        assert_eq!(handle.found().await, Ok(Found::Alive));
        assert_eq!(handle.destroy().await, Ok(()));
        expect_found(&bench, &handle, Found::Alive).await;
        assert_eq!(handle.restart().await, Ok(()));
        expect_found(&bench, &handle, Found::Alive).await;
    })
    .await;
}

async fn expect_found(bench: &Bench, handle: &Session, expected: Found) {
    let (found, round_trips) = bench.round_trips(handle.found()).await;
    assert_eq!((found, round_trips), (Ok(expected), 0));
}

pub(crate) async fn what_an_attached_handle_does_not_find_is_gone(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for call in CALLS {
            let handle = store.attach(UNKNOWN_ID).await.expect("a well-formed id");
            let expected = if call.kind == Kind::Destroys { Ok(()) } else { Err(Error::Gone) };
            assert_eq!(call.on(&handle).await, expected, "{}", call.name);
            assert_eq!(handle.found().await, Err(Error::Gone), "after {}", call.name);
            assert_eq!(handle.known_id().await, UNKNOWN_ID);
            assert_eq!(bench.redis().dbsize(), 0, "after {}", call.name);
        }
    })
    .await;
}

pub(crate) async fn an_empty_field_name_is_one_like_any_other(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let session = bench.store(&options).await.start().await;
        assert_eq!(session.set("", "1").await, Ok(()));
        assert_eq!(session.increment("", 1).await, Ok(2));
        assert_eq!(session.get("").await, Ok(Some("2".to_owned())));
        assert_eq!(session.contains("").await, Ok(true));
        assert_eq!(session.keys().await, Ok(vec![String::new()]));
        assert_eq!(session.compare_and_set("", Some("2"), Some("3")).await, Ok(Swap::Stored));
        assert_eq!(session.rotate(&[set("", "4")]).await, Ok(()));
        assert_eq!(session.pop("").await, Ok(Some("4".to_owned())));
        assert_eq!(session.len().await, Ok(0));
    })
    .await;
}

pub(crate) async fn empty_lists_cost_no_round_trip_and_find_nothing_out(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        for handle in [undecided(&store, &session).await, store.from_cookie(&cookie(UNKNOWN_ID)).await] {
            let calls = async {
                assert_eq!(handle.get_many(&NO_KEYS).await, Ok(vec![]));
                assert_eq!(handle.update(&NO_ITEMS).await, Ok(()));
                assert_eq!(handle.apply(&[]).await, Ok(vec![]));
            };
            let ((), round_trips) = bench.round_trips(calls).await;
            assert_eq!((round_trips, handle.id().await), (0, None));
        }
    })
    .await;
}
