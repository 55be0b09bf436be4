//! What the middleware answers itself.

use crate::bindings::wasi::http::types::{Fields, Response};
use crate::bindings::{wit_future, wit_stream};
use wit_bindgen::spawn_local;

/// Sessions are out of reach. Nothing is said of why.
pub(crate) fn unavailable() -> Response {
    plain(503, "Sessions are out of reach at the moment. Please try again.\n", &[("retry-after", "1")])
}

/// What the client sent can't be handed on.
pub(crate) fn bad_request() -> Response {
    plain(400, "This request can't be handed on.\n", &[])
}

fn plain(status: u16, text: &str, headers: &[(&str, &str)]) -> Response {
    let fields = Fields::new();
    for (name, value) in [("content-type", "text/plain; charset=utf-8")].iter().chain(headers) {
        fields.append(name, value.as_bytes()).expect("these headers may be set");
    }
    let (mut body, contents) = wit_stream::new();
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (response, _) = Response::new(fields, Some(contents), trailers);
    response.set_status_code(status).expect("this is a status code");

    let bytes = text.as_bytes().to_vec();
    spawn_local(async move {
        // A client that has gone doesn't take the body: that is its own affair.
        body.write_all(bytes).await;
    });
    response
}
