//! Responses that the middleware gives without calling the application.

use crate::bindings::wasi::http::types::{Fields, Response};
use crate::bindings::{wit_future, wit_stream};
use wit_bindgen::spawn_local;

/// 503: the session could not be looked up. The reason goes to the log, not to the client.
pub(crate) fn unavailable() -> Response {
    plain(503, "Sessions are temporarily unavailable. Please try again.\n", &[("retry-after", "1")])
}

/// 400: the host rejects the request or headers that would have to be forwarded.
pub(crate) fn bad_request() -> Response {
    plain(400, "This request cannot be forwarded.\n", &[])
}

fn plain(status: u16, text: &str, headers: &[(&str, &str)]) -> Response {
    let fields = Fields::new();
    for (name, value) in [("content-type", "text/plain; charset=utf-8")].iter().chain(headers) {
        fields.append(name, value.as_bytes()).expect("valid header");
    }
    let (mut body, contents) = wit_stream::new();
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (response, _) = Response::new(fields, Some(contents), trailers);
    response.set_status_code(status).expect("valid status code");

    let bytes = text.as_bytes().to_vec();
    spawn_local(async move {
        // Fails only if the client has disconnected.
        body.write_all(bytes).await;
    });
    response
}
