//! The session, behind the middleware: a token stands for it.

use crate::bindings::drsession::session::request::current;
use crate::bindings::drsession::session::session_async::Session;
use crate::bindings::drsession::session::types::Error;
use crate::bindings::wasi::http::types::Request;

/// The request's session; none where the middleware gave it none.
pub(crate) fn of(request: &Request) -> Result<Option<Session>, Error> {
    let tokens = request.get_headers().get("drsession-token");
    Ok(tokens.first().and_then(|token| str::from_utf8(token).ok()).and_then(current))
}

/// The cookie is the middleware's matter.
pub(crate) fn headers(_: &Session) -> Vec<(String, String)> {
    Vec::new()
}
