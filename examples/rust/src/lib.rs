//! For the tests: makes the calls of a case (xtask/src/examples/cases.rs) on a session, by the shop's own module.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively, nobody calls it"))]

mod bindings;
mod calls;
mod http;
mod integers;
#[path = "../../shop/src/session.rs"]
mod session;

use serde::Deserialize;
use serde_json::{Value, json};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

use crate::bindings::drsession::session::session::{Options, Store};
use crate::bindings::drsession::session::types;
use crate::http::Request;
use crate::session::{Error, Session};

#[derive(Deserialize)]
struct Case {
    url: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    call: String,
    arguments: Vec<Value>,
    /// On a second handle on the same session.
    other: bool,
}

struct Cases;

impl Guest for Cases {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let request = Request::read(request).expect("a request with a body");
        if request.line != "POST /case" {
            return http::respond(out, 404, b"{}", &[]);
        }
        let case: Case = serde_json::from_slice(&request.body).expect("a case");
        let (answers, headers) = match Store::open(&Options::new(&case.url)) {
            Ok(store) => {
                let session = Session::from_cookie(&store, &request.cookies);
                (make(&store, &session, &case.steps), session.response_headers())
            }
            Err(error) => (vec![json!({ "error": name(&error) }); case.steps.len()], Vec::new()),
        };
        let json = json!({ "answers": answers }).to_string();
        http::respond(out, 200, json.as_bytes(), &headers);
    }
}

fn make(store: &Store, session: &Session, steps: &[Step]) -> Vec<Value> {
    let mut second = None;
    let mut answers = Vec::new();
    for step in steps {
        let arguments: Vec<_> = step.arguments.iter().map(integers::untagged).collect();
        let mut answer = || {
            if !step.other {
                return calls::make(session, &step.call, &arguments);
            }
            if second.is_none() {
                let id = session.id().expect("an id, once there was a call");
                second = Some(Session::attach(store, &id)?);
            }
            calls::make(second.as_ref().expect("attached above"), &step.call, &arguments)
        };
        answers.push(match answer() {
            Ok(Some(result)) => json!({ "result": result }),
            Ok(None) => json!({ "absent": true }),
            Err(Error::Session(error)) => json!({ "error": name(&error) }),
            Err(Error::Shape { .. }) => json!({ "error": "corrupt" }),
            Err(Error::Value { .. }) => json!({ "error": "invalid-argument" }),
        });
    }
    answers
}

/// The contract's name for the error.
fn name(error: &types::Error) -> &'static str {
    use types::Error;
    match error {
        Error::Gone => "gone",
        Error::Rotated => "rotated",
        Error::NotANumber(_) => "not-a-number",
        Error::Overflow => "overflow",
        Error::InvalidArgument(_) => "invalid-argument",
        Error::TooLarge(_) => "too-large",
        Error::Corrupt(_) => "corrupt",
        Error::WrongType => "wrong-type",
        Error::Denied(_) => "denied",
        Error::Unavailable(_) => "unavailable",
        Error::Busy => "busy",
        Error::TooLate => "too-late",
        Error::OutcomeUnknown(_) => "outcome-unknown",
        Error::NotReplicated(_) => "not-replicated",
        Error::Unsupported(_) => "unsupported",
        Error::Server(_) => "server",
        Error::Protocol(_) => "protocol",
        Error::Other(_) => "other",
    }
}

/// What the host calls. Names such as `wasi:http/incoming-handler#handle` are none that a native linker takes.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "generated")]
mod export {
    use super::Cases;

    wasip2::http::proxy::export!(Cases);
}
