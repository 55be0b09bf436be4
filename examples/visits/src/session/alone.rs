//! The session, without the middleware: the application reads and sets the cookie itself.

use crate::bindings::drsession::session::session_async::{Options, Session, Store};
use crate::bindings::drsession::session::types::Error;
use crate::bindings::wasi::cli::environment::get_environment;
use crate::bindings::wasi::http::types::Request;

thread_local! {
    /// One for all requests of this instance: they share its connection.
    static STORE: Result<Store, Error> = open();
}

fn open() -> Result<Store, Error> {
    let url = get_environment().into_iter().find(|(name, _)| name == "REDIS_URL").map(|(_, url)| url);
    let url = url.ok_or_else(|| Error::InvalidArgument("REDIS_URL is not set".to_owned()))?;
    Store::open(&Options::new(&url))
}

/// The session that the cookies name, or a new one. Nothing is asked of Redis yet.
pub(crate) fn of(request: &Request) -> Result<Option<Session>, Error> {
    let cookies = request.get_headers().get("cookie");
    STORE.with(|store| Ok(Some(store.as_ref().map_err(Clone::clone)?.from_cookie(&cookies))))
}

/// The cookie, where it changes.
pub(crate) fn headers(session: &Session) -> Vec<(String, String)> {
    session.response_headers()
}
