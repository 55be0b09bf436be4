//! How many round trips each call costs: what stands in `round_trips.txt`, exactly.

use host_test::{
    bench::Bench,
    options::Options,
    redis_server::RedisServer,
    session::{Found, Session, Store},
};

use super::{
    calls::{CALLS, Call},
    mode::Mode,
    support::{UNKNOWN_ID, attached, cookie, in_both_modes, stored, undecided, warm_up},
};

/// The table: what each call costs in each situation, a section for each mode.
const TABLE: &str = include_str!("round_trips.txt");

/// The columns of the table.
#[derive(Clone, Copy)]
enum Situation {
    /// A handle through which a call has gone.
    Used,
    /// A handle on a known id, at its first call.
    Attached,
    /// A handle from a cookie whose session is there, at its first call.
    There,
    /// A handle from a cookie whose session is not there, at its first call.
    NotThere,
    /// A new session.
    New,
}

const SITUATIONS: [(&str, Situation); 5] = [
    ("used", Situation::Used),
    ("attached", Situation::Attached),
    ("there", Situation::There),
    ("not-there", Situation::NotThere),
    ("new", Situation::New),
];

impl Situation {
    async fn handle(self, store: &Store) -> Session {
        let session = stored(store).await;
        match self {
            Self::Used => {
                let handle = attached(store, &session).await;
                assert_eq!(handle.get("field").await, Ok(Some("1".to_owned())));
                handle
            }
            Self::Attached => attached(store, &session).await,
            Self::There => undecided(store, &session).await,
            Self::NotThere => store.from_cookie(&cookie(UNKNOWN_ID)).await,
            Self::New => store.start().await,
        }
    }
}

/// The table's lines of a mode, without comments.
fn section(mode: Mode) -> Vec<&'static str> {
    let heading = format!("[{mode:?}]");
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let section: Vec<_> =
        lines.skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with('[')).collect();
    assert!(!section.is_empty(), "the table has no section {heading}");
    section
}

/// A line of the table.
fn row(name: &str, cells: impl Iterator<Item = String>) -> String {
    cells.fold(format!("{name:<29}"), |line, cell| format!("{line}{cell:>10}"))
}

async fn measured(bench: &Bench, store: &Store, call: &Call) -> String {
    let mut cells = Vec::new();
    for (_, situation) in SITUATIONS {
        let handle = situation.handle(store).await;
        let (result, round_trips) = bench.round_trips(call.on(&handle)).await;
        cells.push(match result {
            Ok(()) => round_trips.to_string(),
            Err(_) => "refused".to_owned(),
        });
    }
    row(call.name, cells.into_iter())
}

/// Holds every call against the table.
async fn expect_as_in_the_table(bench: Bench, mode: Mode) {
    let store = bench.store(&mode.options(&bench)).await;
    warm_up(&store).await;
    let mut rows = vec![row("", SITUATIONS.iter().map(|(name, _)| (*name).to_owned()))];
    for call in CALLS {
        rows.push(measured(&bench, &store, call).await);
    }
    let expected = section(mode);
    for (measured, expected) in rows.iter().zip(&expected) {
        if measured != expected {
            println!("- {expected}\n+ {measured}");
        }
    }
    assert_eq!(rows, expected, "measured, and in the table: the lines that differ stand above");
}

pub(crate) async fn every_call_costs_what_the_table_says_by_scripts(bench: Bench) {
    expect_as_in_the_table(bench, Mode::Scripts).await;
}

pub(crate) async fn every_call_costs_what_the_table_says_without_scripts(bench: Bench) {
    expect_as_in_the_table(bench, Mode::NoScripts).await;
}

pub(crate) async fn every_call_costs_what_the_table_says_with_the_guard_off(bench: Bench) {
    expect_as_in_the_table(bench, Mode::NoGuard).await;
}

pub(crate) async fn every_call_costs_what_the_table_says_with_neither(bench: Bench) {
    expect_as_in_the_table(bench, Mode::NoGuardNoScripts).await;
}

pub(crate) async fn what_needs_no_redis_costs_nothing(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let instance = bench.instance().await;
        let calls = async {
            let store = instance.store(&options).await.expect("a store");
            let from_cookie = store.from_cookie(&cookie(UNKNOWN_ID)).await;
            let attached = store.attach(UNKNOWN_ID).await.expect("a well-formed id");
            for handle in [store.start().await, from_cookie, attached] {
                handle.id().await;
                handle.log_id().await;
                handle.set_renewing(false).await;
                assert_eq!(handle.restart().await, Ok(()));
                handle.response_headers().await;
            }
        };
        let ((), round_trips) = bench.round_trips(calls).await;
        assert_eq!(round_trips, 0);
    })
    .await;
}

pub(crate) async fn a_script_that_redis_has_forgotten_costs_one_more_once(bench: Bench) {
    let store = bench.store(&bench.options()).await;
    warm_up(&store).await;
    let session = stored(&store).await;
    for expected in [2, 1, 1] {
        if expected == 2 {
            bench.redis().script_flush();
        }
        let (stored, round_trips) = bench.round_trips(session.increment("n", 1)).await;
        assert!(stored.is_ok());
        assert_eq!(round_trips, expected);
    }
    for expected in [2, 1, 1] {
        if expected == 2 {
            bench.redis().script_flush();
        }
        let (rotated, round_trips) = bench.round_trips(session.rotate(&[])).await;
        assert_eq!((rotated, round_trips), (Ok(()), expected));
    }
    // A session that a cookie leads to, with both at once: who looks, and then creates, asks for one script.
    bench.redis().script_flush();
    let handle = store.from_cookie(&cookie(UNKNOWN_ID)).await;
    let (stored, round_trips) = bench.round_trips(handle.set("field", "1")).await;
    assert_eq!((stored, round_trips), (Ok(()), 3));
    assert_eq!(session.get("n").await, Ok(Some("3".to_owned())), "each was added once");
}

pub(crate) async fn a_handshake_costs_one_and_none_where_there_is_nothing_to_say(bench: Bench) {
    let protected = RedisServer::builder().password("secret").acl_user("visitor on >word ~* +@all").start();
    let protected = protected.expect("a server");
    let (plain, port) = (bench.server().url(), protected.port());
    let cases = [
        (plain.clone(), 0),
        (format!("{plain}/0"), 0),
        (format!("{plain}/3"), 1),
        (format!("{plain}?protocol=3"), 1),
        (format!("{plain}/4?protocol=3"), 1),
        (protected.url(), 1),
        (format!("{}/3", protected.url()), 1),
        (protected.url_as("visitor", "word"), 1),
        (format!("redis://visitor:word@127.0.0.1:{port}/5?protocol=3"), 1),
    ];
    for (url, handshake) in cases {
        let options = Options::new(&url[..]);
        let store = bench.store(&options).await;
        for expected in [handshake + 1, 1] {
            let (checked, round_trips) = bench.round_trips(store.check()).await;
            assert_eq!((checked, round_trips), (Ok(()), expected), "{url}");
        }
        // The next instance finds the connection as the last one left it.
        drop(store);
        let next = bench.store(&options).await;
        let (checked, round_trips) = bench.round_trips(next.check()).await;
        assert_eq!((checked, round_trips), (Ok(()), 1), "{url}");
    }
}

pub(crate) async fn reading_a_session_costs_one_however_much_is_read(bench: Bench) {
    let store = bench.store(&bench.options()).await;
    let session = stored(&store).await;
    let items: Vec<_> = (0..10_000).map(|number| (number.to_string(), "1")).collect();
    let keys: Vec<_> = items.iter().map(|(key, _)| key).collect();
    let (updated, round_trips) = bench.round_trips(session.update(&items)).await;
    assert_eq!((updated, round_trips), (Ok(()), 1));
    let (read, round_trips) = bench.round_trips(session.get_many(&keys)).await;
    assert_eq!((read.map(|values| values.len()), round_trips), (Ok(10_000), 1));
    let (read, round_trips) = bench.round_trips(session.items()).await;
    assert_eq!((read.map(|items| items.len()), round_trips), (Ok(10_001), 1));
}

pub(crate) async fn a_thousand_requests_that_only_look_leave_nothing(bench: Bench) {
    /// What a crawler's request comes to.
    async fn look(session: &Session) {
        let nothing = Ok(None);
        assert_eq!(session.get("user").await, nothing);
        assert_eq!(session.get_many(&["a", "b"]).await, Ok(vec![None, None]));
        assert_eq!(session.contains("user").await, Ok(false));
        assert_eq!(session.items().await, Ok(vec![]));
        assert_eq!(session.len().await, Ok(0));
        assert_eq!(session.pop("message").await, nothing);
        assert_eq!(session.delete("message").await, Ok(false));
        assert_eq!(session.clear().await, Ok(()));
        assert_eq!(session.touch().await, Ok(()));
        assert_eq!(session.response_headers().await, []);
    }

    for mode in Mode::ALL {
        let instance = bench.instance().await;
        let store = instance.store(&mode.options(&bench)).await.expect("a store");
        warm_up(&store).await;
        bench.redis().command::<()>("FLUSHALL");
        let visits = async {
            for number in 0..1_000 {
                let (headers, found): (Vec<String>, _) = match number % 4 {
                    0 => (vec![], Found::NoCookie),
                    1 => (cookie(UNKNOWN_ID).into(), Found::UnknownId),
                    2 => (cookie("malformed").into(), Found::NoCookie),
                    _ => (vec![format!("other=1; __Host-id=\"{UNKNOWN_ID}\"")], Found::NoCookie),
                };
                let session = store.from_cookie(&headers).await;
                // What a request asks first differs; nothing else should.
                match number / 4 % 5 {
                    0 => assert_eq!(session.found().await, Ok(found)),
                    1 => assert_eq!(session.touch().await, Ok(())),
                    2 => assert_eq!(session.pop("message").await, Ok(None)),
                    3 => assert_eq!(session.destroy().await, Ok(())),
                    _ => {}
                }
                look(&session).await;
                assert_eq!(session.found().await, Ok(found));
                session.close().await;
            }
        };
        let ((), round_trips) = bench.round_trips(visits).await;
        assert_eq!(bench.redis().dbsize(), 0, "{mode:?}");
        // Only an id that looks like one is asked for, and once.
        let lookup = if mode == Mode::NoScripts { 2 } else { 1 };
        assert_eq!(round_trips, 250 * lookup, "{mode:?}");
    }
}
