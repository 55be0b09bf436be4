//! Requests and responses, over `wasi:http`'s resources.

use std::borrow::Cow;
use std::io::{Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasip2::http::types::{Fields, Headers, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam};

use crate::problem::Problem;

/// The longest body that a request may have, in bytes.
const BODY_LIMIT: usize = 64 * 1024;

/// What every response says: nothing from elsewhere runs in the page, nobody frames it, and no other site learns its address.
const SECURITY_HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
];

/// A request whose body has not been read yet.
pub(crate) struct Request {
    // Before the request: a host may refuse to drop a resource whose child is still there.
    headers: Headers,
    incoming: IncomingRequest,
}

impl Request {
    pub(crate) fn new(incoming: IncomingRequest) -> Self {
        let headers = incoming.headers();
        Self { headers, incoming }
    }

    pub(crate) fn method(&self) -> String {
        match self.incoming.method() {
            Method::Get => "GET".into(),
            Method::Head => "HEAD".into(),
            Method::Post => "POST".into(),
            Method::Put => "PUT".into(),
            Method::Delete => "DELETE".into(),
            Method::Connect => "CONNECT".into(),
            Method::Options => "OPTIONS".into(),
            Method::Trace => "TRACE".into(),
            Method::Patch => "PATCH".into(),
            Method::Other(name) => name,
        }
    }

    /// The path without its query.
    pub(crate) fn path(&self) -> String {
        let mut path = self.incoming.path_with_query().unwrap_or_default();
        path.truncate(path.find('?').unwrap_or(path.len()));
        path
    }

    /// The host that the client meant, and the port where it is not the scheme's own.
    pub(crate) fn authority(&self) -> Option<String> {
        self.incoming.authority()
    }

    /// The bytes of each header of this name, in order.
    pub(crate) fn header(&self, name: &str) -> Vec<Vec<u8>> {
        self.headers.get(name)
    }

    /// Reads the body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body()?).map_err(|error| Problem::bad_request(format!("the body: {error}")))
    }

    fn body(self) -> Result<Vec<u8>, Problem> {
        let unreadable = || Problem::bad_request("the body could not be read");
        let body = self.incoming.consume().map_err(|()| unreadable())?;
        let stream = body.stream().map_err(|()| unreadable())?;
        let mut bytes = Vec::new();
        stream.take(BODY_LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(|_| unreadable())?;
        if bytes.len() > BODY_LIMIT {
            return Err(Problem::too_large(BODY_LIMIT));
        }
        Ok(bytes)
    }
}

/// A response, as it is put together.
pub(crate) struct Response {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Cow<'static, [u8]>,
}

impl Response {
    /// A file that is part of the program.
    pub(crate) fn file(content_type: &str, content: &'static str) -> Self {
        Self { status: 200, headers: Vec::new(), body: Cow::Borrowed(content.as_bytes()) }
            .header("content-type", content_type)
            .header("cache-control", "no-cache")
    }

    /// An answer of the JSON API: one visitor's own, so nobody may keep it for another.
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("what the shop answers has a form in JSON");
        Self { status, headers: Vec::new(), body: Cow::Owned(body) }
            .header("content-type", "application/json")
            .header("cache-control", "no-store")
            .header("vary", "cookie")
    }

    /// Sets a header; only of `set-cookie` there may be several.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if name != "set-cookie" {
            self.headers.retain(|(present, _)| present != name);
        }
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// Hands the response to the host.
    pub(crate) fn send(self, out: ResponseOutparam) {
        let length = self.body.len().to_string();
        let response = SECURITY_HEADERS
            .into_iter()
            .chain([("content-length", length.as_str())])
            .fold(self, |response, (name, value)| response.header(name, value));

        let headers = Fields::from_list(&response.headers).expect("these headers may be set");
        let outgoing = OutgoingResponse::new(headers);
        outgoing.set_status_code(response.status).expect("this is a status code");
        let body = outgoing.body().expect("the body is taken once");
        ResponseOutparam::set(out, Ok(outgoing));

        // A client that has gone, or that asked by HEAD, doesn't take the body: that is its own affair.
        let mut stream = body.write().expect("the stream is taken once");
        let _ = stream.write_all(&response.body).and_then(|()| Write::flush(&mut stream));
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}
