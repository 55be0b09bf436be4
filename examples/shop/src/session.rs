//! Sessions with Rust's own types: what is stored is JSON, by serde. Every call is one round trip, and what it writes is
//! stored when it returns. A module to copy into an application of your own.

#![allow(dead_code, reason = "no application needs all of it")]

use std::any::type_name;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::drsession::session::session::{Session as Handle, Store};
use crate::bindings::drsession::session::types::{self, Operation, Outcome, Swap};

/// Why a call on a session failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// drsession said so.
    #[error("{0:?}")]
    Session(types::Error),
    /// What the field holds is of another shape than the type asked for. (What serde says of it may quote the value.)
    #[error("the field {field:?} holds no {wanted}")]
    Shape { field: String, wanted: &'static str },
    /// The value has no form in JSON.
    #[error("what the field {field:?} was to hold has no form in JSON")]
    Value { field: String },
}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        Self::Session(error)
    }
}

/// One visitor's session: named fields, each of them stored when the call returns.
pub(crate) struct Session(Handle);

impl Session {
    /// The session that a request's `Cookie` headers name, or else a new one. Nothing is asked of Redis yet.
    pub(crate) fn from_cookie(store: &Store, headers: &[Vec<u8>]) -> Self {
        Self(store.from_cookie(headers))
    }

    /// The session with this id, for those who carry ids by other ways than cookies.
    pub(crate) fn attach(store: &Store, id: &str) -> Result<Self, Error> {
        Ok(Self(store.attach(id)?))
    }

    /// The field's value; none where there is no such field.
    pub(crate) fn get<T: DeserializeOwned>(&self, field: &str) -> Result<Option<T>, Error> {
        self.0.get(field)?.map(|json| parse(field, &json)).transpose()
    }

    /// Several fields of one type, in the order asked for.
    pub(crate) fn get_many<T: DeserializeOwned>(&self, fields: &[String]) -> Result<Vec<Option<T>>, Error> {
        let values = self.0.get_many(fields)?;
        let read = |(field, json): (&String, Option<String>)| json.map(|json| parse(field, &json)).transpose();
        fields.iter().zip(values).map(read).collect()
    }

    /// Whether the field is there.
    pub(crate) fn contains(&self, field: &str) -> Result<bool, Error> {
        Ok(self.0.contains(field)?)
    }

    /// How many fields there are.
    pub(crate) fn len(&self) -> Result<u32, Error> {
        Ok(self.0.len()?)
    }

    /// The fields' names.
    pub(crate) fn keys(&self) -> Result<Vec<String>, Error> {
        Ok(self.0.keys()?)
    }

    /// The fields with their values, where all are of one type (such as `serde_json::Value`).
    pub(crate) fn items<T: DeserializeOwned>(&self) -> Result<Vec<(String, T)>, Error> {
        let read = |(field, json): (String, String)| {
            let value = parse(&field, &json)?;
            Ok((field, value))
        };
        self.0.items()?.into_iter().map(read).collect()
    }

    /// Stores the field.
    pub(crate) fn set<T: Serialize + ?Sized>(&self, field: &str, value: &T) -> Result<(), Error> {
        Ok(self.0.set(field, &write(field, value)?)?)
    }

    /// Stores several fields: all of them or none.
    pub(crate) fn update<T: Serialize>(&self, items: &[(String, T)]) -> Result<(), Error> {
        let write = |(field, value): &(String, T)| Ok((field.clone(), write(field, value)?));
        Ok(self.0.update(&items.iter().map(write).collect::<Result<Vec<_>, Error>>()?)?)
    }

    /// The field's value; where there is none, this one, which is stored.
    pub(crate) fn get_or_insert<T: DeserializeOwned + Serialize>(&self, field: &str, value: T) -> Result<T, Error> {
        let set = Operation::SetIfAbsent((field.to_owned(), write(field, &value)?));
        let outcomes = self.0.apply(&[set, Operation::Get(field.to_owned())])?;
        match outcomes.last() {
            Some(Outcome::Text(Some(stored))) => parse(field, stored),
            _ => Ok(value),
        }
    }

    /// Removes the field; true where it was there.
    pub(crate) fn delete(&self, field: &str) -> Result<bool, Error> {
        Ok(self.0.delete(field)?)
    }

    /// Reads and removes the field in one step.
    pub(crate) fn pop<T: DeserializeOwned>(&self, field: &str) -> Result<Option<T>, Error> {
        self.0.pop(field)?.map(|json| parse(field, &json)).transpose()
    }

    /// Removes every field. The session lives on.
    pub(crate) fn clear(&self) -> Result<(), Error> {
        Ok(self.0.clear()?)
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

    /// The same for numbers with a fraction.
    pub(crate) fn increment_float(&self, field: &str, by: f64) -> Result<f64, Error> {
        Ok(self.0.increment_float(field, by)?)
    }

    /// Moves the session to a new id.
    pub(crate) fn rotate(&self) -> Result<(), Error> {
        Ok(self.0.rotate(&[])?)
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

    /// Leaves this session as it is: from now on this is a new one.
    pub(crate) fn restart(&self) -> Result<(), Error> {
        Ok(self.0.restart()?)
    }

    /// Renews the idle lifetime.
    pub(crate) fn touch(&self) -> Result<(), Error> {
        Ok(self.0.touch()?)
    }

    /// The session's id; none as long as it isn't known.
    pub(crate) fn id(&self) -> Option<String> {
        self.0.id()
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

fn parse<T: DeserializeOwned>(field: &str, json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|_| Error::Shape { field: field.to_owned(), wanted: type_name::<T>() })
}

fn write<T: Serialize + ?Sized>(field: &str, value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Value { field: field.to_owned() })
}
