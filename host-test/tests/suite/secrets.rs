//! What must not be told: passwords, ids and values, to whomever an error is shown, whatever the server says.

use std::sync::{Arc, OnceLock};

use drsession_host::Sockets;
use host_test::{
    bench::Bench,
    instance::Instance,
    operation::{compare_and_set, increment, set, set_bytes},
    options::Options,
    request::Request,
    scripted_server::ScriptedServer,
    session::{Error, Session},
};

use super::calls::CALLS;

const PASSWORD: &str = "correct-horse-battery";
const ID: &str = "SGVsbG8gZnJvbSBhIHNlY3JldCBzZXNzaW9uIGlkISE";
/// Values, short and long, on one line and on several, each with something in it that nothing else says.
const VALUES: [&str; 5] = [
    "\"Zq\"",
    "\"hunter2\"",
    "\"my mother's maiden name\"",
    "[1,\n\"second line of a secret\",\r\n\"third line of it\"]",
    "{\"card\":\"4111-1111-1111-1111\",\"code\":\"0815\"}",
];
/// What is in them, and what is left of them where they are cut short.
const SECRETS: [&str; 12] = [
    PASSWORD,
    "correct-hor",
    ID,
    "SGVsbG8gZnJvbSB",
    "Zq",
    "hunter2",
    "mother's ma",
    "second line",
    "third line",
    "4111-1111",
    "0815\"}",
    "my mother's",
];

/// A server's way to repeat what it was sent.
#[derive(Clone, Copy, Debug)]
enum Echo {
    /// Each word whole.
    Whole,
    /// Each word's beginning, as servers do that keep their errors short.
    Cut,
    /// Line ends as blanks, as Redis does since errors are lines.
    OneLine,
    /// Each word without the first bytes: an id without its prefix, a text without its quotation mark.
    Inside,
    /// The words one behind the other.
    Joined,
}

impl Echo {
    const ALL: [Self; 5] = [Self::Whole, Self::Cut, Self::OneLine, Self::Inside, Self::Joined];

    fn of(self, request: &Request) -> Vec<u8> {
        let words = request.command[1..].iter().map(|word| match self {
            Self::Whole | Self::Joined => word.clone(),
            Self::Cut => word[..word.len().min(24)].to_vec(),
            Self::OneLine => word.iter().map(|byte| if b"\r\n".contains(byte) { b' ' } else { *byte }).collect(),
            Self::Inside => word[if word.starts_with(b"drsession:") { 10 } else { word.len().min(1) }..].to_vec(),
        });
        let between: &[u8] = if matches!(self, Self::Joined) { b"" } else { b"' '" };
        // Behind scripts and their numbers, what matters would come too late to be shown at all.
        let words: Vec<_> = words.filter(|word| word.len() < 500).collect();
        words.join(between)
    }
}

/// Where a server puts it.
const FRAMES: [(&str, &str); 12] = [
    ("-ERR what is '", "' supposed to be?\r\n"),
    ("-ERR unknown command 'X', with args beginning with: '", "' \r\n"),
    ("-ERR unknown subcommand '", "'\r\n"),
    ("-SOMETHINGNEW '", "'\r\n"),
    ("-", "\r\n"),
    ("-NOPERM no right to '", "'\r\n"),
    ("-WRONGPASS '", "'\r\n"),
    ("-MOVED '", "'\r\n"),
    ("-OOM '", "'\r\n"),
    ("+", "\r\n"),
    ("", "\r\n"),
    ("*1\r\n-ERR '", "'\r\n"),
];

fn expect_silence(error: &Error, context: &str) {
    let told = format!("{error:?}");
    for secret in SECRETS {
        // As `Debug` writes it.
        let written = format!("{secret:?}");
        let written = &written[1..written.len() - 1];
        assert!(!told.contains(secret) && !told.contains(written), "{secret:?} is told by {told}: {context}");
    }
}

/// Every call there is, with every value where it takes one: how many ended in an error.
async fn make_all_calls(session: &Session, context: &str) -> usize {
    let mut errors = Vec::new();
    for call in CALLS {
        errors.extend(call.on(session).await.err());
    }
    for value in VALUES {
        errors.extend(session.set("field", value).await.err());
        errors.extend(session.set_bytes("field", value.as_bytes()).await.err());
        errors.extend(session.update(&[("field", value), ("other", value)]).await.err());
        errors.extend(session.set_if_absent("field", value).await.err());
        errors.extend(session.compare_and_set("field", Some(value), Some(value)).await.err());
        errors.extend(session.compare_and_set("field", Some(value), None).await.err());
        let batch = [set("a", value), set_bytes("b", value.as_bytes()), compare_and_set("c", Some(value), None)];
        errors.extend(session.apply(&batch).await.err());
        errors.extend(session.rotate(&batch[..2]).await.err());
    }
    for error in &errors {
        expect_silence(error, context);
    }
    errors.len()
}

pub(crate) async fn a_server_that_repeats_what_it_was_sent_gives_nothing_away(bench: Bench) {
    for echo in Echo::ALL {
        for (before, after) in FRAMES {
            let server = ScriptedServer::start(move |request| match request.name().as_str() {
                "AUTH" => b"+OK\r\n".to_vec(),
                _ => [before.as_bytes(), &echo.of(request), after.as_bytes()].concat(),
            });
            let server = server.await.expect("a server");
            let options = Options::new(format!("redis://:{PASSWORD}@127.0.0.1:{}", server.port()));
            let options = options.timeouts(2_000_u32, 100_u32);
            for options in [options.clone(), options.clone().scripts(false), options.original()] {
                let store = bench.store(&options).await;
                let context = format!("{echo:?} in {before:?}");
                let session = store.attach(ID).await.expect("a well-formed id");
                assert!(make_all_calls(&session, &context).await > CALLS.len() / 2, "{context}");
                let by_cookie = store.from_cookie(&[format!("__Host-id={ID}")]).await;
                make_all_calls(&by_cookie, &context).await;
                let new = store.start().await;
                make_all_calls(&new, &context).await;
                if let Err(error) = store.check().await {
                    expect_silence(&error, &context);
                }
            }
        }
    }
}

pub(crate) async fn a_server_that_repeats_the_handshake_gives_nothing_away(bench: Bench) {
    for echo in Echo::ALL {
        for (before, after) in FRAMES {
            let server =
                ScriptedServer::start(move |request| [before.as_bytes(), &echo.of(request), after.as_bytes()].concat());
            let server = server.await.expect("a server");
            for (user, parameters) in [("", ""), ("ada", ""), ("ada", "?protocol=3"), ("ada", "/7")] {
                let place = format!("127.0.0.1:{}{parameters}", server.port());
                let options = Options::new(format!("redis://{user}:{PASSWORD}@{place}")).timeouts(2_000_u32, 100_u32);
                let store = bench.store(&options).await;
                let context = format!("{echo:?} in {before:?}");
                let told = [
                    store.check().await,
                    store.start().await.set("field", VALUES[1]).await,
                    store.attach(ID).await.expect("a well-formed id").get("field").await.map(drop),
                ];
                for told in told.iter().filter_map(|told| told.as_ref().err()) {
                    expect_silence(told, &context);
                }
            }
        }
    }
}

pub(crate) async fn a_cluster_that_names_what_it_was_sent_as_another_node_gives_nothing_away(bench: Bench) {
    for (redirect, prefix) in
        [("-MOVED 7 ", ""), ("-MOVED 7 ", "drsession:"), ("-ASK 7 ", ""), ("-ASK 7 ", "drsession:")]
    {
        let port = Arc::new(OnceLock::new());
        let own_port = Arc::clone(&port);
        let server = ScriptedServer::start(move |request| match request.name().as_str() {
            "AUTH" => b"+OK\r\n".to_vec(),
            "CLUSTER" => {
                let port = own_port.get().expect("its own port");
                format!("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:{port}\r\n").into_bytes()
            }
            _ => format!("{redirect}{prefix}{ID}:6379\r\n").into_bytes(),
        });
        let server = server.await.expect("a server");
        port.set(server.port()).expect("set once");
        // Elsewhere it may not go, and says so at once.
        let sockets = Sockets::builder().allow_tcp("127.0.0.1", server.port()).build();
        let options = Options::new(format!("redis://:{PASSWORD}@127.0.0.1:{}?cluster=true", server.port()));
        for options in [options.clone().timeouts(50_u32, 50_u32), options.timeouts(50_u32, 50_u32).original()] {
            let store = Instance::builder(bench.flavour()).sockets(&sockets).start().await.store(&options).await;
            let session = store.expect("a store").attach(ID).await.expect("a well-formed id");
            for told in [session.set("field", VALUES[1]).await, session.get("field").await.map(drop)] {
                expect_silence(&told.expect_err("a node that is none"), redirect);
            }
        }
    }
}

pub(crate) async fn what_is_refused_before_it_is_sent_is_not_repeated(bench: Bench) {
    let store = bench.store(&bench.options()).await;
    let session = store.start().await;
    for secret in SECRETS {
        for json in [format!("{secret}{{"), format!("[\"{secret}\","), format!("{{\"{secret}\":{secret}}}")] {
            for told in [
                session.set("field", &json).await,
                session.update(&[("field", &json)]).await,
                session.set_if_absent("field", &json).await.map(drop),
                session.compare_and_set("field", None, Some(&json)).await.map(drop),
                session.apply(&[set("field", &json)]).await.map(drop),
                session.rotate(&[set("field", &json)]).await,
            ] {
                expect_silence(&told.expect_err("no JSON"), &json);
            }
        }
        let told = store.attach(&format!("{secret}!")).await.map(drop);
        expect_silence(&told.expect_err("no id"), secret);
    }
    for url in [
        format!("redis://:{PASSWORD}@"),
        format!("redis://{PASSWORD}@localhost"),
        format!("redis://ada:{PASSWORD}@localhost:x"),
        format!("redis://ada:{PASSWORD}#1@localhost"),
        format!("redis://ada:{PASSWORD}%zz@localhost"),
        format!("redis://ada:{PASSWORD}@localhost/{PASSWORD}"),
        format!("redis://ada:{PASSWORD}@localhost?password={PASSWORD}"),
        format!("{PASSWORD}://localhost"),
    ] {
        let told = bench.instance().await.store(&Options::new(&url)).await.map(drop);
        expect_silence(&told.expect_err("no URL"), &url);
    }
}

pub(crate) async fn a_server_that_is_not_there_is_told_without_its_password(mut bench: Bench) {
    let options = Options::new(format!("redis://:{PASSWORD}@127.0.0.1:{}", bench.server().port()));
    bench.server_mut().kill();
    let store = bench.store(&options.timeouts(100_u32, 100_u32)).await;
    for told in [store.check().await, store.start().await.set("field", VALUES[1]).await] {
        expect_silence(&told.expect_err("no server"), "no server");
    }
}

pub(crate) async fn a_counter_s_error_names_the_field_and_not_the_value(bench: Bench) {
    for scripts in [true, false] {
        let session = bench.store(&bench.options().scripts(scripts)).await.start().await;
        for value in VALUES {
            assert_eq!(session.set("field", value).await, Ok(()));
            let told = [
                session.increment("field", 1).await.map(drop),
                session.increment_float("field", 0.5).await.map(drop),
                session.apply(&[set("a", value), increment("field", 1)]).await.map(drop),
            ];
            for told in told {
                assert_eq!(told, Err(Error::NotANumber("field".to_owned())));
            }
        }
    }
}
