//! Counters: exact over all 64 bits, and told where they can't be.

use host_test::{
    bench::Bench,
    operation::{increment, set},
    session::{Error, Session},
};

use super::mode::Mode;

const KEY: &str = "n";
/// The first integer that a double can't hold is one more.
const DOUBLES_END: i64 = 1 << 53;

/// A stored session in each mode.
async fn sessions(bench: &Bench) -> Vec<(Mode, Session)> {
    let mut sessions = Vec::new();
    for mode in Mode::ALL {
        let session = bench.store(&mode.options(bench)).await.start().await;
        assert_eq!(session.set("other", "1").await, Ok(()));
        sessions.push((mode, session));
    }
    sessions
}

async fn stored(session: &Session) -> Option<String> {
    session.get(KEY).await.expect("a session that can be read")
}

pub(crate) async fn increments_are_exact_over_all_64_bits(bench: Bench) {
    let sums = [
        (None, 0, 0),
        (None, i64::MIN, i64::MIN),
        (None, i64::MAX, i64::MAX),
        (Some(0), 1, 1),
        (Some(0), -1, -1),
        (Some(DOUBLES_END), 1, DOUBLES_END + 1),
        (Some(DOUBLES_END + 1), 0, DOUBLES_END + 1),
        (Some(DOUBLES_END + 1), 2, DOUBLES_END + 3),
        (Some(-DOUBLES_END), -1, -DOUBLES_END - 1),
        (Some(-DOUBLES_END - 1), -2, -DOUBLES_END - 3),
        (Some(-1), DOUBLES_END + 2, DOUBLES_END + 1),
        (Some(DOUBLES_END - 1), 2, DOUBLES_END + 1),
        (Some(i64::MAX - 1), 1, i64::MAX),
        (Some(i64::MAX), 0, i64::MAX),
        (Some(i64::MIN + 1), -1, i64::MIN),
        (Some(i64::MIN), i64::MAX, -1),
        (Some(i64::MAX), i64::MIN, -1),
    ];
    for (mode, session) in sessions(&bench).await {
        for (before, by, after) in sums {
            match before {
                Some(number) => assert_eq!(session.set(KEY, &number.to_string()).await, Ok(())),
                None => drop(session.delete(KEY).await.expect("a session that lives")),
            }
            assert_eq!(session.increment(KEY, by).await, Ok(after), "{before:?} {by} {mode:?}");
            assert_eq!(stored(&session).await, Some(after.to_string()), "{before:?} {by} {mode:?}");
        }
    }
}

pub(crate) async fn a_sum_past_64_bits_is_told_and_changes_nothing(bench: Bench) {
    for (mode, session) in sessions(&bench).await {
        for (before, by) in [(i64::MAX, 1), (1, i64::MAX), (i64::MIN, -1), (-1, i64::MIN), (i64::MIN, i64::MIN)] {
            let before = before.to_string();
            assert_eq!(session.set(KEY, &before).await, Ok(()));
            assert_eq!(session.increment(KEY, by).await, Err(Error::Overflow), "{before} {by} {mode:?}");
            assert_eq!(stored(&session).await, Some(before), "{mode:?}");
        }
    }
}

pub(crate) async fn what_is_no_integer_is_told_and_left_alone(bench: Bench) {
    let not_json = ["007", "+5", "-0", "5 ", "", "0x10", "\u{ff15}"];
    let json =
        ["5.0", "5e0", "\"5\"", " 5", "true", "null", "[5]", "9223372036854775808", "-9223372036854775809", "1e400"];
    for (mode, session) in sessions(&bench).await {
        for value in json {
            assert_eq!(session.set(KEY, value).await, Ok(()));
            expect_no_integer(&session, value, mode).await;
        }
        for value in not_json {
            assert_eq!(session.set_bytes(KEY, value.as_bytes()).await, Ok(()));
            expect_no_integer(&session, value, mode).await;
        }
        assert_eq!(session.set_bytes(KEY, b"5\xff").await, Ok(()));
        assert_eq!(session.increment(KEY, 1).await, not_a_number(), "{mode:?}");
        assert_eq!(session.get_bytes(KEY).await, Ok(Some(b"5\xff".to_vec())), "{mode:?}");
    }
}

fn not_a_number<T>() -> Result<T, Error> {
    Err(Error::NotANumber(KEY.to_owned()))
}

async fn expect_no_integer(session: &Session, value: &str, mode: Mode) {
    for by in [1, 0, i64::MAX, i64::MIN] {
        assert_eq!(session.increment(KEY, by).await, not_a_number(), "{value:?} {by} {mode:?}");
    }
    assert_eq!(stored(session).await.as_deref(), Some(value), "{mode:?}");
}

pub(crate) async fn fractions_add_up_as_people_do(bench: Bench) {
    let sums = [
        (None, 0.1, 0.1, "0.1"),
        (Some("0.1"), 0.2, 0.3, "0.3"),
        (Some("0"), 1e-20, 0.0, "0"),
        (Some("5"), 1e-20, 5.0, "5"),
        (Some("3.5"), -0.5, 3.0, "3"),
        (Some("1"), 1.5, 2.5, "2.5"),
        (Some("5e3"), 1.0, 5001.0, "5001"),
        (Some("-0.25"), 0.25, 0.0, "0"),
        (Some("100000000000000000000"), 1.0, 1e20, "100000000000000000000"),
        (Some("1e300"), 0.0, 1e300, ""),
    ];
    for (mode, session) in sessions(&bench).await {
        for (before, by, after, text) in sums {
            match before {
                Some(number) => assert_eq!(session.set(KEY, number).await, Ok(())),
                None => drop(session.delete(KEY).await.expect("a session that lives")),
            }
            let sum = session.increment_float(KEY, by).await;
            assert_eq!(sum, Ok(after), "{before:?} {by} {mode:?}");
            let stored = stored(&session).await.expect("a number");
            assert!(text.is_empty() || stored == text, "{before:?} {by} {mode:?}: {stored}");
            assert_eq!(stored.parse(), Ok(after), "{before:?} {by} {mode:?}");
        }
    }
}

pub(crate) async fn a_sum_is_answered_to_the_nearest_double(bench: Bench) {
    let session = bench.store(&bench.options()).await.start().await;
    for _ in 0..1_000 {
        let (digits, exponent) = (rand::random::<i64>() >> rand::random_range(0..60), rand::random_range(-30..30));
        assert_eq!(session.set(KEY, &format!("{digits}e{exponent}")).await, Ok(()));
        let by = f64::from(rand::random::<i32>()) / 1e5;
        let sum = session.increment_float(KEY, by).await;
        let stored = stored(&session).await.expect("a number");
        assert_eq!(sum, Ok(stored.parse().expect("a number")), "{digits}e{exponent} and {by}: {stored}");
    }
}

pub(crate) async fn a_sum_that_no_double_holds_is_told_and_changes_nothing(bench: Bench) {
    for (mode, session) in sessions(&bench).await {
        for (before, by) in [("1e308", 1e308), ("-1e308", -1e308), ("1.7976931348623157e308", 1e300), ("1e400", 1.0)] {
            assert_eq!(session.set(KEY, before).await, Ok(()));
            let sum = session.increment_float(KEY, by).await;
            assert_eq!(sum, Err(Error::Overflow), "{before} {by} {mode:?}");
            assert_eq!(stored(&session).await.as_deref(), Some(before), "{mode:?}");
        }
    }
}

pub(crate) async fn what_is_no_number_takes_no_fraction(bench: Bench) {
    for (mode, session) in sessions(&bench).await {
        for value in ["\"5\"", "true", "null", "[]", " 5"] {
            assert_eq!(session.set(KEY, value).await, Ok(()));
            assert_eq!(session.increment_float(KEY, 0.5).await, not_a_number(), "{value:?} {mode:?}");
            assert_eq!(stored(&session).await.as_deref(), Some(value), "{mode:?}");
        }
        for value in ["", "5 ", "nan", "NaN", "-nan", "5\0", "1,5"] {
            assert_eq!(session.set_bytes(KEY, value.as_bytes()).await, Ok(()));
            assert_eq!(session.increment_float(KEY, 0.5).await, not_a_number(), "{value:?} {mode:?}");
            assert_eq!(stored(&session).await.as_deref(), Some(value), "{mode:?}");
        }
    }
}

pub(crate) async fn what_is_not_finite_is_no_increment(bench: Bench) {
    for (mode, session) in sessions(&bench).await {
        for by in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let (refused, round_trips) = bench.round_trips(session.increment_float(KEY, by)).await;
            assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{by} {mode:?}: {refused:?}");
            assert_eq!(round_trips, 0, "{mode:?}");
        }
        assert_eq!(stored(&session).await, None);
    }
}

pub(crate) async fn a_counter_that_fails_on_a_new_handle_leaves_it_new(bench: Bench) {
    for mode in Mode::ALL {
        let before = bench.redis().dbsize();
        let session = bench.store(&mode.options(&bench)).await.start().await;
        let add_to_text = [set(KEY, "\"text\""), increment(KEY, 1)];
        assert_eq!(session.apply(&add_to_text).await, not_a_number(), "{mode:?}");
        assert_eq!(bench.redis().dbsize(), before, "{mode:?}");
        assert_eq!(session.response_headers().await, [], "{mode:?}");
        assert_eq!(session.get(KEY).await, Ok(None), "{mode:?}");
    }
}
