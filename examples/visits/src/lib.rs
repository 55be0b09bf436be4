//! Counts its visitors' visits, and lets them sign in and out. The counts are in sessions, and the sessions in Redis.
//!
//! Many requests run in one instance at once: while one waits for Redis, the others go on, over the same connection.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively, nobody calls it"))]

mod bindings;
mod http;
mod routes;
#[cfg_attr(feature = "alone", path = "session/alone.rs")]
#[cfg_attr(not(feature = "alone"), path = "session/behind.rs")]
mod session;

use crate::bindings::exports::wasi::http::handler::Guest;
use crate::bindings::wasi::http::types::{ErrorCode, Request, Response};

struct Visits;

impl Guest for Visits {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let session = match session::of(&request) {
            Ok(session) => session,
            Err(error) => return Ok(http::response(routes::failure(&error), Vec::new())),
        };
        let answer = routes::answer(session.as_ref(), request).await;
        // Asked for last: only now it is known whether there is a cookie to set.
        let headers = session.as_ref().map(session::headers).unwrap_or_default();
        Ok(http::response(answer, headers))
    }
}

/// What the host calls. Such names are none that a native linker takes.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, unreachable_pub, reason = "generated")]
mod export {
    use super::{Visits, bindings};

    bindings::export!(Visits with_types_in bindings);
}
