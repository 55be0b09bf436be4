//! Arguments and replies at their limits, and past them.

use host_test::{
    bench::Bench,
    instance::Instance,
    operation::{compare_and_set, get, increment_float, set, set_bytes, set_if_absent},
    options::Options,
    session::{Error, Operation, SameSite, Session, Swap},
};

use super::{
    mode::Mode,
    support::{UNKNOWN_ID, key, key_of, stored},
};

const FIELD: usize = 65_536;
const VALUE: usize = 16_777_216;
const BATCH_BYTES: usize = 33_554_432;
const BATCH_OPERATIONS: usize = 100_000;
const REPLY_BYTES: usize = 67_108_864;
const REPLY_ELEMENTS: usize = 1_048_576;
const PREFIX: usize = 1_024;
/// What is this large may take its time on a busy machine, in milliseconds.
const TIME_LIMIT: u32 = 60_000;

fn too_large<T>(limit: usize) -> Result<T, Error> {
    Err(Error::TooLarge(limit as u64))
}

/// A JSON text of so many bytes.
fn json(length: usize) -> String {
    format!("\"{}\"", "x".repeat(length - 2))
}

/// A stored session in each mode.
async fn sessions(bench: &Bench) -> Vec<(Mode, Session)> {
    let mut sessions = Vec::new();
    for mode in Mode::ALL {
        let options = mode.options(bench).timeouts(TIME_LIMIT, TIME_LIMIT);
        sessions.push((mode, stored(&bench.store(&options).await).await));
    }
    sessions
}

/// What the call returns, which sends nothing.
async fn unsent<T>(bench: &Bench, call: impl Future<Output = T>) -> T {
    let before = bench.sockets().statistics();
    let result = call.await;
    assert_eq!(bench.sockets().statistics(), before, "something was sent");
    result
}

pub(crate) async fn a_field_name_at_its_limit_is_taken_and_one_past_it_is_refused(bench: Bench) {
    for (mode, session) in sessions(&bench).await {
        let (fits, too_long) = ("f".repeat(FIELD), "f".repeat(FIELD + 1));
        assert_eq!(session.set(&fits, "1").await, Ok(()), "{mode:?}");
        assert_eq!(session.get(&fits).await, Ok(Some("1".to_owned())), "{mode:?}");
        assert_eq!(session.rotate(&[set(&fits, "2")]).await, Ok(()), "{mode:?}");
        assert_eq!(session.pop(&fits).await, Ok(Some("2".to_owned())), "{mode:?}");

        assert_eq!(unsent(&bench, session.get(&too_long)).await, too_large(FIELD));
        assert_eq!(unsent(&bench, session.get_many(&["field", &too_long])).await, too_large(FIELD));
        assert_eq!(unsent(&bench, session.set(&too_long, "1")).await, too_large(FIELD));
        assert_eq!(unsent(&bench, session.delete(&too_long)).await, too_large(FIELD));
        assert_eq!(unsent(&bench, session.increment(&too_long, 1)).await, too_large(FIELD));
        assert_eq!(unsent(&bench, session.apply(&[set("a", "1"), get(&too_long)])).await, too_large(FIELD));
        assert_eq!(unsent(&bench, session.rotate(&[set(&too_long, "1")])).await, too_large(FIELD));
        assert_eq!(session.len().await, Ok(1), "{mode:?}");
    }
}

pub(crate) async fn field_names_are_counted_in_bytes(bench: Bench) {
    let session = stored(&bench.store(&bench.options()).await).await;
    assert_eq!(session.set(&"\u{fc}".repeat(FIELD / 2), "1").await, Ok(()));
    let too_long = "\u{fc}".repeat(FIELD / 2 + 1);
    assert_eq!(unsent(&bench, session.set(&too_long, "1")).await, too_large(FIELD));
}

pub(crate) async fn a_value_at_its_limit_is_taken_and_one_past_it_is_refused(bench: Bench) {
    for (mode, session) in sessions(&bench).await {
        let (fits, too_long) = (json(VALUE), json(VALUE + 1));
        assert_eq!(session.set("a", &fits).await, Ok(()), "{mode:?}");
        let stored = session.get("a").await.expect("a session").expect("the value");
        assert!(stored == fits, "{mode:?}: {} bytes", stored.len());
        let written = session.compare_and_set("a", Some(&fits), Some("1")).await;
        assert_eq!(written, Ok(Swap::Stored), "{mode:?}");
        assert_eq!(session.set_bytes("a", &vec![0; VALUE]).await, Ok(()), "{mode:?}");
        assert_eq!(session.rotate(&[set("a", &fits)]).await, Ok(()), "{mode:?}");
        assert_eq!(session.pop("a").await.map(|value| value.map(|value| value.len())), Ok(Some(VALUE)), "{mode:?}");

        assert_eq!(unsent(&bench, session.set("a", &too_long)).await, too_large(VALUE));
        assert_eq!(unsent(&bench, session.set_bytes("a", &vec![0; VALUE + 1])).await, too_large(VALUE));
        assert_eq!(unsent(&bench, session.update(&[("b", "1"), ("a", &too_long)])).await, too_large(VALUE));
        assert_eq!(unsent(&bench, session.set_if_absent("a", &too_long)).await, too_large(VALUE));
        assert_eq!(unsent(&bench, session.compare_and_set("a", None, Some(&too_long))).await, too_large(VALUE));
        assert_eq!(unsent(&bench, session.apply(&[set("a", &too_long)])).await, too_large(VALUE));
        assert_eq!(unsent(&bench, session.rotate(&[set("a", &too_long)])).await, too_large(VALUE));
        assert_eq!(session.len().await, Ok(1), "{mode:?}");
    }
}

pub(crate) async fn a_batch_at_its_limit_in_bytes_is_taken_and_one_past_it_is_refused(bench: Bench) {
    for (mode, session) in sessions(&bench).await {
        // The names count too.
        let (half, rest) = (json(VALUE), json(BATCH_BYTES - VALUE - 2));
        let one_more = json(BATCH_BYTES - VALUE - 1);
        assert_eq!(session.update(&[("a", &half), ("b", &rest)]).await, Ok(()), "{mode:?}");
        let batch = [set("a", &half), set("b", &rest)];
        assert_eq!(session.apply(&batch).await.map(|outcomes| outcomes.len()), Ok(2), "{mode:?}");
        assert_eq!(session.rotate(&batch).await, Ok(()), "{mode:?}");
        assert_eq!(session.get("b").await.map(|value| value.map(|value| value.len())), Ok(Some(rest.len())));
        assert_eq!(session.clear().await, Ok(()), "{mode:?}");

        let updated = unsent(&bench, session.update(&[("a", &half), ("b", &one_more)])).await;
        assert_eq!(updated, too_large(BATCH_BYTES));
        let batch = [set("a", &half), set("b", &one_more)];
        assert_eq!(unsent(&bench, session.apply(&batch)).await, too_large(BATCH_BYTES));
        assert_eq!(unsent(&bench, session.rotate(&batch)).await, too_large(BATCH_BYTES));
        assert_eq!(session.len().await, Ok(0), "{mode:?}");
    }
}

pub(crate) async fn a_batch_of_as_many_operations_as_may_be_is_taken_and_one_more_is_refused(bench: Bench) {
    for (mode, session) in sessions(&bench).await {
        let items: Vec<_> = (0..=BATCH_OPERATIONS).map(|number| (number.to_string(), "1")).collect();
        let keys: Vec<_> = items.iter().map(|(key, _)| key.clone()).collect();
        let operations: Vec<Operation> = items.iter().map(|(key, json)| set(key, json)).collect();
        assert_eq!(unsent(&bench, session.update(&items)).await, too_large(BATCH_OPERATIONS));
        assert_eq!(unsent(&bench, session.apply(&operations)).await, too_large(BATCH_OPERATIONS));
        assert_eq!(unsent(&bench, session.rotate(&operations)).await, too_large(BATCH_OPERATIONS));
        assert_eq!(unsent(&bench, session.get_many(&keys)).await, too_large(BATCH_OPERATIONS));
        assert_eq!(session.len().await, Ok(1), "{mode:?}");

        assert_eq!(session.update(&items[1..]).await, Ok(()), "{mode:?}");
        assert_eq!(session.len().await, Ok(BATCH_OPERATIONS as u32 + 1), "{mode:?}");
        let read = session.get_many(&keys[1..]).await.expect("the values");
        assert!(read.iter().all(|value| value.as_deref() == Some("1")), "{mode:?}");
        let outcomes = session.apply(&operations[1..]).await.expect("the outcomes");
        assert_eq!(outcomes.len(), BATCH_OPERATIONS, "{mode:?}");
        assert_eq!(session.rotate(&operations[1..]).await, Ok(()), "{mode:?}");
        assert_eq!(session.clear().await, Ok(()), "{mode:?}");
        assert_eq!(session.len().await, Ok(0), "{mode:?}");
    }
}

/// A session of the original's kind, whose replies hold nothing but its fields, and an instance with room for them.
async fn roomy_session(bench: &Bench) -> Session {
    let instance = Instance::builder(bench.flavour()).sockets(bench.sockets()).memory_limit(1 << 30).start().await;
    let store = instance.store(&bench.options().original().timeouts(TIME_LIMIT, TIME_LIMIT)).await.expect("a store");
    store.attach(UNKNOWN_ID).await.expect("a well-formed id")
}

pub(crate) async fn a_reply_at_its_limit_in_bytes_is_read_and_one_past_it_is_told(bench: Bench) {
    let session = roomy_session(&bench).await;
    let key = key(UNKNOWN_ID);
    // `*8`, four names of one byte, and the lengths of four values, each with its line ends.
    let frame = 4 + 4 * 7 + 4 * (11 + 2);
    let rest = REPLY_BYTES - frame - 3 * VALUE;
    for field in ["a", "b", "c"] {
        bench.redis().hset(&key, field, json(VALUE));
    }
    bench.redis().hset(&key, "d", json(rest));
    let items = session.items_bytes().await.expect("the items");
    assert_eq!(items.iter().map(|(_, value)| value.len()).sum::<usize>(), 3 * VALUE + rest);

    bench.redis().hset(&key, "d", json(rest + 1));
    assert_eq!(session.items_bytes().await, too_large(REPLY_BYTES));
    assert_eq!(session.values().await, too_large(REPLY_BYTES));
    // Each by itself can be read all the same.
    assert_eq!(session.get("d").await.map(|value| value.map(|value| value.len())), Ok(Some(rest + 1)));
}

pub(crate) async fn a_reply_of_as_many_elements_as_may_be_is_read_and_more_are_told(bench: Bench) {
    let session = roomy_session(&bench).await;
    let key = key(UNKNOWN_ID);
    let script = "for i = 1, ARGV[1] do redis.call('HSET', KEYS[1], i, 1) end";
    let fields = REPLY_ELEMENTS / 2;
    bench
        .redis()
        .query::<()>(&[b"EVAL", script.as_bytes(), b"1", key.as_bytes(), fields.to_string().as_bytes()])
        .expect("a script");
    assert_eq!(session.items().await.map(|items| items.len()), Ok(fields));
    bench.redis().hset(&key, "one more", "1");
    // The limit that is told is the one in bytes.
    assert_eq!(session.items().await, too_large(REPLY_BYTES));
    assert_eq!(session.keys().await.map(|keys| keys.len()), Ok(fields + 1));
    assert_eq!(session.len().await, Ok(fields as u32 + 1));
}

pub(crate) async fn a_prefix_at_its_limit_is_taken_and_one_past_it_is_refused(bench: Bench) {
    let fits = "p".repeat(PREFIX);
    let session = stored(&bench.store(&bench.options().prefix(&fits[..])).await).await;
    assert_eq!(bench.redis().keys(), [format!("{fits}{}", session.known_id().await)]);
    assert_eq!(session.rotate(&[]).await, Ok(()));
    let instance = bench.instance().await;
    let refused = instance.store(&bench.options().prefix("p".repeat(PREFIX + 1))).await.map(drop);
    expect_refused(refused, "a prefix past its limit");
}

pub(crate) async fn malformed_ids_are_refused(bench: Bench) {
    let store = bench.store(&bench.options()).await;
    let good = stored(&store).await.known_id().await;
    let malformed = [
        String::new(),
        "abc123".to_owned(),
        good[1..].to_owned(),
        format!("{good}A"),
        format!("{}B", &good[..42]),
        format!("{}=", &good[..42]),
        format!("{}+", &good[..42]),
        format!(" {}", &good[..42]),
        format!("{}\u{e9}", &good[..41]),
        format!("{}\n", &good[..42]),
        key(&good),
        "x".repeat(1_000_000),
    ];
    for id in &malformed {
        let refused = unsent(&bench, store.attach(id)).await.map(drop);
        let Err(Error::InvalidArgument(why)) = refused else { panic!("{id} is taken: {refused:?}") };
        assert!(id.is_empty() || !why.contains(&id[..]), "{why}");
    }
}

pub(crate) async fn what_is_not_json_is_refused(bench: Bench) {
    for (mode, session) in sessions(&bench).await {
        let before = bench.redis().hgetall_bytes(&key_of(&session).await);
        for text in [
            "",
            " ",
            "nul",
            "True",
            "01",
            "1.",
            ".5",
            "+1",
            "'a'",
            "[1,]",
            "{a:1}",
            "{\"a\"}",
            "1 2",
            "NaN",
            "\"a",
            "[[",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"\\ud8\"",
            "\u{feff}1",
            "secret",
        ] {
            expect_refused(unsent(&bench, session.set("a", text)).await, text);
            expect_refused(unsent(&bench, session.update(&[("field", "2"), ("a", text)])).await, text);
            expect_refused(unsent(&bench, session.set_if_absent("a", text)).await, text);
            expect_refused(unsent(&bench, session.compare_and_set("a", None, Some(text))).await, text);
            for operation in [set("a", text), set_if_absent("a", text), compare_and_set("a", None, Some(text))] {
                expect_refused(unsent(&bench, session.apply(&[set("field", "2"), operation])).await, text);
            }
            expect_refused(unsent(&bench, session.rotate(&[set("field", "2"), set("a", text)])).await, text);
        }
        assert_eq!(bench.redis().hgetall_bytes(&key_of(&session).await), before, "{mode:?}");
        // What is expected may be any text: it is compared and not stored.
        let conflict = Ok(Swap::Conflict(Some("1".to_owned())));
        assert_eq!(session.compare_and_set("field", Some("not json"), Some("2")).await, conflict);
        assert_eq!(session.set_bytes("a", b"not json").await, Ok(()));
        assert_eq!(session.compare_and_set("a", Some("not json"), Some("2")).await, Ok(Swap::Stored), "{mode:?}");
        assert_eq!(session.apply(&[set_bytes("a", b"\xff")]).await.map(|outcomes| outcomes.len()), Ok(1));
    }
}

#[track_caller]
fn expect_refused<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) {
    let Err(Error::InvalidArgument(why)) = result else { panic!("{text} is taken: {result:?}") };
    assert!(!why.contains("secret"), "{why}");
}

pub(crate) async fn increments_that_are_not_finite_are_refused(bench: Bench) {
    for (_, session) in sessions(&bench).await {
        for by in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            expect_refused(unsent(&bench, session.increment_float("n", by)).await, "");
            expect_refused(unsent(&bench, session.apply(&[set("a", "1"), increment_float("n", by)])).await, "");
        }
    }
}

/// `store.open` with these options, which sends nothing.
async fn open(bench: &Bench, options: &Options) -> Result<(), Error> {
    let instance = bench.instance().await;
    unsent(bench, instance.store(options)).await.map(drop)
}

pub(crate) async fn malformed_urls_are_refused(bench: Bench) {
    for url in [
        "",
        "localhost",
        "127.0.0.1:6379",
        "http://localhost",
        "redis:/localhost",
        "redis://",
        "redis://:6379",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:+1",
        "redis://h:6379x",
        "redis://::1",
        "redis://[::1",
        "redis://[::1]x",
        "redis://h/x",
        "redis://h/-1",
        "redis://h/1/2",
        "redis://h/99999999999",
        "redis://secret@h",
        "redis://user:@h",
        "redis://user:%zzsecret@h",
        "redis://user:%4@h",
        "redis://h?protocol=4",
        "redis://h?timeout=5",
        "redis://h?db",
        "redis://h?db=x",
        "redis://h/1?db=1",
        "redis://a,b",
        "redis://h#secret",
        "redis://ho st",
        "redis+unix://tmp/x",
        "redis+unix:///",
        "redis+unix://",
    ] {
        expect_refused(open(&bench, &Options::new(url)).await, url);
    }
}

pub(crate) async fn what_the_host_lacks_is_told_by_name(bench: Bench) {
    // TLS is the socket's to have, so that the first call finds out.
    let refused = bench.store(&Options::new("rediss://127.0.0.1")).await.check().await;
    let Err(Error::Unsupported(what)) = refused else { panic!("TLS is taken: {refused:?}") };
    assert!(what.contains("TLS"), "{what}");
}

pub(crate) async fn options_that_contradict_themselves_are_refused(bench: Bench) {
    let plain = || bench.options().cookie_name("id");
    let refused = [
        ("no guard, and an idle lifetime", bench.options().guard(false)),
        ("no guard, and an absolute lifetime", bench.options().original().absolute_lifetime(10)),
        ("no time to connect", bench.options().timeouts(0_u32, 1_u32)),
        ("no time to answer", bench.options().timeouts(1_u32, 0_u32)),
        ("replicas waited for without end", bench.options().replicas(1_u32, 0_u32)),
        ("replicas waited for as long as an answer", bench.options().replicas(1_u32, 2_000_u32)),
        ("no cookie name", bench.options().cookie_name("")),
        ("a cookie name with a blank", bench.options().cookie_name("a b")),
        ("a cookie name with =", bench.options().cookie_name("a=b")),
        ("a cookie name outside ASCII", bench.options().cookie_name("\u{fc}")),
        ("a former name that is no token", bench.options().former_cookie_names(["ok".to_owned(), "a;b".to_owned()])),
        ("a prefix without Secure", bench.options().cookie_secure(false)),
        ("__Secure- without Secure", bench.options().cookie_name("__Secure-id").cookie_secure(false)),
        ("__Http- without Secure", bench.options().cookie_name("__Http-id").cookie_secure(false)),
        ("__Host-Http- without Secure", bench.options().cookie_name("__Host-Http-id").cookie_secure(false)),
        ("the prefix in other letters", bench.options().cookie_name("__hOST-id").cookie_path("/shop")),
        ("__Host- with a domain", bench.options().cookie_domain("example.org".to_owned())),
        ("__Host- with a path", bench.options().cookie_path("/shop")),
        ("__Host-Http- with a path", bench.options().cookie_name("__Host-Http-id").cookie_path("/shop")),
        ("a path without /", plain().cookie_path("shop")),
        ("a path with ;", plain().cookie_path("/;Domain=evil.example")),
        ("a path with a line end", plain().cookie_path("/\r\nSet-Cookie: a=b")),
        ("an empty domain", plain().cookie_domain(String::new())),
        ("a domain with ;", plain().cookie_domain("a;b".to_owned())),
        ("SameSite=None without Secure", plain().cookie_secure(false).cookie_same_site(SameSite::None)),
        ("Partitioned without Secure", plain().cookie_secure(false).cookie_partitioned(true)),
    ];
    for (what, options) in refused {
        expect_refused(open(&bench, &options).await, what);
    }
}

pub(crate) async fn options_at_their_limits_are_taken(bench: Bench) {
    let taken = [
        bench.options().original(),
        bench.options().idle_lifetime(1).absolute_lifetime(1),
        bench.options().idle_lifetime(u32::MAX).absolute_lifetime(u32::MAX),
        bench.options().timeouts(1_u32, 1_u32),
        bench.options().timeouts(u32::MAX, u32::MAX),
        bench.options().cookie_name("__Secure-id").cookie_path("/shop").cookie_domain("example.org".to_owned()),
        bench.options().cookie_name("__Http-id").cookie_path("/shop"),
        bench.options().cookie_name("__Host-Http-id"),
        bench.options().cookie_name("id").cookie_secure(false),
        bench.options().replicas(0_u32, 0_u32),
        bench.options().replicas(u32::MAX, 1_999_u32),
    ];
    for options in taken {
        assert_eq!(open(&bench, &options).await, Ok(()));
    }
    let options = bench.options().idle_lifetime(u32::MAX).absolute_lifetime(u32::MAX);
    let session = stored(&bench.store(&options).await).await;
    let ttl = session.ttl().await.expect("a session").expect("an expiry");
    assert!(u32::MAX - ttl < 60, "{ttl} s");
}
