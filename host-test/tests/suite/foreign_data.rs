//! Keys that hold something else than a hash belong to another program.

use host_test::{
    bench::Bench,
    redis_client::RedisClient,
    session::{Error, Session, Store},
};

use super::{
    calls::{CALLS, Call},
    mode::Mode,
    support::{UNKNOWN_ID, cookie, key},
};

/// One key of every type but hash.
const COMMANDS: [&str; 6] =
    ["SET KEY value", "RPUSH KEY a b", "SADD KEY a b", "ZADD KEY 1 a", "XADD KEY 1-1 a b", "PFADD KEY a b"];

/// The key's content and expiry.
fn state(redis: &mut RedisClient) -> (Vec<u8>, bool) {
    let key = key(UNKNOWN_ID);
    let content = redis.query(&[b"DUMP", key.as_bytes()]).expect("a key");
    (content, redis.pttl(&key) > MARGIN)
}

/// Half of the foreign key's own expiry, in milliseconds, and far from any that a session has.
const MARGIN: i64 = 100_000_000_000;

async fn handles(store: &Store) -> [Session; 2] {
    let attached = store.attach(UNKNOWN_ID).await.expect("a well-formed id");
    [attached, store.from_cookie(&cookie(UNKNOWN_ID)).await]
}

/// With the guard off some calls have no reason to look at what the key holds.
fn expected(mode: Mode, call: &Call) -> Option<Result<(), Error>> {
    match call.name {
        _ if mode.is_guarded() => Some(Err(Error::WrongType)),
        "found" | "touch" | "ttl" => Some(Ok(())),
        "set-lifetime" => None,
        _ => Some(Err(Error::WrongType)),
    }
}

pub(crate) async fn no_call_touches_a_key_that_is_no_hash(bench: Bench) {
    let mut redis = bench.redis();
    for mode in Mode::ALL {
        let store = bench.store(&mode.options(&bench)).await;
        for command in COMMANDS {
            redis.command::<()>("FLUSHALL");
            let key = key(UNKNOWN_ID);
            redis.command::<redis::Value>(&command.replace("KEY", &key));
            redis.command::<()>(&format!("PEXPIRE {key} {}", 2 * MARGIN));
            let before = state(&mut redis);
            assert!(before.1);
            for call in CALLS {
                for handle in handles(&store).await {
                    let result = call.on(&handle).await;
                    let name = call.name;
                    match expected(mode, call) {
                        Some(expected) => assert_eq!(result, expected, "{mode:?}, {command}: {name}"),
                        None => assert!(matches!(result, Err(Error::InvalidArgument(_))), "{mode:?}: {result:?}"),
                    }
                    assert_eq!(state(&mut redis), before, "{mode:?}, {command}: {name}");
                    assert_eq!(redis.dbsize(), 1, "{mode:?}, {command}: {name}");
                    assert_eq!(handle.response_headers().await, [], "{mode:?}, {command}: {name}");
                }
            }
        }
    }
}

pub(crate) async fn a_session_whose_key_was_overwritten_says_wrong_type_and_leaves_it(bench: Bench) {
    for mode in Mode::ALL {
        let store = bench.store(&mode.options(&bench)).await;
        for call in CALLS {
            if expected(mode, call) != Some(Err(Error::WrongType)) {
                continue;
            }
            // What a handle that has been used sends may differ from what a new one does.
            let session = store.start().await;
            assert_eq!(session.set("field", "1").await, Ok(()));
            assert_eq!(session.get("field").await, Ok(Some("1".to_owned())));
            let key = key(&session.known_id().await);
            let mut redis = bench.redis();
            redis.command::<()>(&format!("SET {key} foreign"));
            let expected = if call.name == "found" { Ok(()) } else { Err(Error::WrongType) };
            assert_eq!(call.on(&session).await, expected, "{mode:?}: {}", call.name);
            let stored: String = redis.command(&format!("GET {key}"));
            assert_eq!((&stored[..], redis.pttl(&key)), ("foreign", -1), "{mode:?}: {}", call.name);
        }
    }
}
