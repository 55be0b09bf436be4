//! Bodies, as they come and as they go.

use serde_json::Value;
use wit_bindgen::{StreamResult, spawn_local};

use crate::bindings::wasi::http::types::{Fields, Request, Response};
use crate::bindings::{wit_future, wit_stream};

/// The longest JSON body that a request may have, in bytes.
const JSON_LIMIT: usize = 64 * 1024;
/// How much of a body is in memory at once.
const CHUNK: usize = 64 * 1024;

/// What is answered: a status and a body.
pub(crate) struct Answer {
    status: u16,
    content_type: &'static str,
    body: Body,
}

enum Body {
    Text(String),
    Zeros(u64),
}

impl Answer {
    pub(crate) fn json(status: u16, value: Value) -> Self {
        Self { status, content_type: "application/json", body: Body::Text(value.to_string()) }
    }

    /// So many bytes, all zero.
    pub(crate) fn zeros(length: u64) -> Self {
        Self { status: 200, content_type: "application/octet-stream", body: Body::Zeros(length) }
    }
}

/// The response, whose body goes out while the host takes it.
pub(crate) fn response(answer: Answer, session_headers: Vec<(String, String)>) -> Response {
    let headers = Fields::new();
    headers.append("content-type", answer.content_type.as_bytes()).expect("a header that may be set");
    for (name, value) in session_headers {
        headers.append(&name, value.as_bytes()).expect("a header that may be set");
    }
    let (mut writer, contents) = wit_stream::new();
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (response, _) = Response::new(headers, Some(contents), trailers);
    response.set_status_code(answer.status).expect("a status code");
    spawn_local(async move {
        // What comes back was not taken: the client has gone, and that is its own affair.
        match answer.body {
            Body::Text(text) => drop(writer.write_all(text.into_bytes()).await),
            Body::Zeros(mut left) => {
                while left > 0 {
                    let chunk = left.min(CHUNK as u64);
                    if !writer.write_all(vec![0; chunk as usize]).await.is_empty() {
                        break;
                    }
                    left -= chunk;
                }
            }
        }
    });
    response
}

/// Reads the body as JSON; none where it is none, or too long.
pub(crate) async fn json(request: Request) -> Option<Value> {
    let mut body = Vec::new();
    read(request, |chunk| {
        if body.len() <= JSON_LIMIT {
            body.extend_from_slice(chunk);
        }
    })
    .await;
    if body.len() > JSON_LIMIT { None } else { serde_json::from_slice(&body).ok() }
}

/// Reads the whole body, chunk by chunk.
pub(crate) async fn read(request: Request, mut take: impl FnMut(&[u8])) {
    let (_, result) = wit_future::new(|| Ok(()));
    let (mut body, _) = Request::consume_body(request, result);
    let mut buffer = Vec::with_capacity(CHUNK);
    loop {
        let (outcome, chunk) = body.read(buffer).await;
        take(&chunk);
        buffer = chunk;
        buffer.clear();
        if outcome == StreamResult::Dropped {
            return;
        }
    }
}
