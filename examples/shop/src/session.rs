//! Sessions with Rust's own types: what is stored is JSON, by serde. A module to copy into an application of your own.

use std::cell::OnceCell;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::drsession::session::session::{Options, Session as Handle, Store};
use crate::bindings::drsession::session::types::{self, Operation, Swap};
use crate::settings::Settings;

/// Why a call on a session failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// drsession said so.
    #[error("{0:?}")]
    Session(types::Error),
    /// What the field holds is of another shape than the type asked for.
    #[error("the field {field:?} can't be read: {cause}")]
    Shape { field: String, cause: serde_json::Error },
    /// The value has no form in JSON.
    #[error("the field {field:?} can't be written: {cause}")]
    Value { field: String, cause: serde_json::Error },
}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        Self::Session(error)
    }
}

thread_local! {
    /// Where a host uses one instance for several requests, this keeps the connection for the next one.
    static STORE: OnceCell<Store> = const { OnceCell::new() };
}

/// One visitor's session: named fields, each of them stored when the call returns.
pub(crate) struct Session(Handle);

impl Session {
    /// The session that a request's `Cookie` headers name, or else a new one. Nothing is asked of Redis yet.
    pub(crate) fn from_cookie(headers: &[Vec<u8>]) -> Result<Self, Error> {
        STORE.with(|store| {
            let store = match store.get() {
                Some(store) => store,
                None => {
                    let opened = open()?;
                    store.get_or_init(|| opened)
                }
            };
            Ok(Self(store.from_cookie(headers)))
        })
    }

    /// The field's value; none where there is no such field.
    pub(crate) fn get<T: DeserializeOwned>(&self, field: &str) -> Result<Option<T>, Error> {
        self.0.get(field)?.map(|json| parse(field, &json)).transpose()
    }

    /// Changes a field and loses nobody's change: where somebody else was faster, `change` sees what they have stored, and
    /// is asked again. An absent field begins as the type's default.
    pub(crate) fn change<T, E>(&self, field: &str, mut change: impl FnMut(&mut T) -> Result<(), E>) -> Result<T, E>
    where
        T: Default + DeserializeOwned + Serialize,
        E: From<Error>,
    {
        let mut stored = self.0.get(field).map_err(Error::from)?;
        loop {
            let mut value = match &stored {
                Some(json) => parse(field, json)?,
                None => T::default(),
            };
            change(&mut value)?;
            let json = write(field, &value)?;
            match self.0.compare_and_set(field, stored.as_deref(), Some(&json)).map_err(Error::from)? {
                Swap::Stored => return Ok(value),
                Swap::Conflict(now) => stored = now,
            }
        }
    }

    /// Adds to a counter, and returns its new value.
    pub(crate) fn increment(&self, field: &str, by: i64) -> Result<i64, Error> {
        Ok(self.0.increment(field, by)?)
    }

    /// Moves the session to a new id and sets a field, in one step: for every change of privilege.
    ///
    /// Where the session has just ended or moved, by another request, a new one takes its place.
    pub(crate) fn rotate_with<T: Serialize>(&self, field: &str, value: &T) -> Result<(), Error> {
        let writes = [Operation::Set((field.to_owned(), write(field, value)?))];
        match self.0.rotate(&writes) {
            Err(types::Error::Gone | types::Error::Rotated) => {
                self.0.restart()?;
                Ok(self.0.rotate(&writes)?)
            }
            answer => Ok(answer?),
        }
    }

    /// Ends the session, for every handle on it.
    pub(crate) fn destroy(&self) -> Result<(), Error> {
        Ok(self.0.destroy()?)
    }

    /// Seconds until the session expires; none: never.
    pub(crate) fn seconds_left(&self) -> Result<Option<u32>, Error> {
        Ok(self.0.ttl()?)
    }

    /// The headers that the response needs. To be asked for last.
    pub(crate) fn response_headers(&self) -> Vec<(String, String)> {
        self.0.response_headers()
    }
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

fn parse<T: DeserializeOwned>(field: &str, json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|cause| Error::Shape { field: field.to_owned(), cause })
}

fn write<T: Serialize>(field: &str, value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|cause| Error::Value { field: field.to_owned(), cause })
}
