//! Where the shop's sessions are kept.

use std::cell::OnceCell;

use crate::bindings::drsession::session::session::{Options, Store};
use crate::session::{Error, Session};
use crate::settings::Settings;

thread_local! {
    /// Where a host uses one instance for several requests, this keeps the connection for the next one.
    static STORE: OnceCell<Store> = const { OnceCell::new() };
}

/// The session that a request's `Cookie` headers name, or else a new one.
pub(crate) fn session(cookie_headers: &[Vec<u8>]) -> Result<Session, Error> {
    STORE.with(|store| {
        let store = match store.get() {
            Some(store) => store,
            None => {
                let opened = open()?;
                store.get_or_init(|| opened)
            }
        };
        Ok(Session::from_cookie(store, cookie_headers))
    })
}

fn open() -> Result<Store, Error> {
    let settings = Settings::read();
    let options = Options::new(&settings.redis_url);
    if settings.insecure_cookie {
        options.set_cookie_name("id");
        options.set_cookie_secure(false);
    }
    options.set_cookie_persistent(settings.persistent_cookie);
    Ok(Store::open(&options)?)
}
