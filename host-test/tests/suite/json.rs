//! Values as an application has them.

use host_test::session::Session;
use serde_json::Value;

/// `session[key] = value`.
pub(crate) async fn write(session: &Session, key: &str, value: Value) {
    assert_eq!(session.set(key, &value.to_string()).await, Ok(()));
}

/// `session[key]`; none where there is no such field.
pub(crate) async fn read(session: &Session, key: &str) -> Option<Value> {
    let text = session.get(key).await.expect("a session that can be read")?;
    Some(serde_json::from_str(&text).expect("a value in JSON"))
}
