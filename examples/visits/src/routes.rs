//! Which path is answered by what.

use serde_json::{Value, json};

use crate::bindings::drsession::session::session_async::Session;
use crate::bindings::drsession::session::types::{Error, Operation};
use crate::bindings::wasi::http::types::{Method, Request};
use crate::http::{self, Answer};

/// How many bytes a download has.
const DOWNLOAD: u64 = 200 << 20;

/// Answers a request, with its session where it has one.
pub(crate) async fn answer(session: Option<&Session>, request: Request) -> Answer {
    let method = request.get_method();
    let path = request.get_path_with_query().unwrap_or_default();
    let answer = match (method, path.as_str(), session) {
        (Method::Get, "/api/session", Some(session)) => known(session).await,
        (Method::Get, "/api/session", None) => Ok(Answer::json(200, json!({ "user": null, "visits": 0 }))),
        (Method::Get, "/api/request", _) => Ok(shown(&request)),
        (Method::Post, "/api/visits", Some(session)) => count(session, "visits", 1).await,
        (Method::Post, "/api/login", Some(session)) => login(session, request).await,
        (Method::Post, "/api/logout", Some(session)) => logout(session).await,
        (Method::Post, "/api/upload", Some(session)) => upload(session, request).await,
        (Method::Get, "/api/download", Some(session)) => download(session).await,
        (Method::Post, _, None) => Ok(Answer::json(403, json!({ "error": "no session" }))),
        _ => Ok(Answer::json(404, json!({ "error": "nothing here" }))),
    };
    answer.unwrap_or_else(|error| failure(&error))
}

/// What a failed call on the session is answered by. The error holds no secrets: no id, no password, no value.
pub(crate) fn failure(error: &Error) -> Answer {
    let status = match error {
        Error::Gone => 401,
        Error::Rotated => 409,
        Error::Unavailable(_) | Error::Busy | Error::OutcomeUnknown(_) => 503,
        _ => 500,
    };
    Answer::json(status, json!({ "error": format!("{error:?}") }))
}

/// What reaches the application: the headers' names, and other people's cookies.
fn shown(request: &Request) -> Answer {
    let headers = request.get_headers();
    let names: Vec<_> = headers.copy_all().into_iter().map(|(name, _)| name).collect();
    let cookies: Vec<_> = headers.get("cookie").iter().map(|value| value.escape_ascii().to_string()).collect();
    Answer::json(200, json!({ "names": names, "cookies": cookies }))
}

async fn known(session: &Session) -> Result<Answer, Error> {
    let fields = session.get_many(vec!["user".to_owned(), "visits".to_owned()]).await?;
    let mut values = fields.into_iter().map(|json| json.and_then(|json| serde_json::from_str::<Value>(&json).ok()));
    let mut next = || values.next().flatten();
    let user = next().unwrap_or(Value::Null);
    let visits = next().unwrap_or_else(|| json!(0));
    Ok(Answer::json(200, json!({ "user": user, "visits": visits })))
}

async fn count(session: &Session, field: &str, by: i64) -> Result<Answer, Error> {
    let number = session.increment(field.to_owned(), by).await?;
    Ok(Answer::json(200, json!({ field: number })))
}

/// Signing in is a change of privilege: a new id, and the field, in one step. A real application would look at a password first.
async fn login(session: &Session, request: Request) -> Result<Answer, Error> {
    let Some(Value::String(user)) =
        http::json(request).await.and_then(|mut body| body.get_mut("user").map(Value::take))
    else {
        return Ok(Answer::json(400, json!({ "error": "a user is wanted" })));
    };
    session.rotate(vec![Operation::Set(("user".to_owned(), json!(user).to_string()))]).await?;
    Ok(Answer::json(200, json!({ "user": user })))
}

async fn logout(session: &Session) -> Result<Answer, Error> {
    session.destroy().await?;
    Ok(Answer::json(200, json!({ "user": null })))
}

/// Counts the bytes of all that the visitor ever uploaded.
async fn upload(session: &Session, request: Request) -> Result<Answer, Error> {
    let mut bytes = 0;
    http::read(request, |chunk| bytes += chunk.len() as i64).await;
    count(session, "uploaded", bytes).await
}

/// Counts the download, and sends zeros.
async fn download(session: &Session) -> Result<Answer, Error> {
    session.increment("downloads".to_owned(), 1).await?;
    Ok(Answer::zeros(DOWNLOAD))
}
