//! What drsession, the Python middleware, gets wrong: each shown to be right here.

use std::ops::Range;

use host_test::{
    bench::Bench,
    operation::set,
    options::Options,
    redis_client::RedisClient,
    redis_server::RedisServer,
    session::{Error, Found, Session, Store, Swap},
    set_cookie::SetCookie,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::json::{read, write};

const PREFIX: &str = "drsession:";
/// The longest that browsers keep a cookie.
const DAYS_400: u64 = 400 * 24 * 60 * 60;

/// A session that is stored, with one field in it.
async fn stored_session(bench: &Bench, key: &str, value: Value) -> Session {
    let session = bench.store(&bench.options()).await.start().await;
    write(&session, key, value).await;
    session
}

/// Another handle on the same session, from an instance of its own.
async fn other_handle(bench: &Bench, session: &Session) -> Session {
    let id = session.known_id().await;
    let store = bench.store(&bench.options()).await;
    store.attach(&id).await.expect("a well-formed id")
}

fn key(id: &str) -> String {
    format!("{PREFIX}{id}")
}

/// There `s['y'] = s['x']` adds nothing to y.
pub(crate) async fn a_number_copied_to_another_field_keeps_its_value(bench: Bench) {
    let session = stored_session(&bench, "x", json!(5)).await;
    let x = read(&session, "x").await.expect("x");
    write(&session, "y", x).await;
    assert_eq!(read(&session, "y").await, Some(json!(5)));
}

/// There the second time adds once more.
pub(crate) async fn a_number_stored_twice_is_stored_and_not_added(bench: Bench) {
    let session = stored_session(&bench, "n", json!(1)).await;
    let sum = session.increment("n", 1).await.expect("a sum");
    write(&session, "n", json!(sum)).await;
    write(&session, "n", json!(sum)).await;
    assert_eq!(read(&session, "n").await, Some(json!(2)));
}

/// There it ends at 101: the number remembers how far it is from the one that was read.
pub(crate) async fn a_number_is_stored_as_given_whatever_it_was_read_as(bench: Bench) {
    let session = stored_session(&bench, "n", json!(5)).await;
    let read_before = session.increment("n", 1).await.expect("a sum");
    write(&session, "n", json!(100)).await;
    write(&session, "n", json!(read_before)).await;
    assert_eq!(read(&session, "n").await, Some(json!(6)));
}

/// There Redis refuses it.
pub(crate) async fn a_fraction_can_be_added_to_an_integer(bench: Bench) {
    let session = stored_session(&bench, "n", json!(1)).await;
    assert_eq!(session.increment_float("n", 1.5).await, Ok(2.5));
    assert_eq!(read(&session, "n").await, Some(json!(2.5)));
}

/// There numbers that began as fractions are read, changed and written.
pub(crate) async fn fractions_added_by_two_handles_are_both_there(bench: Bench) {
    let session = stored_session(&bench, "n", json!(0.5)).await;
    let other = other_handle(&bench, &session).await;
    assert_eq!(read(&session, "n").await, read(&other, "n").await);
    assert_eq!(session.increment_float("n", 0.25).await, Ok(0.75));
    assert_eq!(other.increment_float("n", 0.25).await, Ok(1.0));
}

/// There the later of two `*=` wins.
pub(crate) async fn a_number_multiplied_by_two_handles_loses_neither(bench: Bench) {
    let session = stored_session(&bench, "n", json!(3)).await;
    let other = other_handle(&bench, &session).await;
    for handle in [&session, &other] {
        assert_eq!(read(handle, "n").await, Some(json!(3)));
    }
    assert_eq!(session.compare_and_set("n", Some("3"), Some("6")).await, Ok(Swap::Stored));
    let late = other.compare_and_set("n", Some("3"), Some("15")).await;
    assert_eq!(late, Ok(Swap::Conflict(Some("6".to_owned()))));
    assert_eq!(other.compare_and_set("n", Some("6"), Some("30")).await, Ok(Swap::Stored));
    assert_eq!(read(&session, "n").await, Some(json!(30)));
}

/// There it is a KeyError.
pub(crate) async fn an_absent_counter_counts_from_zero(bench: Bench) {
    let session = stored_session(&bench, "else", json!(1)).await;
    assert_eq!(session.increment("n", 1).await, Ok(1));
    assert_eq!(session.increment("n", 1).await, Ok(2));
}

/// There it is read as the number 1.
pub(crate) async fn a_boolean_is_read_as_a_boolean(bench: Bench) {
    let session = stored_session(&bench, "b", json!(true)).await;
    assert_eq!(read(&session, "b").await, Some(json!(true)));
    assert_eq!(session.increment("b", 1).await, Err(Error::NotANumber("b".to_owned())));
    assert_eq!(read(&session, "b").await, Some(json!(true)));
}

/// There `s['l'].append(x)` is not stored, and `s['l'] = s['l'] + [x]` loses what another stored in between.
pub(crate) async fn a_list_that_two_handles_append_to_has_all_items(bench: Bench) {
    let session = stored_session(&bench, "l", json!([])).await;
    let other = other_handle(&bench, &session).await;
    tokio::join!(append(&session, "l", 0..20), append(&other, "l", 20..40));
    let list = read(&session, "l").await.expect("the list");
    let mut items: Vec<i64> = serde_json::from_value(list).expect("a list of numbers");
    items.sort_unstable();
    assert_eq!(items, Vec::from_iter(0..40));
}

async fn append(session: &Session, key: &str, items: Range<i64>) {
    for item in items {
        let mut text = session.get(key).await.expect("a session").expect("a list");
        loop {
            let mut list: Vec<i64> = serde_json::from_str(&text).expect("a list of numbers");
            list.push(item);
            let new = json!(list).to_string();
            match session.compare_and_set(key, Some(&text), Some(&new)).await {
                Ok(Swap::Stored) => break,
                Ok(Swap::Conflict(Some(found))) => text = found,
                unexpected => panic!("{unexpected:?}"),
            }
        }
    }
}

/// There a number's own encoding is put around what is to be added.
pub(crate) async fn a_counter_among_other_encodings_refuses_what_is_no_number(bench: Bench) {
    let session = stored_session(&bench, "else", json!(1)).await;
    assert_eq!(session.set_bytes("packed", b"\x93\x01\x02\x03").await, Ok(()));
    let refused = session.increment("packed", 1).await;
    assert_eq!(refused, Err(Error::NotANumber("packed".to_owned())));
    let stored = session.get_bytes("packed").await;
    assert_eq!(stored, Ok(Some(b"\x93\x01\x02\x03".to_vec())));
}

/// There an own encoding fails at first use, and one that makes bytes can't work at all.
pub(crate) async fn any_encoding_round_trips(bench: Bench) {
    let session = stored_session(&bench, "else", json!(1)).await;
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    assert_eq!(session.set_bytes("bytes", &every_byte).await, Ok(()));
    assert_eq!(session.get_bytes("bytes").await, Ok(Some(every_byte)));
    assert_eq!(session.set_bytes("nothing", b"").await, Ok(()));
    assert_eq!(session.get_bytes("nothing").await, Ok(Some(Vec::new())));
}

/// There a later middleware takes over an earlier one's pool, and the host that it was given counts for nothing.
pub(crate) async fn stores_of_one_instance_keep_to_their_own_redis(bench: Bench) {
    let protected = RedisServer::builder().password("secret").start().expect("a server");
    let instance = bench.instance().await;
    let plain = instance.store(&bench.options()).await.expect("a store");
    let options = Options::new(protected.url());
    let authenticated = instance.store(&options).await.expect("a store");

    for (store, redis) in [(&plain, bench.redis()), (&authenticated, protected.connection())] {
        let session = store.start().await;
        write(&session, "n", json!(1)).await;
        expect_only_key(redis, &key(&session.known_id().await));
    }
}

fn expect_only_key(mut redis: RedisClient, key: &str) {
    assert_eq!(redis.keys(), [key]);
}

/// There whatever the client sends becomes the id, so that an attacker can choose his victim's.
pub(crate) async fn an_id_that_the_client_chose_is_never_taken_over(bench: Bench) {
    let well_formed = "A".repeat(43);
    let chosen = ["", "abc123", "\"abc\"", "a:b", &"x".repeat(5_000), &well_formed];
    for (count, id) in (1..).zip(chosen) {
        let store = bench.store(&bench.options()).await;
        let session = store.from_cookie(&[format!("__Host-id={id}")]).await;
        write(&session, "n", json!(1)).await;
        let new_id = session.known_id().await;
        assert_ne!(new_id, id);
        assert_eq!(new_id.len(), 43);
        let expected = if id == well_formed { Found::UnknownId } else { Found::NoCookie };
        assert_eq!(session.found().await, Ok(expected), "case {count}");

        let keys = bench.redis().keys();
        assert_eq!(keys.len(), count);
        assert!(!keys.contains(&key(id)), "case {count}");
    }
}

/// There an id is never changed.
pub(crate) async fn a_login_leaves_the_former_id_behind(bench: Bench) {
    let session = stored_session(&bench, "basket", json!(["hat"])).await;
    let former = session.known_id().await;
    let planted = other_handle(&bench, &session).await;
    assert_eq!(session.rotate(&[set("user", r#""eve""#)]).await, Ok(()));
    assert_ne!(session.known_id().await, former);
    assert_eq!(read(&session, "basket").await, Some(json!(["hat"])));
    assert_eq!(read(&session, "user").await, Some(json!("eve")));
    assert_eq!(planted.get("user").await, Err(Error::Rotated));
}

/// There a session stays for ever.
pub(crate) async fn a_session_expires(bench: Bench) {
    const DAYS_14: i64 = 14 * 24 * 60 * 60 * 1_000;
    let session = stored_session(&bench, "n", json!(1)).await;
    let left = bench.redis().pttl(&key(&session.known_id().await));
    assert!((DAYS_14 - 60_000..=DAYS_14).contains(&left), "{left} ms are left");
}

/// There the write stores a new session under the old id.
pub(crate) async fn a_write_after_logout_does_not_bring_the_session_back(bench: Bench) {
    let session = stored_session(&bench, "user", json!("eve")).await;
    let late = other_handle(&bench, &session).await;
    assert_eq!(read(&late, "user").await, Some(json!("eve")));
    assert_eq!(session.destroy().await, Ok(()));
    assert_eq!(late.set("user", r#""eve""#).await, Err(Error::Gone));
    assert_eq!(late.increment("n", 1).await, Err(Error::Gone));
    let key = key(&session.known_id().await);
    assert_eq!(bench.redis().visible_fields(&key).len(), 0);
}

/// There the cookie is neither Secure nor SameSite, and dated ten years ahead in a time zone that is not the server's.
pub(crate) async fn the_cookie_is_out_of_reach_for_scripts_and_foreign_sites(bench: Bench) {
    let session = stored_session(&bench, "n", json!(1)).await;
    let cookie = cookie_of(&session).await.expect("a cookie");
    assert_eq!(cookie.name(), "__Host-id");
    assert_eq!(cookie.value(), session.known_id().await);
    assert_eq!(cookie.attributes(), ["httponly", "path", "samesite", "secure"]);
    assert_eq!(cookie.attribute("path"), Some("/"));
    assert_eq!(cookie.attribute("samesite"), Some("Lax"));
}

/// There `expires` is ten years ahead, in a format that depends on the server's language.
pub(crate) async fn a_persistent_cookie_counts_in_seconds_and_no_more_than_400_days(bench: Bench) {
    let options = bench.options().cookie_persistent(true);
    for (options, expected) in [(options.clone(), DAYS_400), (options.absolute_lifetime(3_600), 3_600)] {
        let session = bench.store(&options).await.start().await;
        write(&session, "n", json!(1)).await;
        let cookie = cookie_of(&session).await.expect("a cookie");
        assert_eq!(cookie.attribute("max-age"), Some(expected.to_string().as_str()));
        assert_eq!(cookie.attribute("expires"), None);
    }
}

/// There the browser keeps it, and it keeps the id.
pub(crate) async fn the_cookie_is_removed_at_logout(bench: Bench) {
    let session = stored_session(&bench, "user", json!("eve")).await;
    let cookie = cookie_of(&session).await.expect("a cookie");
    let store = bench.store(&bench.options()).await;
    let next_request = store.from_cookie(&[cookie.request_header()]).await;
    assert_eq!(next_request.destroy().await, Ok(()));
    let removal = cookie_of(&next_request).await.expect("a cookie");
    assert!(removal.removes());
    assert_eq!(removal.name(), cookie.name());
    for attribute in ["path", "secure"] {
        assert_eq!(removal.attribute(attribute), cookie.attribute(attribute));
    }
}

/// There the last one counts, which a neighbouring domain may have planted.
pub(crate) async fn two_ids_under_one_name_count_as_none(bench: Bench) {
    let options = bench.options().cookie_name("id");
    let store = bench.store(&options).await;
    let (own, planted) = (stored_id(&store).await, stored_id(&store).await);
    let session = store.from_cookie(&[format!("id={own}; id={planted}")]).await;
    assert_eq!(session.found().await, Ok(Found::NoCookie));
    let session = store.from_cookie(&[format!("id={own}; id={own}")]).await;
    assert_eq!(session.found().await, Ok(Found::Alive));
}

async fn stored_id(store: &Store) -> String {
    let session = store.start().await;
    write(&session, "n", json!(1)).await;
    session.known_id().await
}

/// There everything behind a cookie with a strange name is lost.
pub(crate) async fn a_cookie_is_found_behind_a_malformed_one(bench: Bench) {
    let store = bench.store(&bench.options()).await;
    let id = stored_id(&store).await;
    for before in ["bad[name]=1; ", "=; ", ";;; ", "a=\"b; ", "\u{fc}=\u{fc}; ", "no-value; "] {
        let session = store.from_cookie(&[format!("{before}__Host-id={id}")]).await;
        assert_eq!(session.found().await, Ok(Found::Alive), "behind {before}");
    }
}

/// There a client that is told to decode text breaks the session.
pub(crate) async fn values_read_the_same_in_either_protocol(bench: Bench) {
    let session = stored_session(&bench, "text", json!("gr\u{fc}n")).await;
    let options = Options::new(format!("{}?protocol=3", bench.server().url()));
    let store = bench.store(&options).await;
    let other = store.attach(&session.known_id().await).await.expect("a well-formed id");
    assert_eq!(read(&other, "text").await, Some(json!("gr\u{fc}n")));
    assert_eq!(other.increment_float("n", 0.5).await, Ok(0.5));
    assert_eq!(sorted(other.items().await), sorted(session.items().await));
    assert_eq!(other.get("missing").await, Ok(None));
}

fn sorted(items: Result<Vec<(String, String)>, Error>) -> Vec<(String, String)> {
    let mut items = items.expect("the items");
    items.sort();
    items
}

/// There `get` answers with its default, as if the field were not there.
pub(crate) async fn a_value_that_is_no_text_is_told_and_not_hidden(bench: Bench) {
    let session = stored_session(&bench, "n", json!(1)).await;
    let key = key(&session.known_id().await);
    bench.redis().hset(&key, "broken", [0xff, 0xfe]);
    assert_eq!(session.get("broken").await, Err(Error::Corrupt("broken".to_owned())));
}

/// There `items` fails as a whole, and nothing else reads it.
pub(crate) async fn a_value_that_is_no_text_hides_no_other(bench: Bench) {
    let session = stored_session(&bench, "n", json!(1)).await;
    let key = key(&session.known_id().await);
    bench.redis().hset(&key, "broken", [0xff, 0xfe]);
    assert_eq!(session.items().await, Err(Error::Corrupt("broken".to_owned())));
    assert_eq!(read(&session, "n").await, Some(json!(1)));
    let mut items = session.items_bytes().await.expect("the items");
    items.sort();
    let broken = (b"broken".to_vec(), vec![0xff, 0xfe]);
    assert_eq!(items, [broken, (b"n".to_vec(), b"1".to_vec())]);
}

/// There `pop` reads, and then deletes, so that several read it.
pub(crate) async fn a_message_popped_by_many_is_seen_once(bench: Bench) {
    let session = stored_session(&bench, "n", json!(1)).await;
    let mut handles = Vec::new();
    for _ in 0..8 {
        handles.push(other_handle(&bench, &session).await);
    }
    for _ in 0..20 {
        write(&session, "message", json!("hello")).await;
        let mut seen = 0;
        let mut tasks = JoinSet::new();
        for handle in handles.drain(..) {
            tasks.spawn(async move { (handle.pop("message").await, handle) });
        }
        while let Some(task) = tasks.join_next().await {
            let (popped, handle) = task.expect("a task that ends well");
            seen += usize::from(popped.expect("a pop").is_some());
            handles.push(handle);
        }
        assert_eq!(seen, 1);
    }
    let (popped, round_trips) = bench.round_trips(session.pop("message")).await;
    assert_eq!((popped, round_trips), (Ok(None), 1));
}

/// There Redis refuses it.
pub(crate) async fn an_update_with_nothing_changes_nothing(bench: Bench) {
    let session = stored_session(&bench, "n", json!(1)).await;
    let nothing: [(&str, &str); 0] = [];
    let (updated, round_trips) = bench.round_trips(session.update(&nothing)).await;
    assert_eq!((updated, round_trips), (Ok(()), 0));
    assert_eq!(session.len().await, Ok(1));
}

/// There both are the same: the id lives on, and nothing that was set about the session does.
pub(crate) async fn a_cleared_session_lives_on_and_a_destroyed_one_does_not(bench: Bench) {
    let session = stored_session(&bench, "n", json!(1)).await;
    let id = session.known_id().await;
    assert_eq!(session.clear().await, Ok(()));
    assert_eq!(session.id().await, Some(id.clone()));
    assert!(bench.redis().pttl(&key(&id)) > 0);
    let other = other_handle(&bench, &session).await;
    assert_eq!(other.found().await, Ok(Found::Alive));

    assert_eq!(session.destroy().await, Ok(()));
    assert_eq!(other.len().await, Err(Error::Gone));
    assert_eq!(session.set("n", "1").await, Err(Error::Gone));
}

/// There the session's text form, made for logs, is its key.
pub(crate) async fn the_log_id_does_not_tell_the_id(bench: Bench) {
    let session = stored_session(&bench, "n", json!(1)).await;
    let id = session.known_id().await;
    let log_id = session.log_id().await.expect("a session whose id is known");
    assert_eq!(log_id.len(), 12);
    assert!(log_id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(!id.contains(&log_id));
    let other = other_handle(&bench, &session).await;
    assert_eq!(other.log_id().await, Some(log_id));
}

/// The cookie that the session's response carries.
async fn cookie_of(session: &Session) -> Option<SetCookie> {
    SetCookie::only(&session.response_headers().await)
}
