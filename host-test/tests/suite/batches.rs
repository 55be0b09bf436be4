//! `apply`: several operations, all of them or none.

use host_test::{
    bench::Bench,
    operation::{
        compare_and_set, contains, delete, get, get_bytes, increment, increment_float, pop, set, set_bytes,
        set_if_absent,
    },
    redis_client::Hash,
    session::{Error, Operation, Outcome, Session, Swap},
};

use super::mode::Mode;

const MANY: usize = 10_000;

fn text(text: &str) -> Outcome {
    Outcome::Text(Some(text.to_owned()))
}

fn conflict(stored: Option<&str>) -> Outcome {
    Outcome::Swap(Swap::Conflict(stored.map(Into::into)))
}

/// A stored session in an instance of its own.
async fn stored_session(bench: &Bench, mode: Mode, fields: &[(&str, &str)]) -> Session {
    let session = bench.store(&mode.options(bench)).await.start().await;
    assert_eq!(session.update(fields).await, Ok(()));
    session
}

/// All that is stored, hidden fields included.
async fn hash(bench: &Bench, session: &Session) -> Hash {
    bench.redis().hgetall_bytes(&format!("drsession:{}", session.known_id().await))
}

pub(crate) async fn each_kind_of_operation_has_its_kind_of_outcome(bench: Bench) {
    let operations = [
        get("t"),
        get("absent"),
        get_bytes("t"),
        get_bytes("absent"),
        contains("t"),
        contains("absent"),
        set("a", "[1]"),
        set_bytes("b", &[0, 0xff]),
        get_bytes("b"),
        set_if_absent("a", "2"),
        set_if_absent("c", "2"),
        compare_and_set("c", Some("2"), Some("3")),
        compare_and_set("c", Some("3"), None),
        compare_and_set("c", None, Some("4")),
        compare_and_set("absent", None, None),
        delete("t"),
        delete("t"),
        pop("c"),
        pop("c"),
        increment("n", 7),
        increment("n", -10),
        increment_float("f", 0.5),
        increment_float("f", 0.25),
        set("", "null"),
        get(""),
    ];
    let outcomes = [
        text("\"t\""),
        Outcome::Text(None),
        Outcome::Bytes(Some(b"\"t\"".to_vec())),
        Outcome::Bytes(None),
        Outcome::Flag(true),
        Outcome::Flag(false),
        Outcome::Done,
        Outcome::Done,
        Outcome::Bytes(Some(vec![0, 0xff])),
        Outcome::Flag(false),
        Outcome::Flag(true),
        Outcome::Swap(Swap::Stored),
        Outcome::Swap(Swap::Stored),
        Outcome::Swap(Swap::Stored),
        Outcome::Swap(Swap::Stored),
        Outcome::Flag(true),
        Outcome::Flag(false),
        text("4"),
        Outcome::Text(None),
        Outcome::Integer(7),
        Outcome::Integer(-3),
        Outcome::Number(0.5),
        Outcome::Number(0.75),
        Outcome::Done,
        text("null"),
    ];
    let fields: [(&[u8], &[u8]); 5] =
        [(b"", b"null"), (b"a", b"[1]"), (b"b", &[0, 0xff]), (b"f", b"0.75"), (b"n", b"-3")];
    for mode in Mode::ALL {
        let session = stored_session(&bench, mode, &[("t", "\"t\"")]).await;
        assert_eq!(session.apply(&operations).await.as_deref(), Ok(&outcomes[..]), "{mode:?}");
        let mut items = session.items_bytes().await.expect("the items");
        items.sort();
        assert_eq!(items, fields.map(|(key, value)| (key.to_vec(), value.to_vec())), "{mode:?}");
    }
}

pub(crate) async fn an_empty_batch_reaches_nobody(bench: Bench) {
    for mode in Mode::ALL {
        let session = stored_session(&bench, mode, &[("a", "1")]).await;
        assert_eq!(bench.round_trips(session.apply(&[])).await, (Ok(Vec::new()), 0));
    }
}

/// A batch that fails, and how.
fn failing_batches() -> Vec<(Vec<Operation>, Error)> {
    let not_a_number = |key: &str| Error::NotANumber(key.to_owned());
    vec![
        (vec![set("a", "2"), increment("t", 1)], not_a_number("t")),
        (vec![set("a", "2"), increment_float("t", 1.0)], not_a_number("t")),
        (vec![set("t", "1"), increment("t", 1), set("t", "\"u\""), increment("t", 1)], not_a_number("t")),
        (vec![set_bytes("new", &[0xff]), increment("n", i64::MAX)], Error::Overflow),
        (vec![delete("t"), delete("n"), increment_float("big", 1e308)], Error::Overflow),
        (vec![pop("t"), pop("absent"), increment("t", 1), increment("a", 1), increment("q", 1)], not_a_number("q")),
        (vec![set_if_absent("new", "1"), set_if_absent("a", "9"), increment("f", 1)], not_a_number("f")),
        (vec![compare_and_set("a", Some("1"), Some("2")), increment("t", 1)], not_a_number("t")),
        (vec![compare_and_set("a", Some("1"), None), increment("t", 1)], not_a_number("t")),
        (vec![compare_and_set("new", None, Some("2")), increment("t", 1)], not_a_number("t")),
        (vec![increment("n", 1), increment("new", 1), increment("n", 1), increment("t", 1)], not_a_number("t")),
        (vec![increment_float("f", 0.5), increment_float("new", 0.5), increment("t", 1)], not_a_number("t")),
        (vec![get("a"), contains("b"), get_bytes("t"), increment("t", 1), set("a", "2")], not_a_number("t")),
        (
            vec![
                set("a", "2"),
                delete("a"),
                set("a", "3"),
                pop("a"),
                increment("a", 4),
                set("", "1"),
                increment("t", 1),
            ],
            not_a_number("t"),
        ),
    ]
}

pub(crate) async fn a_batch_that_fails_leaves_everything_as_it_was(bench: Bench) {
    let fields = [("a", "1"), ("t", "\"text\""), ("n", "5"), ("f", "0.25"), ("big", "1e308"), ("q", "\"5\"")];
    for mode in Mode::ALL {
        let session = stored_session(&bench, mode, &fields).await;
        let before = hash(&bench, &session).await;
        for (batch, error) in failing_batches() {
            // A handle's first call renews besides, and must fail no less cleanly.
            let store = bench.store(&mode.options(&bench)).await;
            let other = store.attach(&session.known_id().await).await.expect("an id");
            for handle in [&session, &other] {
                assert_eq!(handle.apply(&batch).await.as_ref(), Err(&error), "{batch:?} {mode:?}");
                assert_eq!(hash(&bench, &session).await, before, "{batch:?} {mode:?}");
            }
        }
        let key = format!("drsession:{}", session.known_id().await);
        assert_eq!(bench.redis().pttl(&key) > 0, mode.is_guarded(), "{mode:?}");
    }
}

pub(crate) async fn a_batch_that_fails_on_a_new_session_stores_nothing(bench: Bench) {
    for mode in Mode::ALL {
        let before = bench.redis().keys();
        let store = bench.store(&mode.options(&bench)).await;
        for (batch, error) in [
            (vec![set("t", "\"text\""), increment("t", 1)], Error::NotANumber("t".to_owned())),
            (vec![increment("n", i64::MAX), set("a", "1"), increment("n", 1)], Error::Overflow),
        ] {
            let session = store.start().await;
            assert_eq!(session.apply(&batch).await, Err(error), "{batch:?} {mode:?}");
            assert_eq!(bench.redis().keys(), before, "{batch:?} {mode:?}");
            assert_eq!(session.len().await, Ok(0), "{mode:?}");
        }
        let session = store.start().await;
        let batch = [set("a", "1"), compare_and_set("b", Some("1"), Some("2"))];
        assert_eq!(session.apply(&batch).await, Ok(vec![Outcome::Done, conflict(None)]), "{mode:?}");
        assert_eq!(bench.redis().keys(), before, "{mode:?}");
        assert_eq!(session.set("a", "1").await, Ok(()), "{mode:?}");
    }
}

pub(crate) async fn a_conflict_ends_the_batch_with_the_outcomes_so_far(bench: Bench) {
    let batches = [
        (vec![compare_and_set("a", Some("2"), Some("3")), set("b", "1")], vec![conflict(Some("1"))]),
        (vec![compare_and_set("a", None, Some("3"))], vec![conflict(Some("1"))]),
        (vec![compare_and_set("absent", Some("1"), None), get("a")], vec![conflict(None)]),
        (
            vec![
                get("a"),
                get_bytes("b"),
                contains("absent"),
                set("a", "2"),
                get("a"),
                set_bytes("new", &[0xff]),
                set_if_absent("new", "1"),
                set_if_absent("other", "1"),
                compare_and_set("a", Some("2"), Some("4")),
                delete("b"),
                delete("b"),
                pop("a"),
                pop("a"),
                increment("n", 1),
                increment("count", 2),
                increment("count", 2),
                get("count"),
                compare_and_set("a", Some("4"), Some("5")),
                set("never", "1"),
            ],
            vec![
                text("1"),
                Outcome::Bytes(Some(b"\"b\"".to_vec())),
                Outcome::Flag(false),
                Outcome::Done,
                text("2"),
                Outcome::Done,
                Outcome::Flag(false),
                Outcome::Flag(true),
                Outcome::Swap(Swap::Stored),
                Outcome::Flag(true),
                Outcome::Flag(false),
                text("4"),
                Outcome::Text(None),
                Outcome::Integer(6),
                Outcome::Integer(2),
                Outcome::Integer(4),
                text("4"),
                conflict(None),
            ],
        ),
        (
            vec![
                compare_and_set("a", Some("1"), Some("2")),
                compare_and_set("a", Some("2"), Some("3")),
                compare_and_set("a", Some("2"), Some("4")),
            ],
            vec![Outcome::Swap(Swap::Stored), Outcome::Swap(Swap::Stored), conflict(Some("3"))],
        ),
    ];
    for mode in Mode::ALL {
        let session = stored_session(&bench, mode, &[("a", "1"), ("b", "\"b\""), ("n", "5")]).await;
        let before = hash(&bench, &session).await;
        for (batch, outcomes) in &batches {
            assert_eq!(session.apply(batch).await.as_ref(), Ok(outcomes), "{batch:?} {mode:?}");
            assert_eq!(hash(&bench, &session).await, before, "{batch:?} {mode:?}");
        }
    }
}

/// Without scripts, the digits of a sum are known only once it is written, and a conflict comes before that.
pub(crate) async fn a_sum_before_a_comparison_is_exact_or_refused(bench: Bench) {
    for mode in Mode::ALL {
        let session = stored_session(&bench, mode, &[("f", "0.1")]).await;
        let before = hash(&bench, &session).await;
        for (read, outcome) in
            [(get("f"), text("0.3")), (get_bytes("f"), Outcome::Bytes(Some(b"0.3".to_vec()))), (pop("f"), text("0.3"))]
        {
            let sum = [increment_float("f", 0.2), read.clone()];
            let batch = [&sum[..], &[compare_and_set("a", Some("1"), None)]].concat();
            let answer = session.apply(&batch).await;
            if mode.has_scripts() {
                let outcomes = vec![Outcome::Number(0.3), outcome.clone(), conflict(None)];
                assert_eq!(answer, Ok(outcomes), "{read:?} {mode:?}");
            } else {
                assert!(matches!(answer, Err(Error::Unsupported(_))), "{read:?} {mode:?}: {answer:?}");
            }
            assert_eq!(hash(&bench, &session).await, before, "{read:?} {mode:?}");
            assert_eq!(session.apply(&sum).await, Ok(vec![Outcome::Number(0.3), outcome]), "{read:?} {mode:?}");
            assert_eq!(session.set("f", "0.1").await, Ok(()));
        }
    }
}

pub(crate) async fn a_batch_sees_its_own_writes(bench: Bench) {
    let batch = [
        set("a", "1"),
        increment("a", 1),
        get("a"),
        compare_and_set("a", Some("2"), Some("\"x\"")),
        pop("a"),
        set_if_absent("a", "3"),
        delete("a"),
        contains("a"),
    ];
    let outcomes = vec![
        Outcome::Done,
        Outcome::Integer(2),
        text("2"),
        Outcome::Swap(Swap::Stored),
        text("\"x\""),
        Outcome::Flag(true),
        Outcome::Flag(true),
        Outcome::Flag(false),
    ];
    for mode in Mode::ALL {
        let session = bench.store(&mode.options(&bench)).await.start().await;
        // Once while it creates the session, then on the session that is there.
        for _ in 0..2 {
            assert_eq!(session.apply(&batch).await.as_ref(), Ok(&outcomes), "{mode:?}");
            assert_eq!(session.len().await, Ok(0), "{mode:?}");
        }
    }
}

pub(crate) async fn text_that_is_none_is_told_once_the_batch_is_done(bench: Bench) {
    for mode in Mode::ALL {
        let session = bench.store(&mode.options(&bench)).await.start().await;
        assert_eq!(session.set_bytes("b", &[0xff]).await, Ok(()));
        let corrupt = Err(Error::Corrupt("b".to_owned()));
        assert_eq!(session.apply(&[get("b"), set("a", "1")]).await, corrupt, "{mode:?}");
        assert_eq!(session.get("a").await, Ok(Some("1".to_owned())), "{mode:?}");
        assert_eq!(session.apply(&[get_bytes("b"), pop("b")]).await, corrupt, "{mode:?}");
        assert_eq!(session.contains("b").await, Ok(false), "{mode:?}");
    }
}

pub(crate) async fn ten_thousand_operations_are_one_batch(bench: Bench) {
    let mut batch = Vec::with_capacity(MANY);
    let mut outcomes = Vec::with_capacity(MANY);
    for index in (0..MANY / 4).map(|index| index as i64) {
        let key = format!("k{}", index % 1_000);
        batch.push(set(&key, &index.to_string()));
        batch.push(increment("n", 2));
        batch.push(get(&key));
        batch.push(contains("absent"));
        outcomes.extend([
            Outcome::Done,
            Outcome::Integer(2 * (index + 1)),
            text(&index.to_string()),
            Outcome::Flag(false),
        ]);
    }
    let mut failing = batch.clone();
    failing[MANY - 1] = increment("t", 1);
    for mode in Mode::ALL {
        let session = stored_session(&bench, mode, &[("t", "\"text\"")]).await;
        let before = hash(&bench, &session).await;
        assert_eq!(failing.len(), MANY);
        assert_eq!(session.apply(&failing).await, Err(Error::NotANumber("t".to_owned())), "{mode:?}");
        assert_eq!(hash(&bench, &session).await, before, "{mode:?}");

        assert!(session.apply(&batch).await.as_ref() == Ok(&outcomes), "{mode:?}");
        assert_eq!(session.len().await, Ok(1_002), "{mode:?}");
        assert_eq!(session.get("k999").await, Ok(Some("1999".to_owned())), "{mode:?}");
    }
}

pub(crate) async fn operations_that_cannot_be_are_refused_before_anything_is_sent(bench: Bench) {
    let refused = [
        set("a", "{"),
        set_if_absent("a", "'x'"),
        compare_and_set("a", None, Some("nul")),
        set("\0created", "1"),
        delete("\0ended"),
        increment_float("a", f64::NAN),
    ];
    for mode in Mode::ALL {
        let session = stored_session(&bench, mode, &[("a", "1")]).await;
        for operation in &refused {
            let batch = [set("a", "2"), operation.clone()];
            let (answer, round_trips) = bench.round_trips(session.apply(&batch)).await;
            assert!(matches!(answer, Err(Error::InvalidArgument(_))), "{operation:?} {mode:?}: {answer:?}");
            assert_eq!(round_trips, 0, "{operation:?} {mode:?}");
        }
        assert_eq!(session.get("a").await, Ok(Some("1".to_owned())), "{mode:?}");
    }
}
