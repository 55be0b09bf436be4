//! The little of HTTP that an example needs.

use std::io::{Read, Write};

use wasip2::http::types::{Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam};

/// A request, read whole.
pub(crate) struct Request {
    /// Method and path: `GET /`.
    pub(crate) line: String,
    pub(crate) cookies: Vec<Vec<u8>>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn read(incoming: IncomingRequest) -> std::io::Result<Self> {
        let method = match incoming.method() {
            Method::Get => "GET",
            Method::Post => "POST",
            _ => "",
        };
        let line = format!("{method} {}", incoming.path_with_query().unwrap_or_default());
        let cookies = incoming.headers().get("cookie");
        let mut body = Vec::new();
        let incoming = incoming.consume().expect("the body is taken once");
        incoming.stream().expect("the stream is taken once").read_to_end(&mut body)?;
        Ok(Self { line, cookies, body })
    }
}

/// Answers with JSON.
pub(crate) fn respond(out: ResponseOutparam, status: u16, json: &[u8], headers: &[(String, String)]) {
    let fields = Fields::new();
    fields.append("content-type", b"application/json").expect("a header that may be set");
    for (name, value) in headers {
        fields.append(name, value.as_bytes()).expect("a header that may be set");
    }
    let response = OutgoingResponse::new(fields);
    response.set_status_code(status).expect("a status code");
    let body = response.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(response));
    // A client that has gone doesn't take the body: that is its own affair.
    let mut stream = body.write().expect("the stream is taken once");
    let _ = stream.write_all(json);
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
