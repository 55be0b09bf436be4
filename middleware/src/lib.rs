//! HTTP middleware that gives the application behind it the visitor's session.
//!
//! The steps of one request:
//!
//! 1. `Middleware::handle` opens the session that the cookie names.
//! 2. `forward::request` rebuilds the request for the application, with a token in place of the cookie.
//! 3. The application responds.
//! 4. `forward::response` adds the session's headers. They are asked for last, because until then calls can change the
//!    cookie.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "native builds contain only the unit tests"))]

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
    /// Shared by all requests of this instance, and with it the connection to Redis.
    static MIDDLEWARE: Result<Rc<Middleware>, SettingsError> =
        Middleware::open(&Environment::new(get_environment())).map(Rc::new);
}

struct Component;

impl Guest for Component {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        match MIDDLEWARE.with(Clone::clone) {
            Ok(middleware) => middleware.handle(request).await,
            // Wrong settings are for the operator: the host logs the text, and the client gets 500.
            Err(error) => Err(ErrorCode::InternalError(Some(format!("drsession-middleware: {error}")))),
        }
    }
}

/// The component's exports. Native linkers reject their names.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, unreachable_pub, reason = "generated")]
mod export {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
