//! What lies in Redis: as drsession, the Python middleware, reads and writes it.

use std::collections::BTreeMap;

use host_test::{
    bench::Bench,
    operation::{
        compare_and_set, contains, delete, get, get_bytes, increment, increment_float, pop, set, set_bytes,
        set_if_absent,
    },
    redis_client::Hash,
    session::{Error, Found, Operation, Session, Swap},
};

use super::{
    mode::Mode,
    support::{UNKNOWN_ID, attached, cookie, cookie_of, everything, in_both_modes, key, key_of, stored, undecided},
};

/// As Python's `json.dumps` writes them, with blanks and all.
const BY_PYTHON: [(&str, &str); 9] = [
    ("int", "1"),
    ("negative", "-17"),
    ("float", "1.5"),
    ("string", "\"bar\""),
    ("unicode", "\"gr\\u00fcn \\ud83d\\ude00\""),
    ("list", "[1, \"two\", null, [true]]"),
    ("dict", "{\"bar\": \"woot\", \"n\": {\"m\": 1.0}}"),
    ("none", "null"),
    ("gr\u{fc}n", "false"),
];

fn hash(fields: &[(&str, &str)]) -> Hash {
    fields.iter().map(|(field, value)| (field.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

pub(crate) async fn what_is_written_reads_as_drsession_reads_it(bench: Bench) {
    for mode in Mode::ALL {
        let session = bench.store(&mode.options(&bench)).await.start().await;
        assert_eq!(session.update(&BY_PYTHON).await, Ok(()));
        // HGETALL prefix + id: each value is the JSON text, and counters are digits.
        let fields = bench.redis().visible_fields(&key_of(&session).await);
        assert_eq!(fields, hash(&BY_PYTHON), "{mode:?}");
        assert_eq!(session.increment("int", 41).await, Ok(42));
        assert_eq!(bench.redis().hget(&key_of(&session).await, "int"), Some(b"42".to_vec()), "{mode:?}");
    }
}

pub(crate) async fn what_drsession_wrote_is_read(bench: Bench) {
    for mode in Mode::ALL {
        let key = key(UNKNOWN_ID);
        for (field, value) in BY_PYTHON {
            bench.redis().hset(&key, field, value);
        }
        let session = bench.store(&mode.options(&bench)).await.from_cookie(&cookie(UNKNOWN_ID)).await;
        for (field, value) in BY_PYTHON {
            assert_eq!(session.get(field).await, Ok(Some(value.to_owned())), "{mode:?}");
        }
        assert_eq!(session.found().await, Ok(Found::Alive));
        assert_eq!(session.len().await, Ok(BY_PYTHON.len() as u32));
        let items: Vec<_> = BY_PYTHON.map(|(field, value)| (field.to_owned(), value.to_owned())).into();
        assert_eq!(session.items().await.map(sorted), Ok(sorted(items)), "{mode:?}");
        assert_eq!(session.increment("int", 1).await, Ok(2));
        assert_eq!(session.increment_float("float", 0.25).await, Ok(1.75));
        assert!(bench.redis().del(&key));
    }
}

pub(crate) async fn values_are_stored_byte_for_byte(bench: Bench) {
    let values = [
        " 1",
        "1 ",
        "\n[1 ,2]\t",
        "{\"a\":1,\"a\":2}",
        "{ }",
        "1.0",
        "1e5",
        "1E+5",
        "-0",
        "123456789012345678901234567890",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\u{1f600}\u{301}\"",
        "\"\\/\"",
        "\"\u{7f}\"",
    ];
    for mode in Mode::ALL {
        let session = bench.store(&mode.options(&bench)).await.start().await;
        for value in values {
            assert_eq!(session.set("set", value).await, Ok(()), "{value}");
            assert_eq!(session.update(&[("update", value)]).await, Ok(()));
            assert_eq!(session.set_if_absent("set-if-absent", value).await, Ok(true));
            assert_eq!(session.compare_and_set("compare-and-set", None, Some(value)).await, Ok(Swap::Stored));
            let batch = [
                set("apply set", value),
                set_if_absent("apply set-if-absent", value),
                compare_and_set("apply compare-and-set", None, Some(value)),
            ];
            assert_eq!(session.apply(&batch).await.map(|outcomes| outcomes.len()), Ok(3));
            assert_eq!(session.rotate(&[set("rotate", value)]).await, Ok(()));
            let fields = bench.redis().visible_fields(&key_of(&session).await);
            assert_eq!(fields.len(), 8);
            for (field, stored) in fields {
                assert_eq!(stored, value.as_bytes(), "{mode:?}, {}", String::from_utf8_lossy(&field));
            }
            assert_eq!(session.get("set").await, Ok(Some(value.to_owned())));
            assert_eq!(session.clear().await, Ok(()));
        }
    }
}

pub(crate) async fn a_prefix_stands_before_the_id_as_it_is(bench: Bench) {
    for prefix in ["", "a", "drsession-test:", "{tag}", "gr\u{fc}n \n\0*"] {
        let session = bench.store(&bench.options().prefix(prefix)).await.start().await;
        assert_eq!(session.set("field", "1").await, Ok(()));
        assert_eq!(bench.redis().keys(), [format!("{prefix}{}", session.known_id().await)]);
        bench.redis().command::<()>("FLUSHALL");
    }
}

pub(crate) async fn the_guard_adds_its_moment_of_creation_and_nothing_else(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let before = bench.redis().time();
        let session = stored(&bench.store(&options).await).await;
        let fields = bench.redis().hgetall_bytes(&key_of(&session).await);
        assert_eq!(fields.keys().collect::<Vec<_>>(), [&b"\0created"[..], b"field"]);
        let created = String::from_utf8_lossy(&fields[&b"\0created"[..]]).parse::<u64>().expect("milliseconds");
        assert!((before..=bench.redis().time()).contains(&created));
    })
    .await;
}

/// A session as the original's, and the key that it has.
async fn original(bench: &Bench, mode: Mode) -> (Session, String) {
    let session = bench.store(&mode.options(bench)).await.start().await;
    assert_eq!(session.set("a", "1").await, Ok(()));
    let key = key_of(&session).await;
    (session, key)
}

const ORIGINAL: [Mode; 2] = [Mode::NoGuard, Mode::NoGuardNoScripts];

pub(crate) async fn with_the_guard_off_nothing_is_added_to_the_fields(bench: Bench) {
    for mode in ORIGINAL {
        let (session, key) = original(&bench, mode).await;
        let mut redis = bench.redis();
        assert_eq!(session.update(&[("b", "\"x\""), ("c", "[]")]).await, Ok(()));
        assert_eq!(session.increment("a", 4).await, Ok(5));
        assert_eq!(session.increment_float("f", 0.5).await, Ok(0.5));
        assert_eq!(session.set_if_absent("d", "{}").await, Ok(true));
        assert_eq!(session.compare_and_set("e", None, Some("1")).await, Ok(Swap::Stored));
        assert_eq!(session.apply(&[set("g", "1"), increment("g", 1)]).await.map(|outcomes| outcomes.len()), Ok(2));
        assert_eq!(session.set_bytes("h", b"1").await, Ok(()));
        let mut expected = BTreeMap::from([
            ("a", "5"),
            ("b", "\"x\""),
            ("c", "[]"),
            ("d", "{}"),
            ("e", "1"),
            ("f", "0.5"),
            ("g", "2"),
            ("h", "1"),
        ]);
        let stored = |expected: &BTreeMap<&str, &str>| hash(&Vec::from_iter(expected.clone()));
        assert_eq!(redis.hgetall_bytes(&key), stored(&expected), "{mode:?}");
        assert_eq!(session.delete("h").await, Ok(true));
        assert_eq!(session.pop("g").await, Ok(Some("2".to_owned())));
        assert_eq!(session.touch().await, Ok(()));
        expected.retain(|field, _| *field < "g");
        assert_eq!(redis.hgetall_bytes(&key), stored(&expected), "{mode:?}");
        assert_eq!(redis.pttl(&key), -1, "{mode:?}");
        assert_eq!(session.ttl().await, Ok(None), "{mode:?}");
    }
}

pub(crate) async fn with_the_guard_off_nothing_is_left_of_what_is_empty(bench: Bench) {
    for mode in ORIGINAL {
        for empty in ["delete", "pop", "clear", "destroy"] {
            let (session, _) = original(&bench, mode).await;
            match empty {
                "delete" => assert_eq!(session.delete("a").await, Ok(true)),
                "pop" => assert_eq!(session.pop("a").await, Ok(Some("1".to_owned()))),
                "clear" => assert_eq!(session.clear().await, Ok(())),
                _ => assert_eq!(session.destroy().await, Ok(())),
            }
            assert_eq!(bench.redis().dbsize(), 0, "{mode:?}: {empty}");
            // As there, a later write brings it back under its id.
            assert_eq!(session.get("a").await, Ok(None));
            assert_eq!(session.set("a", "2").await, Ok(()));
            assert_eq!(bench.redis().hgetall_bytes(&key_of(&session).await), hash(&[("a", "2")]), "{mode:?}: {empty}");
            bench.redis().command::<()>("FLUSHALL");
        }
    }
}

pub(crate) async fn with_the_guard_off_a_late_write_brings_a_destroyed_session_back(bench: Bench) {
    for mode in ORIGINAL {
        let (session, key) = original(&bench, mode).await;
        let store = bench.store(&mode.options(&bench)).await;
        let late = attached(&store, &session).await;
        assert_eq!(session.destroy().await, Ok(()));
        assert!(cookie_of(&session).await.expect("a cookie").removes());
        assert_eq!(late.set("b", "2").await, Ok(()));
        assert_eq!(bench.redis().hgetall_bytes(&key), hash(&[("b", "2")]), "{mode:?}");
    }
}

pub(crate) async fn with_the_guard_off_rotate_renames_and_writes(bench: Bench) {
    for mode in ORIGINAL {
        bench.redis().command::<()>("FLUSHALL");
        let (session, former) = original(&bench, mode).await;
        bench.redis().hset(&former, "other", "true");
        assert_eq!(session.rotate(&[set("user", "2"), delete("a")]).await, Ok(()));
        let new = key_of(&session).await;
        assert_ne!(new, former);
        let expected = hash(&[("other", "true"), ("user", "2")]);
        assert_eq!(everything(&mut bench.redis()), [(new.clone(), expected)].into(), "{mode:?}");
        assert_eq!(bench.redis().pttl(&new), -1);
        assert_eq!(cookie_of(&session).await.expect("a cookie").value(), session.known_id().await);
    }
}

pub(crate) async fn with_the_guard_off_a_cookies_session_is_looked_up_by_one_exists(bench: Bench) {
    for mode in ORIGINAL {
        let (session, _) = original(&bench, mode).await;
        let store = bench.store(&mode.options(&bench)).await;
        assert_eq!(store.check().await, Ok(()));
        let mut redis = bench.redis();
        redis.command::<()>("CONFIG RESETSTAT");
        let there = undecided(&store, &session).await;
        for expected in [2, 1] {
            let (value, round_trips) = bench.round_trips(there.get("a")).await;
            assert_eq!((value, round_trips), (Ok(Some("1".to_owned())), expected), "{mode:?}");
        }
        assert_eq!(there.found().await, Ok(Found::Alive));
        let not_there = store.from_cookie(&cookie(UNKNOWN_ID)).await;
        assert_eq!(not_there.get("a").await, Ok(None));
        assert_eq!(not_there.found().await, Ok(Found::UnknownId));
        let statistics: String = redis.command("INFO commandstats");
        assert!(statistics.contains("cmdstat_exists:calls=2,"), "{mode:?}: {statistics}");
    }
}

pub(crate) async fn with_the_guard_off_an_attached_handle_finds_out_when_asked(bench: Bench) {
    for mode in ORIGINAL {
        let (session, _) = original(&bench, mode).await;
        let store = bench.store(&mode.options(&bench)).await;
        let there = attached(&store, &session).await;
        assert_eq!(there.get("a").await, Ok(Some("1".to_owned())));
        assert_eq!(there.found().await, Ok(Found::Alive), "{mode:?}");
        let not_there = store.attach(UNKNOWN_ID).await.expect("a well-formed id");
        assert_eq!(not_there.get("a").await, Ok(None));
        assert_eq!(not_there.found().await, Err(Error::Gone), "{mode:?}");
    }
}

/// A session with one field of its own and every reserved one that a living session has.
async fn with_reserved_fields(bench: &Bench, mode: Mode) -> Session {
    let session = bench.store(&mode.options(bench)).await.start().await;
    assert_eq!(session.set("field", "1").await, Ok(()));
    let key = key_of(&session).await;
    if mode.is_guarded() {
        assert_eq!(session.set_lifetime(Some(1_000), Some(2_000)).await, Ok(()));
    } else {
        for name in ["\0created", "\0idle", "\0absolute"] {
            bench.redis().hset(&key, name, "1000");
        }
    }
    assert_eq!(bench.redis().hgetall_bytes(&key).len(), 4);
    session
}

pub(crate) async fn reserved_fields_are_hidden(bench: Bench) {
    for mode in Mode::ALL {
        let session = with_reserved_fields(&bench, mode).await;
        let store = bench.store(&mode.options(&bench)).await;
        // A handle's first call may go another way than the later ones.
        let mut handles = vec![session];
        for _ in 0..5 {
            let handle = attached(&store, &handles[0]).await;
            handles.push(handle);
        }
        for index in 0..5 {
            for handle in [&handles[0], &handles[index + 1]] {
                match index {
                    0 => assert_eq!(handle.len().await, Ok(1), "{mode:?}"),
                    1 => assert_eq!(handle.keys().await, Ok(vec!["field".to_owned()]), "{mode:?}"),
                    2 => assert_eq!(handle.values().await, Ok(vec!["1".to_owned()]), "{mode:?}"),
                    3 => assert_eq!(handle.items().await, Ok(vec![("field".to_owned(), "1".to_owned())]), "{mode:?}"),
                    _ => {
                        let items = vec![(b"field".to_vec(), b"1".to_vec())];
                        assert_eq!(handle.items_bytes().await, Ok(items), "{mode:?}");
                    }
                }
            }
        }
    }
}

pub(crate) async fn clear_leaves_the_reserved_fields_of_a_guarded_session(bench: Bench) {
    for mode in Mode::GUARDED {
        let session = with_reserved_fields(&bench, mode).await;
        let key = key_of(&session).await;
        let mut expected = bench.redis().hgetall_bytes(&key);
        expected.remove(&b"field"[..]);
        assert_eq!(session.clear().await, Ok(()));
        assert_eq!(bench.redis().hgetall_bytes(&key), expected, "{mode:?}");
    }
}

pub(crate) async fn reserved_names_are_refused_as_arguments(bench: Bench) {
    for mode in Mode::ALL {
        let session = with_reserved_fields(&bench, mode).await;
        let before = bench.redis().hgetall_bytes(&key_of(&session).await);
        let statistics = bench.sockets().statistics();
        for name in ["\0", "\0created", "\0moved", "\0ended", "\0idle", "\0absolute", "\0anything"] {
            expect_refused(session.get(name).await);
            expect_refused(session.get_many(&["field", name]).await);
            expect_refused(session.contains(name).await);
            expect_refused(session.set(name, "1").await);
            expect_refused(session.update(&[("field", "2"), (name, "1")]).await);
            expect_refused(session.set_if_absent(name, "1").await);
            expect_refused(session.compare_and_set(name, None, Some("1")).await);
            expect_refused(session.delete(name).await);
            expect_refused(session.pop(name).await);
            expect_refused(session.increment(name, 1).await);
            expect_refused(session.increment_float(name, 1.0).await);
            expect_refused(session.get_bytes(name).await);
            expect_refused(session.set_bytes(name, b"1").await);
            for operation in operations_on(name) {
                expect_refused(session.apply(&[set("field", "2"), operation]).await);
            }
            expect_refused(session.rotate(&[set(name, "1")]).await);
            expect_refused(session.rotate(&[delete(name)]).await);
        }
        assert_eq!(bench.sockets().statistics(), statistics, "{mode:?}");
        assert_eq!(bench.redis().hgetall_bytes(&key_of(&session).await), before);
        // Only the first character counts.
        assert_eq!(session.set("a\0", "1").await, Ok(()));
        assert_eq!(session.get("a\0").await, Ok(Some("1".to_owned())));
    }
}

fn operations_on(name: &str) -> [Operation; 11] {
    [
        get(name),
        get_bytes(name),
        contains(name),
        set(name, "1"),
        set_bytes(name, b"1"),
        set_if_absent(name, "1"),
        compare_and_set(name, None, None),
        delete(name),
        pop(name),
        increment(name, 1),
        increment_float(name, 1.0),
    ]
}

#[track_caller]
fn expect_refused<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::InvalidArgument(_))), "{result:?}");
}
