//! A small shop whose sessions live in Redis.
//!
//! It answers `wasi:http` 0.2 requests and knows sessions only through the WIT interface `drsession:session/session`. The
//! way of one request: `Shop::handle` → `routes` finds what answers → its handler asks the `session` → the session's
//! headers, asked for last, go out with the response.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively, there are only the unit tests"))]

mod bindings;
mod http;
mod log;
mod origin;
mod problem;
mod routes;
mod session;
mod settings;
mod store;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

use crate::http::{Request, Response};
use crate::problem::Problem;
use crate::routes::{Handle, Handler, Route};

struct Shop;

impl Guest for Shop {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        answer(Request::new(request)).send(out);
    }
}

fn answer(request: Request) -> Response {
    let handler = match routes::find(&request.method(), &request.path()) {
        Route::Found(handler) => handler,
        Route::WrongMethod(allowed) => {
            return Problem::wrong_method().response().header("allow", &allowed);
        }
        Route::Unknown => return Problem::not_found().response(),
    };
    match handler {
        Handler::File(content_type, content) => Response::file(content_type, content),
        Handler::Read(handle) => with_session(request, handle),
        Handler::Change(handle) if origin::is_own(&request) => with_session(request, handle),
        Handler::Change(_) => Problem::foreign_origin().response(),
    }
}

/// Answers with the session that the request's cookie names.
///
/// Its headers go with every answer, a failure too: the cookie in them is the only way back to a session that was stored
/// before something else went wrong.
fn with_session(request: Request, handle: Handle) -> Response {
    let session = match store::session(&request.header("cookie")) {
        Ok(session) => session,
        Err(error) => return Problem::from(error).response(),
    };
    let response = handle(&session, request).unwrap_or_else(|problem| problem.response());
    let headers = session.response_headers();
    headers.iter().fold(response, |response, (name, value)| response.header(name, value))
}

/// What the host calls. Names such as `wasi:http/incoming-handler#handle` are none that a native linker takes.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "generated")]
mod export {
    use super::Shop;

    wasip2::http::proxy::export!(Shop);
}
