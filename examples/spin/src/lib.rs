//! Tells its visitors how often they have been here. The count is in a session, and the session in Redis.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively, nobody calls it"))]

mod bindings;

use std::io::Write;

use wasip2::cli::environment::get_environment;
use wasip2::cli::stderr::get_stderr;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

use crate::bindings::drsession::session::session::{Options, Session, Store};
use crate::bindings::drsession::session::types::Error;

thread_local! {
    /// A host that uses an instance for several requests keeps its connection to Redis by this.
    static STORE: Result<Store, Error> = open();
}

fn open() -> Result<Store, Error> {
    let url = get_environment().into_iter().find(|(name, _)| name == "REDIS_URL").map(|(_, url)| url);
    let url = url.ok_or_else(|| Error::InvalidArgument("REDIS_URL is not set".to_owned()))?;
    Store::open(&Options::new(&url))
}

/// The session that the cookies name, or a new one. Nothing is asked of Redis yet.
fn session(cookies: &[Vec<u8>]) -> Result<Session, Error> {
    STORE.with(|store| Ok(store.as_ref().map_err(Clone::clone)?.from_cookie(cookies)))
}

struct Visits;

impl Guest for Visits {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        match session(&request.headers().get("cookie")) {
            Ok(session) => {
                let visits = session.increment("visits", 1);
                // Asked for last: only now it is known whether there is a cookie to set.
                respond(out, visits, &session.response_headers());
            }
            Err(error) => respond(out, Err(error), &[]),
        }
    }
}

fn respond(out: ResponseOutparam, visits: Result<i64, Error>, session_headers: &[(String, String)]) {
    let (status, text) = match visits {
        Ok(visits) => (200, format!("This is your visit number {visits}.\n")),
        Err(error) => {
            // It holds no secrets: no id, no password, no value.
            let _ = get_stderr().write_all(format!("{error:?}\n").as_bytes());
            (status(&error), "The visit could not be counted.\n".to_owned())
        }
    };
    let headers = Fields::new();
    headers.append("content-type", b"text/plain").expect("a header that may be set");
    for (name, value) in session_headers {
        headers.append(name, value.as_bytes()).expect("a header that may be set");
    }
    let response = OutgoingResponse::new(headers);
    response.set_status_code(status).expect("a status code");
    let body = response.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(response));
    // A client that has gone doesn't take the body: that is its own affair.
    let mut stream = body.write().expect("the stream is taken once");
    let _ = stream.write_all(text.as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn status(error: &Error) -> u16 {
    match error {
        Error::Gone => 401,
        Error::Rotated => 409,
        Error::Unavailable(_) | Error::Busy | Error::OutcomeUnknown(_) => 503,
        _ => 500,
    }
}

/// What the host calls. Natively such names are none that a linker takes.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "generated")]
mod export {
    use super::Visits;

    wasip2::http::proxy::export!(Visits);
}
