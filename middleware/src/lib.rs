//! HTTP middleware that gives the application behind it the visitor's session.
//!
//! The way of one request: `Middleware::handle` reads the cookie → `forward` makes the request that the application gets, with
//! a token in place of the cookie → the application answers → `forward` adds the session's headers, asked for last.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively, there are only the unit tests"))]

mod answer;
mod bindings;
mod cookies;
mod environment;
mod forward;
mod headers;
mod log;
mod middleware;
mod origin;
mod settings;

use std::rc::Rc;

use crate::bindings::exports::wasi::http::handler::Guest;
use crate::bindings::wasi::cli::environment::get_environment;
use crate::bindings::wasi::http::types::{ErrorCode, Request, Response};
use crate::environment::{Environment, SettingsError};
use crate::middleware::Middleware;

thread_local! {
    /// One for all requests of this instance: they share its connection to Redis.
    static MIDDLEWARE: Result<Rc<Middleware>, SettingsError> =
        Middleware::open(&Environment::new(get_environment())).map(Rc::new);
}

struct Component;

impl Guest for Component {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        match MIDDLEWARE.with(Clone::clone) {
            Ok(middleware) => middleware.handle(request).await,
            // The operator's matter: the host writes it to its log, and the client gets 500.
            Err(error) => Err(ErrorCode::InternalError(Some(format!("drsession-middleware: {error}")))),
        }
    }
}

/// What the host calls. Such names are none that a native linker takes.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, unreachable_pub, reason = "generated")]
mod export {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
