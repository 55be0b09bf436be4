//! An application that keeps MessagePack in its sessions: a profile, and how often it was changed.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively, nobody calls it"))]

mod bindings;
#[path = "../../rust/src/http.rs"]
mod http;
mod session;

use std::io::Write;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasip2::cli::environment::get_environment;
use wasip2::cli::stderr::get_stderr;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

use crate::bindings::drsession::session::session::{Options, Store};
use crate::bindings::drsession::session::types;
use crate::http::Request;
use crate::session::{Error, Session};

#[derive(Deserialize, Serialize)]
struct Profile {
    name: String,
    languages: Vec<String>,
    height: Option<f32>,
}

struct Application;

impl Guest for Application {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (answer, headers) = match (Request::read(request), open()) {
            (Ok(request), Ok(store)) => {
                let session = Session::from_cookie(&store, &request.cookies);
                (answer(&request, &session), session.response_headers())
            }
            (Err(_), _) => (Ok(bad_request()), Vec::new()),
            (_, Err(error)) => (Err(error), Vec::new()),
        };
        let (status, value) = answer.unwrap_or_else(|error| {
            let _ = writeln!(get_stderr(), "messagepack: {error}");
            (status(&error), json!({ "error": "the profile is out of reach" }))
        });
        http::respond(out, status, value.to_string().as_bytes(), &headers);
    }
}

fn open() -> Result<Store, Error> {
    let url = get_environment().into_iter().find(|(name, _)| name == "REDIS_URL").map(|(_, url)| url);
    Ok(Store::open(&Options::new(url.as_deref().unwrap_or("redis://127.0.0.1:6379")))?)
}

fn answer(request: &Request, session: &Session) -> Result<(u16, Value), Error> {
    match request.line.as_str() {
        "GET /profile" => {
            let profile: Option<Profile> = session.get("profile")?;
            Ok((200, json!({ "profile": profile })))
        }
        "POST /profile" => {
            let Ok(profile) = serde_json::from_slice::<Profile>(&request.body) else {
                return Ok(bad_request());
            };
            session.set("profile", &profile)?;
            Ok((200, json!({ "changes": session.increment("changes", 1)? })))
        }
        _ => Ok((404, json!({ "error": "there is nothing here" }))),
    }
}

fn bad_request() -> (u16, Value) {
    (400, json!({ "error": "this is no profile" }))
}

fn status(error: &Error) -> u16 {
    match error {
        Error::Session(types::Error::Gone) => 401,
        Error::Session(types::Error::Rotated) => 409,
        Error::Session(types::Error::Unavailable(_) | types::Error::Busy | types::Error::OutcomeUnknown(_)) => 503,
        _ => 500,
    }
}

/// What the host calls. Names such as `wasi:http/incoming-handler#handle` are none that a native linker takes.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "generated")]
mod export {
    use super::Application;

    wasip2::http::proxy::export!(Application);
}
