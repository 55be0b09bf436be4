//! Moving a session to a new id.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use host_test::{
    bench::Bench,
    operation::{delete, increment, set, set_bytes},
    options::Options,
    proxy::{Behaviour, Proxy},
    redis_client::RedisClient,
    redis_server::RedisServer,
    request::Request,
    session::{Error, Found},
    waiting::wait_until,
};

use super::{
    calls::CALLS,
    mode::Mode,
    support::{
        Loss, LossyWay, MARKER_LIFETIME, attached, cookie, cookie_of, everything, expect_outcome_unknown,
        in_both_modes, key, key_of, stored, undecided, warm_up,
    },
};

pub(crate) async fn everything_moves_and_the_writes_are_there_with_it(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        assert_eq!(session.update(&[("keep", "[1, 2]"), ("drop", "true")]).await, Ok(()));
        assert_eq!(session.increment("n", i64::MAX).await, Ok(i64::MAX));
        assert_eq!(session.set_bytes("bytes", &[0, 255]).await, Ok(()));
        assert_eq!(session.set_lifetime(Some(500), Some(5_000)).await, Ok(()));
        let former = key_of(&session).await;
        let mut redis = bench.redis();
        let mut expected = redis.hgetall_bytes(&former);
        let left = redis.pttl(&former);

        let writes = [set("user", "2"), set("field", "3"), set_bytes("raw", &[254]), delete("drop"), delete("absent")];
        assert_eq!(session.rotate(&writes).await, Ok(()));
        expected.remove(&b"drop"[..]);
        for (field, value) in [("user", &b"2"[..]), ("field", b"3"), ("raw", &[254])] {
            expected.insert(field.into(), value.into());
        }
        let new = key_of(&session).await;
        assert_eq!(redis.hgetall_bytes(&new), expected);
        assert!((1..=left).contains(&redis.pttl(&new)));
        assert_eq!(redis.keys(), BTreeSet::from([former, new]).into_iter().collect::<Vec<_>>());
        assert_eq!(session.increment("n", -1).await, Ok(i64::MAX - 1));
    })
    .await;
}

pub(crate) async fn the_old_key_holds_its_marker_and_nothing_else(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let former = key_of(&session).await;
        assert_eq!(session.rotate(&[set("user", "2")]).await, Ok(()));
        let marker = bench.redis().hgetall_bytes(&former);
        assert_eq!(marker.len(), 1);
        let digest = &marker[&b"\0moved"[..]];
        let id = session.known_id().await;
        let shows_id = id.as_bytes().windows(8).any(|part| digest.windows(8).any(|shown| shown == part));
        assert!(!shows_id, "the marker tells the new id");
        assert!((1..=MARKER_LIFETIME).contains(&bench.redis().pttl(&former)));
    })
    .await;
}

pub(crate) async fn handles_on_the_old_id_are_told_rotated_whatever_they_call(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let mut late = Vec::new();
        for call in CALLS {
            let (new, used) = (attached(&store, &session).await, attached(&store, &session).await);
            assert_eq!(used.get("field").await, Ok(Some("1".to_owned())));
            late.push((call, new, used));
        }
        assert_eq!(session.rotate(&[]).await, Ok(()));
        let before = everything(&mut bench.redis());
        for (call, new, used) in late {
            assert_eq!(call.on(&new).await, Err(Error::Rotated), "{}", call.name);
            // What it found is found for good.
            let expected = if call.name == "found" { Ok(()) } else { Err(Error::Rotated) };
            assert_eq!(call.on(&used).await, expected, "{}", call.name);
            assert_eq!(new.response_headers().await, []);
            assert_eq!(used.response_headers().await, []);
        }
        assert_eq!(everything(&mut bench.redis()), before);
    })
    .await;
}

pub(crate) async fn the_new_id_leads_to_the_session_and_once_the_marker_is_gone_the_old_one_to_nothing(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let former = session.known_id().await;
        assert_eq!(session.rotate(&[]).await, Ok(()));
        let next = undecided(&store, &session).await;
        assert_eq!(next.found().await, Ok(Found::Alive));
        assert_eq!(next.get("field").await, Ok(Some("1".to_owned())));
        assert!(bench.redis().del(&key(&former)));
        let late = store.from_cookie(&cookie(&former)).await;
        assert_eq!(late.found().await, Ok(Found::UnknownId));
    })
    .await;
}

pub(crate) async fn of_two_rotations_at_once_one_wins(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let (store, other_store) = (bench.store(&options).await, bench.store(&options).await);
        for _ in 0..20 {
            let session = stored(&store).await;
            let (a, b) = (undecided(&store, &session).await, undecided(&other_store, &session).await);
            let (from_a, from_b) = ([set("user", "2")], [set("user", "3")]);
            let results = tokio::join!(a.rotate(&from_a), b.rotate(&from_b));
            let (winner, user) = match results {
                (Ok(()), Err(Error::Rotated)) => (a, "2"),
                (Err(Error::Rotated), Ok(())) => (b, "3"),
                unexpected => panic!("{unexpected:?}"),
            };
            assert_eq!(winner.get("user").await, Ok(Some(user.to_owned())));
            assert_eq!(bench.redis().dbsize(), 2);
            bench.redis().command::<()>("FLUSHALL");
        }
    })
    .await;
}

pub(crate) async fn a_session_rotated_twice_has_one_cookie_with_the_last_id(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let mut ids = vec![session.known_id().await];
        for _ in 0..2 {
            assert_eq!(session.rotate(&[]).await, Ok(()));
            ids.push(session.known_id().await);
        }
        assert_eq!(cookie_of(&session).await.expect("a cookie").value(), ids[2]);
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3);
        for id in &ids[..2] {
            let handle = store.attach(id).await.expect("a well-formed id");
            assert_eq!(handle.get("field").await, Err(Error::Rotated));
        }
    })
    .await;
}

pub(crate) async fn a_rotation_whose_answer_is_lost_is_sent_again_and_done_once(bench: Bench) {
    let way = LossyWay::open(&bench).await;
    way.in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let former = key_of(&session).await;
        let handle = undecided(&store, &session).await;
        let before = bench.redis().dbsize();

        way.lose(Loss::NextWrite);
        assert_eq!(handle.rotate(&[set("user", "2"), delete("field")]).await, Ok(()));
        assert_eq!(way.loss(), Loss::Nothing);
        let new = key_of(&handle).await;
        assert_ne!(new, former);
        assert_eq!(bench.redis().dbsize(), before + 1, "more than one new id");
        assert_eq!(bench.redis().visible_fields(&new), [(b"user".to_vec(), b"2".to_vec())].into());
        assert_eq!(bench.redis().visible_fields(&former).len(), 0);
        assert_eq!(cookie_of(&handle).await.expect("a cookie").value(), handle.known_id().await);
        assert_eq!(attached(&store, &session).await.get("field").await, Err(Error::Rotated));
    })
    .await;
}

pub(crate) async fn a_rotation_whose_outcome_is_unknown_can_be_called_again(bench: Bench) {
    let way = LossyWay::open(&bench).await;
    way.in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let handle = undecided(&store, &session).await;
        way.lose(Loss::FromNextWriteOn);
        expect_outcome_unknown(handle.rotate(&[set("user", "2")]).await);
        way.lose(Loss::Nothing);
        let after_first = bench.redis().keys();

        assert_eq!(handle.rotate(&[set("user", "3")]).await, Ok(()));
        assert_eq!(bench.redis().keys(), after_first, "another new id");
        let new = key_of(&handle).await;
        assert_eq!(bench.redis().hget(&new, "user"), Some(b"3".to_vec()));
        assert_eq!(bench.redis().hget(&new, "field"), Some(b"1".to_vec()));
        assert_eq!(cookie_of(&handle).await.expect("a cookie").value(), handle.known_id().await);
    })
    .await;
}

pub(crate) async fn a_rotation_that_arrives_again_much_later_changes_nothing(bench: Bench) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let requests = sent.clone();
    let note = move |request: &Request| {
        requests.lock().expect("requests").push(request.command.clone());
        false
    };
    let way = Proxy::start(bench.server().port(), Behaviour::SwallowAnswer(Box::new(note))).await.expect("a proxy");
    let store = bench.store(&Options::new(way.url())).await;
    warm_up(&store).await;
    let session = stored(&store).await;
    assert_eq!(session.rotate(&[set("user", "2")]).await, Ok(()));
    let rotation = sent.lock().expect("requests").pop().expect("a rotation");
    assert_eq!(session.set("user", "3").await, Ok(()));

    let before = everything(&mut bench.redis());
    let words: Vec<_> = rotation.iter().map(Vec::as_slice).collect();
    assert_eq!(bench.redis().query::<()>(&words), Ok(()));
    assert_eq!(everything(&mut bench.redis()), before);
}

pub(crate) async fn with_the_guard_off_too_a_rotation_whose_answer_is_lost_is_done_once(bench: Bench) {
    let way = LossyWay::open(&bench).await;
    for mode in [Mode::NoGuard, Mode::NoGuardNoScripts] {
        let store = bench.store(&way.options(&bench, mode)).await;
        warm_up(&store).await;
        bench.redis().command::<()>("FLUSHALL");
        let session = stored(&store).await;
        way.lose(Loss::NextWrite);
        assert_eq!(session.rotate(&[set("user", "2")]).await, Ok(()), "{mode:?}");
        assert_eq!(way.loss(), Loss::Nothing);
        let expected = [(b"field".to_vec(), b"1".to_vec()), (b"user".to_vec(), b"2".to_vec())];
        let expected = [(key_of(&session).await, expected.into())];
        assert_eq!(everything(&mut bench.redis()), expected.into(), "{mode:?}");
    }
}

pub(crate) async fn the_new_key_lies_in_the_old_keys_cluster_slot(bench: Bench) {
    // A cluster of one node, which owns every slot.
    let server = RedisServer::builder().setting("cluster-enabled yes").start().expect("a server");
    let mut redis = server.connection();
    let slots: Vec<String> = (0..16_384).map(|slot| slot.to_string()).collect();
    let add = [&["CLUSTER", "ADDSLOTS"], &slots.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat();
    let () = redis.query(&add.iter().map(|word| word.as_bytes()).collect::<Vec<_>>()).expect("slots");
    let serves = |redis: &mut RedisClient| redis.query::<i64>(&[b"EXISTS", b"key"]).is_ok();
    wait_until("the node serves its slots", || serves(&mut redis)).expect("a cluster");
    let mut slot =
        |key: &str| -> u16 { redis.query(&[b"CLUSTER", b"KEYSLOT", key.as_bytes()]).expect("a cluster's server") };
    let options = Mode::Scripts.options_of(&bench, &format!("redis://127.0.0.1:{}?cluster=true", server.port()));
    for prefix in ["drsession:", "", "{tag}:", "a{tag}b", "{}:", "{open", "close}", "}{", "{{a}}", "\u{fc}{\u{fc}}"] {
        let options = options.clone().prefix(prefix);
        let session = bench.store(&options).await.start().await;
        assert_eq!(session.set("field", "1").await, Ok(()));
        let expected = slot(&format!("{prefix}{}", session.known_id().await));
        for _ in 0..20 {
            assert_eq!(session.rotate(&[]).await, Ok(()));
            let id = session.known_id().await;
            assert_eq!(slot(&format!("{prefix}{id}")), expected, "prefix {prefix}");
            assert_eq!(id.len(), 43);
            // The id passes the strict check.
            let store = bench.store(&options).await;
            assert_eq!(store.from_cookie(&cookie(&id)).await.get("field").await, Ok(Some("1".to_owned())));
        }
    }
}

pub(crate) async fn rotate_refuses_what_it_does_not_take(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let session = stored(&store).await;
        let before = everything(&mut bench.redis());
        let (refused, round_trips) = bench.round_trips(session.rotate(&[set("a", "1"), increment("n", 1)])).await;
        assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{refused:?}");
        assert_eq!((round_trips, everything(&mut bench.redis())), (0, before));
        assert_eq!(session.get("field").await, Ok(Some("1".to_owned())));
    })
    .await;
}
