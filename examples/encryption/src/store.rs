//! The store, which knows the keys besides.

use std::rc::Rc;

use wasip2::cli::environment::get_environment;

use crate::bindings::drsession::session::session as inner;
use crate::bindings::drsession::session::types::Error;
use crate::bindings::exports::drsession::session::session::{self as outer, GuestStore, OptionsBorrow};
use crate::cipher::Cipher;
use crate::options::Options;
use crate::session::Session;

/// The environment variable that holds the keys.
const VARIABLE: &str = "SESSION_KEYS";

pub(crate) struct Store {
    inner: inner::Store,
    cipher: Rc<Cipher>,
}

impl Store {
    fn session(&self, inner: inner::Session) -> outer::Session {
        outer::Session::new(Session::new(inner, self.cipher.clone()))
    }
}

impl GuestStore for Store {
    fn open(options: OptionsBorrow<'_>) -> Result<outer::Store, Error> {
        let keys = get_environment().into_iter().find(|(name, _)| name == VARIABLE).map(|(_, keys)| keys);
        let keys = keys.ok_or_else(|| Error::InvalidArgument(format!("{VARIABLE} is not set")))?;
        let cipher = Cipher::parse(&keys).ok_or_else(|| {
            Error::InvalidArgument(format!("{VARIABLE} is not a list of keys of 128 hexadecimal digits"))
        })?;
        let inner = inner::Store::open(&options.get::<Options>().0)?;
        Ok(outer::Store::new(Self { inner, cipher: Rc::new(cipher) }))
    }

    fn start(&self) -> outer::Session {
        self.session(self.inner.start())
    }

    fn attach(&self, id: String) -> Result<outer::Session, Error> {
        Ok(self.session(self.inner.attach(&id)?))
    }

    fn from_cookie(&self, headers: Vec<Vec<u8>>) -> outer::Session {
        self.session(self.inner.from_cookie(&headers))
    }

    fn check(&self) -> Result<(), Error> {
        self.inner.check()
    }
}
