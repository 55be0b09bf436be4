//! Sessions whose values are MessagePack: smaller than JSON, and with bytes among its types. Counters stay what they are.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::drsession::session::session::{Session as Handle, Store};
use crate::bindings::drsession::session::types;

/// Why a call on a session failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// drsession said so.
    #[error("{0:?}")]
    Session(types::Error),
    /// What the field holds is not MessagePack, or of another shape than the type asked for.
    #[error("the field {0:?} holds something else")]
    Shape(String),
    /// The value has no form in MessagePack.
    #[error("what the field {0:?} was to hold has no form in MessagePack")]
    Value(String),
}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        Self::Session(error)
    }
}

/// One visitor's session.
pub(crate) struct Session(Handle);

impl Session {
    /// The session that a request's `Cookie` headers name, or else a new one.
    pub(crate) fn from_cookie(store: &Store, headers: &[Vec<u8>]) -> Self {
        Self(store.from_cookie(headers))
    }

    /// The field's value; none where there is no such field.
    pub(crate) fn get<T: DeserializeOwned>(&self, field: &str) -> Result<Option<T>, Error> {
        let parse = |bytes: Vec<u8>| rmp_serde::from_slice(&bytes).map_err(|_| Error::Shape(field.to_owned()));
        self.0.get_bytes(field)?.map(parse).transpose()
    }

    /// Stores the field. Records are maps with names, as other languages expect them.
    pub(crate) fn set<T: Serialize + ?Sized>(&self, field: &str, value: &T) -> Result<(), Error> {
        let bytes = rmp_serde::to_vec_named(value).map_err(|_| Error::Value(field.to_owned()))?;
        Ok(self.0.set_bytes(field, &bytes)?)
    }

    /// Adds to a counter, which Redis keeps as digits, and returns its new value.
    pub(crate) fn increment(&self, field: &str, by: i64) -> Result<i64, Error> {
        Ok(self.0.increment(field, by)?)
    }

    /// The headers that the response needs. To be asked for last.
    pub(crate) fn response_headers(&self) -> Vec<(String, String)> {
        self.0.response_headers()
    }
}
