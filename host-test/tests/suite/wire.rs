//! What comes over the wire, in whatever pieces, of whatever size, from servers good and bad.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use host_test::{
    bench::Bench,
    instance::Instance,
    options::Options,
    redis_server::RedisServer,
    request::Request,
    scripted_server::ScriptedServer,
    session::{Error, Session, Store},
    waiting::in_time,
};

use super::support::UNKNOWN_ID;

const MEBIBYTE: usize = 1024 * 1024;
/// The longest reply that is taken.
const LONGEST_REPLY: u64 = 64 * MEBIBYTE as u64;

fn bulk(text: &str) -> Vec<u8> {
    format!("${}\r\n{text}\r\n", text.len()).into_bytes()
}

fn array(elements: &[Vec<u8>]) -> Vec<u8> {
    [format!("*{}\r\n", elements.len()).into_bytes(), elements.concat()].concat()
}

async fn server(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> ScriptedServer {
    ScriptedServer::start(answer).await.expect("a server")
}

/// Options under which calls are commands that every Redis knows: HMGET for `get`, HSET for `set`, HGETALL for `items`.
fn plain(server: &ScriptedServer, parameters: &str) -> Options {
    Options::new(server.url() + parameters).original()
}

/// A handle on a session that the server shall make up.
async fn attached(store: &Store) -> Session {
    store.attach(UNKNOWN_ID).await.expect("a well-formed id")
}

pub(crate) async fn a_reply_cut_in_two_at_any_byte_is_read_whole(bench: Bench) {
    let items = ["", "a", "\r\n"].map(|key| (key.to_owned(), format!("\"{key}$3\r\nabc\"")));
    let fields: Vec<_> = items.iter().flat_map(|(key, json)| [bulk(key), bulk(json)]).collect();
    let map = [b"%3\r\n".to_vec(), fields.concat()].concat();
    for (reply, parameters) in [(array(&fields), ""), (map, "?protocol=3")] {
        let length = reply.len();
        let cuts = AtomicUsize::new(0);
        let server = ScriptedServer::start_in_pieces(move |request| {
            if request.name() == "HELLO" {
                return vec![b"%1\r\n+proto\r\n:3\r\n".to_vec()];
            }
            let (head, tail) = reply.split_at(cuts.fetch_add(1, Ordering::SeqCst));
            vec![head.to_vec(), tail.to_vec()]
        });
        let server = server.await.expect("a server");
        let session = attached(&bench.store(&plain(&server, parameters)).await).await;
        let before = bench.sockets().statistics();
        for cut in 0..=length {
            assert_eq!(session.items().await.as_deref(), Ok(&items[..]), "cut at {cut}, {parameters}");
        }
        let reads = bench.sockets().statistics().reads - before.reads;
        // A reader that was held up finds two pieces at once.
        assert!(reads as usize > length + length / 10, "{reads} reads of {length} replies");
        assert_eq!(bench.sockets().statistics().connects - before.connects, 1);
    }
}

pub(crate) async fn several_replies_in_one_read_are_told_apart(bench: Bench) {
    let server = server(|request| match request.name().as_str() {
        "AUTH" => Vec::new(),
        "SELECT" => b"+OK\r\n+OK\r\n".to_vec(),
        _ => array(&[bulk(&request.number.to_string())]),
    });
    let server = server.await;
    let options = Options::new(format!("redis://user:word@127.0.0.1:{}/7", server.port()));
    let session = attached(&bench.store(&options.original()).await).await;
    for number in 3..6 {
        assert_eq!(session.get("field").await, Ok(Some(number.to_string())));
        // One for the handshake.
        assert_eq!(bench.sockets().statistics().reads, number - 1);
    }
}

/// One call's data must never end up in another's hands.
pub(crate) async fn what_nobody_asked_for_is_no_answer(bench: Bench) {
    let server = server(|request| {
        let answer = match request.name().as_str() {
            "HMGET" => array(&[bulk(&request.number.to_string())]),
            "HSET" => b":1\r\n".to_vec(),
            name => panic!("{name}"),
        };
        [answer, array(&[bulk("\"somebody else's\"")])].concat()
    });
    let server = server.await;
    let session = attached(&bench.store(&plain(&server, "")).await).await;
    for number in [1, 3, 5] {
        assert_eq!(session.get("field").await, Ok(Some(number.to_string())));
        assert_eq!(session.set("field", "1").await, Ok(()));
        assert_eq!(server.requests(), number + 1);
    }
}

pub(crate) async fn a_large_reply_costs_in_step_with_its_size(bench: Bench) {
    let mut redis = bench.redis();
    for parameters in ["", "?protocol=3"] {
        let options = Options::new(bench.server().url() + parameters);
        let mut costs = Vec::new();
        for count in [10_000, 100_000] {
            let instance = bench.instance().await;
            let store = instance.store(&options).await.expect("a store");
            let made = store.start().await;
            assert_eq!(made.set("0", "0").await, Ok(()));
            let key = format!("drsession:{}", made.known_id().await);
            let numbers: Vec<_> = (0..count).map(|number| number.to_string().into_bytes()).collect();
            for chunk in numbers.chunks(1_000) {
                let fields = chunk.iter().flat_map(|number| [&number[..], b"1"]);
                let words: Vec<&[u8]> = [b"HSET", key.as_bytes()].into_iter().chain(fields).collect();
                redis.query::<i64>(&words).expect("fields");
            }
            let handle = store.attach(&made.known_id().await).await.expect("a well-formed id");
            let mut cost = Vec::new();
            // The first call goes another way than those after it.
            for _ in 0..2 {
                let before = instance.fuel().await;
                let items = handle.items().await.expect("the items");
                cost.push(instance.fuel().await - before);
                assert_eq!(items.len(), count);
                assert!(items.iter().all(|(_, json)| json == "1" || json == "0"));
            }
            let before = instance.fuel().await;
            assert_eq!(handle.keys().await.map(|keys| keys.len()), Ok(count));
            cost.push(instance.fuel().await - before);
            costs.push(cost);
        }
        for (small, large) in costs[0].iter().zip(&costs[1]) {
            assert!(*large <= 12 * small, "{costs:?} {parameters}");
        }
    }
}

type IsExpected = fn(&Error) -> bool;

/// Replies that a read can't be answered by.
fn bad_replies() -> Vec<(Vec<u8>, IsExpected)> {
    let too_large: IsExpected = |error| *error == Error::TooLarge(LONGEST_REPLY);
    let protocol: IsExpected = |error| matches!(error, Error::Protocol(_));
    let told = |replies: &[&str], is_expected: IsExpected| {
        replies.iter().map(|reply| (reply.as_bytes().to_vec(), is_expected)).collect()
    };
    let bad: Vec<Vec<_>> = vec![
        told(&["$536870912\r\nxxx", "$67108865\r\n", "$99999999999999999999\r\n", "=536870912\r\n"], too_large),
        told(&["*1048577\r\n", "*2147483647\r\n", "%524289\r\n", "~99999999999999999999\r\n"], too_large),
        told(&["*2\r\n*1048000\r\n*1048000\r\n"], too_large),
        told(&["hello\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n", "\0"], protocol),
        // Redis streams nothing, and nobody asked for it.
        told(&["$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n", "*?\r\n+a\r\n.\r\n", "%?\r\n.\r\n"], protocol),
        told(&["~?\r\n.\r\n", ">?\r\n.\r\n", "|?\r\n.\r\n", ";4\r\nHell\r\n", ".\r\n"], protocol),
        told(
            &["$-2\r\n", "*-2\r\n", "$+5\r\nhello\r\n", "$5\r\nhelloXX", "*1x\r\n", "*\r\n", ":1\rX", "+O\rK\r\n"],
            protocol,
        ),
        told(&["*1\r\n:12a\r\n", "*1\r\n:99999999999999999999\r\n", ":\r\n"], protocol),
        told(&["*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*0\r\n", "+OK\r\n", "$1\r\na\r\n", "_\r\n", "#t\r\n"], protocol),
        vec![
            ("*1\r\n".repeat(MEBIBYTE).into_bytes(), protocol),
            ("%1\r\n+a\r\n".repeat(MEBIBYTE / 4).into_bytes(), protocol),
            (format!(":{}", "1".repeat(MEBIBYTE)).into_bytes(), protocol),
            (format!("${}", "1".repeat(MEBIBYTE)).into_bytes(), protocol),
            (format!(",{}", "1".repeat(MEBIBYTE)).into_bytes(), protocol),
            (format!("+{}", "x".repeat(2 * MEBIBYTE)).into_bytes(), protocol),
            (format!("*1\r\n-ERR {}", "x".repeat(2 * MEBIBYTE)).into_bytes(), protocol),
        ],
    ];
    bad.concat()
}

pub(crate) async fn a_reply_that_is_none_is_told_within_little_memory(bench: Bench) {
    let replies = bad_replies();
    let expected: Vec<_> = replies.iter().map(|(_, expected)| *expected).collect();
    let server = server(move |request| {
        let field = String::from_utf8_lossy(&request.command[2]);
        match field.parse::<usize>() {
            Ok(index) => replies[index].0.clone(),
            Err(_) => array(&[bulk("\"fine\"")]),
        }
    });
    let server = server.await;
    let instance = Instance::builder(bench.flavour()).memory_limit(16 * MEBIBYTE).start().await;
    let session = attached(&instance.store(&plain(&server, "")).await.expect("a store")).await;
    for (index, is_expected) in expected.into_iter().enumerate() {
        let field = index.to_string();
        let before = server.requests();
        let told = session.get(&field).await.expect_err("no answer");
        assert!(is_expected(&told), "reply {index}: {told:?}");
        let told = session.set(&field, "1").await;
        assert!(matches!(told, Err(Error::OutcomeUnknown(_))), "reply {index}: {told:?}");
        assert_eq!(server.requests(), before + 2, "reply {index} was asked for again");
        assert_eq!(session.get("fine").await, Ok(Some("\"fine\"".to_owned())), "after reply {index}");
    }
}

pub(crate) async fn a_reply_at_the_limit_is_read_and_one_past_it_told(bench: Bench) {
    /// Four values in one reply.
    fn reply(value_length: usize) -> Vec<u8> {
        let value = [format!("${value_length}\r\n\"").into_bytes(), vec![b'x'; value_length - 2], b"\"\r\n".to_vec()];
        [b"*4\r\n".to_vec(), value.concat().repeat(4)].concat()
    }
    let longest = (LONGEST_REPLY as usize - b"*4\r\n".len()) / 4 - b"$16777203\r\n\r\n".len();
    assert_eq!(reply(longest).len(), LONGEST_REPLY as usize);
    let server = server(move |request| match &request.command[2][..] {
        b"longest" => reply(longest),
        b"longer" => reply(longest + 1),
        _ => array(&[bulk("\"fine\"")]),
    });
    let server = server.await;
    let session = attached(&bench.store(&plain(&server, "")).await).await;
    let values = session.get_many(&["longest", "2", "3", "4"]).await.expect("four values");
    assert!(values.len() == 4 && values.iter().flatten().all(|json| json.len() == longest));
    assert_eq!(session.get_many(&["longer", "2", "3", "4"]).await, Err(Error::TooLarge(LONGEST_REPLY)));
    assert_eq!(session.get("fine").await, Ok(Some("\"fine\"".to_owned())));
}

pub(crate) async fn a_reply_that_does_not_go_on_ends_at_the_time_limit(bench: Bench) {
    /// Milliseconds.
    const LIMIT: u32 = 50;
    const BEGINNINGS: [&str; 6] = ["", "+OK", "*1", "*1\r\n", "*1\r\n$5\r\nhe", "*1\r\n$5\r\nhello"];
    let server = server(|request| match String::from_utf8_lossy(&request.command[2]).parse::<usize>() {
        Ok(index) => BEGINNINGS[index].as_bytes().to_vec(),
        Err(_) => array(&[bulk("\"fine\"")]),
    });
    let server = server.await;
    let session = attached(&bench.store(&plain(&server, "").timeouts(2_000_u32, LIMIT)).await).await;
    for (index, beginning) in BEGINNINGS.iter().enumerate() {
        let behind = format!("what is behind {beginning:?}");
        let told = in_time(&behind, LIMIT, session.get(&index.to_string())).await;
        assert!(matches!(told, Err(Error::Unavailable(_))), "{beginning:?}: {told:?}");
        let told = in_time(&behind, LIMIT, session.set(&index.to_string(), "1")).await;
        assert!(matches!(told, Err(Error::OutcomeUnknown(_))), "{beginning:?}: {told:?}");
        // What does come has time to: the next one takes up what connections are left.
        let next = attached(&bench.store(&plain(&server, "")).await).await;
        assert_eq!(next.get("fine").await, Ok(Some("\"fine\"".to_owned())), "after {beginning:?}");
    }
}

pub(crate) async fn pushed_messages_and_attributes_answer_nothing(bench: Bench) {
    const PUSHED: [&str; 2] = [">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n", ">2\r\n$10\r\ninvalidate\r\n_\r\n"];
    const ATTRIBUTES: [&str; 2] = ["|1\r\n+ttl\r\n:3600\r\n", "|2\r\n+a\r\n%1\r\n+b\r\n*0\r\n+c\r\n,1.5\r\n"];
    let value = || array(&[bulk("\"value\"")]);
    let before = |aside: &str| [aside.as_bytes(), &value()].concat();
    let after = |aside: &str| [&value(), aside.as_bytes()].concat();
    let inside = |aside: &str| array(&[[aside.as_bytes(), &bulk("\"value\"")].concat()]);
    let replies = [
        PUSHED.map(before),
        PUSHED.map(after),
        ATTRIBUTES.map(before),
        ATTRIBUTES.map(inside),
        [before(&PUSHED.concat()), before(&[ATTRIBUTES[0], PUSHED[0], ATTRIBUTES[1]].concat())],
    ]
    .concat();
    for parameters in ["", "?protocol=3"] {
        let replies = replies.clone();
        let count = replies.len();
        let server = server(move |request| match request.name().as_str() {
            "HELLO" => before_map(PUSHED[0]),
            _ => replies[request.number % replies.len()].clone(),
        });
        let server = server.await;
        let session = attached(&bench.store(&plain(&server, parameters)).await).await;
        // Where a reply is followed by something, its connection is of no more use, and there is another HELLO.
        while server.requests() < 3 * count {
            assert_eq!(session.get("field").await, Ok(Some("\"value\"".to_owned())), "{parameters}");
        }
    }
}

/// What HELLO is answered, with something before it.
fn before_map(aside: &str) -> Vec<u8> {
    format!("{aside}%1\r\n+proto\r\n:3\r\n").into_bytes()
}

pub(crate) async fn a_server_that_refuses_the_handshake_is_told_of_nothing_else(bench: Bench) {
    const REFUSALS: [(&str, IsExpected); 6] = [
        ("ERR unknown command `HELLO`, with args beginning with: `3`, ", |told| matches!(told, Error::Unsupported(_))),
        ("NOPROTO unsupported protocol version", |told| matches!(told, Error::Unsupported(_))),
        ("NOAUTH HELLO must be called with the client already authenticated", |told| matches!(told, Error::Denied(_))),
        ("WRONGPASS invalid username-password pair or user is disabled.", |told| matches!(told, Error::Denied(_))),
        ("NOPERM this user has no permissions to run the 'hello' command", |told| matches!(told, Error::Denied(_))),
        ("ERR something else", |told| matches!(told, Error::Server(_))),
    ];
    for (refusal, is_expected) in REFUSALS {
        let server = server(move |request| {
            assert_eq!(request.name(), "HELLO");
            format!("-{refusal}\r\n").into_bytes()
        });
        let server = server.await;
        let url = format!("redis://user:hunter2@127.0.0.1:{}?protocol=3", server.port());
        let store = bench.store(&Options::new(url)).await;
        let session = attached(&store).await;
        let told = [
            store.check().await,
            session.get("field").await.map(drop),
            session.set("field", "1").await,
            session.destroy().await,
        ];
        for told in told {
            assert!(told.as_ref().is_err_and(is_expected), "{refusal}: {told:?}");
        }
        assert_eq!(server.requests(), 4, "one HELLO for each call");
        assert_eq!(bench.sockets().idle(), 0);
    }
}

pub(crate) async fn a_wrong_password_is_told_in_resp3_too(bench: Bench) {
    let server = RedisServer::builder().password("right").start().expect("a server");
    for url in
        [server.url_as("", "wrong"), server.url_as("nobody", "right"), format!("redis://127.0.0.1:{}", server.port())]
    {
        let store = bench.store(&Options::new(url + "?protocol=3")).await;
        let told = store.check().await;
        assert!(matches!(told, Err(Error::Denied(_))), "{told:?}");
    }
    assert_eq!(bench.store(&Options::new(server.url() + "?protocol=3")).await.check().await, Ok(()));
}

/// What a server's error becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Denied,
    WrongType,
    /// At once.
    Unavailable,
    /// After it was asked again for a while.
    UnavailableStill,
    Unsupported,
    Server,
}

impl Told {
    fn fits(self, error: &Error) -> bool {
        match self {
            Self::Denied => matches!(error, Error::Denied(_)),
            Self::WrongType => *error == Error::WrongType,
            Self::Unavailable | Self::UnavailableStill => matches!(error, Error::Unavailable(_)),
            Self::Unsupported => matches!(error, Error::Unsupported(_)),
            Self::Server => matches!(error, Error::Server(_)),
        }
    }
}

const ERRORS: [(&str, Told); 26] = [
    ("ERR something that nobody foresaw", Told::Server),
    ("EXECABORT Transaction discarded because of previous errors.", Told::Server),
    ("BUSYKEY Target key name already exists.", Told::Server),
    ("SOMETHINGNEW of a later version", Told::Server),
    ("ERR", Told::Server),
    ("", Told::Server),
    ("UNBLOCKED client unblocked via CLIENT UNBLOCK", Told::Unavailable),
    ("LOADING Redis is loading the dataset in memory", Told::UnavailableStill),
    ("BUSY Redis is busy running a script.", Told::UnavailableStill),
    ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", Told::UnavailableStill),
    ("READONLY You can't write against a read only replica.", Told::UnavailableStill),
    ("CLUSTERDOWN The cluster is down", Told::UnavailableStill),
    ("TRYAGAIN Multiple keys request during rehashing of slot", Told::UnavailableStill),
    ("OOM command not allowed when used memory > 'maxmemory'.", Told::Unavailable),
    (
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
        Told::Unavailable,
    ),
    ("NOREPLICAS Not enough good replicas to write.", Told::Unavailable),
    ("NOAUTH Authentication required.", Told::Denied),
    ("WRONGPASS invalid username-password pair or user is disabled.", Told::Denied),
    ("NOPERM this user has no permissions to run the 'hset' command", Told::Denied),
    ("DENIED Redis is running in protected mode", Told::Denied),
    ("ERR The user executing the script can't run this command or subcommand script: 1", Told::Denied),
    ("ERR unknown command 'HSET', with args beginning with: 'a' 'b' ", Told::Unsupported),
    ("WRONGTYPE Operation against a key holding the wrong kind of value", Told::WrongType),
    ("MOVED 3999 127.0.0.1:6381", Told::Unsupported),
    ("ASK 3999 127.0.0.1:6381", Told::Unsupported),
    ("CROSSSLOT Keys in request don't hash to the same slot", Told::Unsupported),
];

pub(crate) async fn each_error_of_redis_has_its_own_of_the_contract(bench: Bench) {
    /// How many requests each call makes that is told an error at once.
    const AT_ONCE: [[usize; 3]; 3] = [[1, 1, 1], [1, 1, 1], [4, 4, 7]];
    /// Milliseconds in which a call is to be made at least twice, on a machine that is busy with other things.
    const LIMIT: u32 = 1_000;
    join_all(ERRORS.map(async |(text, told)| {
        let server = server(move |_| format!("-{text}\r\n").into_bytes()).await;
        let options = [plain(&server, ""), Options::new(server.url()), Options::new(server.url()).scripts(false)];
        for (options, at_once) in options.into_iter().zip(AT_ONCE) {
            let session = attached(&bench.store(&options.timeouts(2_000_u32, LIMIT)).await).await;
            for (call, at_once) in at_once.into_iter().enumerate() {
                let before = server.requests();
                let error = match call {
                    0 => session.get("field").await.map(drop),
                    1 => session.set("field", "1").await,
                    _ => session.rotate(&[]).await,
                };
                let error = error.expect_err("an error");
                assert!(told.fits(&error), "{text:?}: {error:?}");
                let requests = server.requests() - before;
                let is_repeated = requests >= 2 * at_once;
                assert_eq!(is_repeated, told == Told::UnavailableStill, "{text:?}: {requests} requests");
            }
        }
    }))
    .await;
}

pub(crate) async fn a_server_that_is_still_loading_is_waited_for(bench: Bench) {
    for text in ["LOADING Redis is loading", "BUSY running a script", "READONLY a replica still", "CLUSTERDOWN"] {
        let server = server(move |request| match (request.name().as_str(), request.number % 4) {
            ("HMGET", 0) => array(&[bulk("1")]),
            ("HSET", 0) => b":1\r\n".to_vec(),
            _ => format!("-{text}\r\n").into_bytes(),
        });
        let server = server.await;
        let session = attached(&bench.store(&plain(&server, "")).await).await;
        assert_eq!(session.get("field").await, Ok(Some("1".to_owned())), "{text}");
        assert_eq!(session.set("field", "1").await, Ok(()), "{text}");
        assert_eq!(server.requests(), 8, "{text}");
    }
}
