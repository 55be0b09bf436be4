//! The tests of drsession, the Python middleware that this component takes its layout from, under their own names.

use std::collections::BTreeMap;

use host_test::{
    bench::Bench,
    session::{Error, Found, Session},
};
use serde_json::json;

use super::json::{read, write};

const PREFIX: &str = "drsession-test:";

async fn new_session(bench: &Bench) -> Session {
    let options = bench.options().prefix(PREFIX);
    bench.store(&options).await.start().await
}

pub(crate) async fn test_int(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!(1)).await;
    assert_eq!(read(&session, "foo").await, Some(json!(1)));
    assert_eq!(session.get("foo").await, Ok(Some("1".to_owned())));
}

pub(crate) async fn test_string(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    assert_eq!(read(&session, "foo").await, Some(json!("bar")));
}

pub(crate) async fn test_list(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!(["bar"])).await;
    assert_eq!(read(&session, "foo").await, Some(json!(["bar"])));
}

pub(crate) async fn test_dict(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!({"bar": "woot"})).await;
    assert_eq!(read(&session, "foo").await, Some(json!({"bar": "woot"})));
}

pub(crate) async fn test_None(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!(null)).await;
    assert_eq!(read(&session, "foo").await, Some(json!(null)));
    assert_eq!(read(&session, "missing").await, None);
}

pub(crate) async fn test_keyerror(bench: Bench) {
    let session = new_session(&bench).await;
    assert_eq!(session.get("foo").await, Ok(None));
    write(&session, "bar", json!(1)).await;
    assert_eq!(session.get("foo").await, Ok(None));
}

pub(crate) async fn test_default(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "bar", json!(1)).await;
    assert_eq!(read(&session, "foo").await, None);
    let value = read(&session, "foo").await.unwrap_or(json!("default"));
    assert_eq!(value, json!("default"));
}

/// There the session's text form tells its key: the prefix and the id.
pub(crate) async fn test_repr(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    let key = format!("{PREFIX}{}", session.known_id().await);
    assert_eq!(bench.redis().keys(), [key]);
}

pub(crate) async fn test_len(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    write(&session, "woot", json!("bar")).await;
    assert_eq!(session.len().await, Ok(2));
}

pub(crate) async fn test_del(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    assert_eq!(session.delete("foo").await, Ok(true));
    assert_eq!(session.get("foo").await, Ok(None));
    assert_eq!(session.delete("foo").await, Ok(false));
}

pub(crate) async fn test_clear(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    assert_eq!(session.len().await, Ok(1));
    assert_eq!(session.clear().await, Ok(()));
    assert_eq!(session.len().await, Ok(0));
}

/// There a destroyed session is an empty one; here it is no more, and who comes with its cookie begins a new one.
pub(crate) async fn test_destroy(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    assert_eq!(session.len().await, Ok(1));
    assert_eq!(session.destroy().await, Ok(()));
    assert_eq!(session.len().await, Err(Error::Gone));
    assert_eq!(session.restart().await, Ok(()));
    assert_eq!(session.len().await, Ok(0));
}

pub(crate) async fn test_in(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    assert_eq!(session.contains("foo").await, Ok(true));
    assert_eq!(session.contains("bar").await, Ok(false));
}

pub(crate) async fn test_pop(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    assert_eq!(session.len().await, Ok(1));
    assert_eq!(session.pop("foo").await, Ok(Some(json!("bar").to_string())));
    assert_eq!(session.len().await, Ok(0));
    assert_eq!(session.pop("foo").await, Ok(None));
}

pub(crate) async fn test_update_dict(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    let dictionary = BTreeMap::from([("foo", json!("woot")), ("bar", json!("foo"))]);
    let items: Vec<_> = dictionary.into_iter().map(|(key, value)| (key, value.to_string())).collect();
    assert_eq!(session.update(&items).await, Ok(()));
    expect_updated(&session).await;
}

pub(crate) async fn test_update_list(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    let items = vec![("foo".to_owned(), json!("woot").to_string()), ("bar".to_owned(), json!("foo").to_string())];
    assert_eq!(session.update(&items).await, Ok(()));
    expect_updated(&session).await;
}

pub(crate) async fn test_update_kwargs(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    let updated = session.update(&[("foo", r#""woot""#), ("bar", r#""foo""#)]).await;
    assert_eq!(updated, Ok(()));
    expect_updated(&session).await;
}

async fn expect_updated(session: &Session) {
    assert_eq!(read(session, "foo").await, Some(json!("woot")));
    assert_eq!(read(session, "bar").await, Some(json!("foo")));
    assert_eq!(session.len().await, Ok(2));
}

pub(crate) async fn test_keys(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    assert_eq!(session.keys().await, Ok(vec!["foo".to_owned()]));
}

pub(crate) async fn test_values(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    assert_eq!(session.values().await, Ok(vec![json!("bar").to_string()]));
}

pub(crate) async fn test_items(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!("bar")).await;
    let item = ("foo".to_owned(), json!("bar").to_string());
    assert_eq!(session.items().await, Ok(vec![item]));
}

pub(crate) async fn test_no_cookie(bench: Bench) {
    let store = bench.store(&bench.options().prefix(PREFIX)).await;
    let session = store.from_cookie(&[""; 0]).await;
    assert_eq!(session.found().await, Ok(Found::NoCookie));
    assert_eq!(session.get("foo").await, Ok(None));
    assert_eq!(session.response_headers().await, []);
}

pub(crate) async fn test_int_incrby(bench: Bench) {
    let session = new_session(&bench).await;
    write(&session, "foo", json!(1)).await;
    for (by, sum) in [(1, 2), (2, 4), (-1, 3), (-1, 2)] {
        assert_eq!(session.increment("foo", by).await, Ok(sum));
        assert_eq!(read(&session, "foo").await, Some(json!(sum)));
    }
}
