//! A session whose values are encrypted on their way in and decrypted on their way out.

use std::cell::RefCell;
use std::rc::Rc;

use serde::de::IgnoredAny;

use crate::bindings::drsession::session::session as inner;
use crate::bindings::drsession::session::types::{Error, Found, Operation, Outcome, Swap};
use crate::bindings::exports::drsession::session::session::GuestSession;
use crate::cipher::{Cipher, Place};
use crate::operations;

pub(crate) struct Session {
    inner: inner::Session,
    cipher: Rc<Cipher>,
    /// Ids that this handle has rotated away from, as long as some value may still be bound to one.
    former_ids: RefCell<Vec<String>>,
}

/// The values of a session whose id is known.
pub(crate) struct Values<'a> {
    cipher: &'a Cipher,
    id: String,
    former_ids: Vec<String>,
}

impl Session {
    pub(crate) fn new(inner: inner::Session, cipher: Rc<Cipher>) -> Self {
        Self { inner, cipher, former_ids: RefCell::default() }
    }

    /// The values, bound to the id. A handle that a cookie has led to, and that has not been used yet, has to ask whether its session is there.
    fn bound(&self) -> Result<Values<'_>, Error> {
        if self.inner.id().is_none() {
            self.inner.found()?;
        }
        let id = self.inner.id().ok_or_else(|| Error::Other("a session without an id".to_owned()))?;
        Ok(Values { cipher: &self.cipher, id, former_ids: self.former_ids.borrow().clone() })
    }

    /// Encrypts every value anew under the present id. What is not encrypted stays as it is.
    fn rebind(&self) -> Result<(), Error> {
        let values = self.bound()?;
        let mut writes = Vec::new();
        for (name, stored) in self.inner.items_bytes()? {
            let Ok(field) = String::from_utf8(name) else { continue };
            if let Ok(value) = values.decrypt(&field, &stored) {
                let encrypted = values.encrypt(&field, &value);
                writes.push(Operation::Set((field, encrypted)));
            }
        }
        self.inner.apply(&writes)?;
        Ok(())
    }
}

impl Values<'_> {
    pub(crate) fn encrypt(&self, field: &str, value: &[u8]) -> String {
        self.cipher.encrypt(Place { id: &self.id, field }, value)
    }

    pub(crate) fn encrypt_json(&self, field: &str, json: &str) -> Result<String, Error> {
        match serde_json::from_str::<IgnoredAny>(json) {
            Ok(_) => Ok(self.encrypt(field, json.as_bytes())),
            Err(_) => Err(Error::InvalidArgument("the value is not JSON".to_owned())),
        }
    }

    pub(crate) fn decrypt(&self, field: &str, stored: &[u8]) -> Result<Vec<u8>, Error> {
        let mut ids = std::iter::once(&self.id).chain(&self.former_ids);
        let value = ids.find_map(|id| self.cipher.decrypt(Place { id, field }, stored));
        value.ok_or_else(|| Error::Corrupt(field.to_owned()))
    }

    pub(crate) fn decrypt_text(&self, field: &str, stored: &str) -> Result<String, Error> {
        String::from_utf8(self.decrypt(field, stored.as_bytes())?).map_err(|_| Error::Corrupt(field.to_owned()))
    }
}

impl GuestSession for Session {
    fn id(&self) -> Option<String> {
        self.inner.id()
    }

    fn log_id(&self) -> Option<String> {
        self.inner.log_id()
    }

    fn found(&self) -> Result<Found, Error> {
        self.inner.found()
    }

    fn response_headers(&self) -> Vec<(String, String)> {
        self.inner.response_headers()
    }

    fn set_renewing(&self, on: bool) {
        self.inner.set_renewing(on);
    }

    fn get(&self, key: String) -> Result<Option<String>, Error> {
        match self.inner.get(&key)? {
            Some(stored) => Ok(Some(self.bound()?.decrypt_text(&key, &stored)?)),
            None => Ok(None),
        }
    }

    fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<String>>, Error> {
        let all = self.inner.get_many(&keys)?;
        let values = self.bound()?;
        let decrypt =
            |(key, stored): (&String, Option<String>)| stored.map(|text| values.decrypt_text(key, &text)).transpose();
        keys.iter().zip(all).map(decrypt).collect()
    }

    fn contains(&self, key: String) -> Result<bool, Error> {
        self.inner.contains(&key)
    }

    fn len(&self) -> Result<u32, Error> {
        self.inner.len()
    }

    fn keys(&self) -> Result<Vec<String>, Error> {
        self.inner.keys()
    }

    fn values(&self) -> Result<Vec<String>, Error> {
        Ok(self.items()?.into_iter().map(|(_, value)| value).collect())
    }

    fn items(&self) -> Result<Vec<(String, String)>, Error> {
        let items = self.inner.items()?;
        let values = self.bound()?;
        let decrypt = |(field, stored): (String, String)| {
            let value = values.decrypt_text(&field, &stored)?;
            Ok((field, value))
        };
        items.into_iter().map(decrypt).collect()
    }

    fn set(&self, key: String, json: String) -> Result<(), Error> {
        let encrypted = self.bound()?.encrypt_json(&key, &json)?;
        self.inner.set(&key, &encrypted)
    }

    fn update(&self, items: Vec<(String, String)>) -> Result<(), Error> {
        let values = self.bound()?;
        let encrypt = |(field, json): (String, String)| {
            let encrypted = values.encrypt_json(&field, &json)?;
            Ok((field, encrypted))
        };
        self.inner.update(&items.into_iter().map(encrypt).collect::<Result<Vec<_>, _>>()?)
    }

    fn set_if_absent(&self, key: String, json: String) -> Result<bool, Error> {
        let encrypted = self.bound()?.encrypt_json(&key, &json)?;
        self.inner.set_if_absent(&key, &encrypted)
    }

    fn compare_and_set(&self, key: String, expected: Option<String>, json: Option<String>) -> Result<Swap, Error> {
        match self.apply(vec![Operation::CompareAndSet((key, expected, json))])?.pop() {
            Some(Outcome::Swap(swap)) => Ok(swap),
            _ => Err(Error::Other("a compare-and-set without an outcome".to_owned())),
        }
    }

    fn delete(&self, key: String) -> Result<bool, Error> {
        self.inner.delete(&key)
    }

    fn pop(&self, key: String) -> Result<Option<String>, Error> {
        match self.inner.pop(&key)? {
            Some(stored) => Ok(Some(self.bound()?.decrypt_text(&key, &stored)?)),
            None => Ok(None),
        }
    }

    fn increment(&self, _: String, _: i64) -> Result<i64, Error> {
        Err(operations::no_counters())
    }

    fn increment_float(&self, _: String, _: f64) -> Result<f64, Error> {
        Err(operations::no_counters())
    }

    fn apply(&self, operations: Vec<Operation>) -> Result<Vec<Outcome>, Error> {
        let values = self.bound()?;
        let mut stored = vec![None; operations.len()];
        loop {
            let steps = operations.iter().zip(&stored);
            let steps = steps.map(|(operation, stored)| operations::encrypted(&values, operation, stored.as_ref()));
            let outcomes = self.inner.apply(&steps.collect::<Result<Vec<_>, _>>()?)?;

            // A conflict with just what was expected: it was encrypted by a former key, or is bound to a former id.
            let last = outcomes.len().wrapping_sub(1);
            if let Some(Outcome::Swap(Swap::Conflict(Some(text)))) = outcomes.last()
                && let Operation::CompareAndSet((field, Some(expected), _)) = &operations[last]
                && values.decrypt_text(field, text)? == *expected
            {
                stored[last] = Some(text.clone());
                continue;
            }
            let pairs = operations.iter().zip(outcomes);
            return pairs.map(|(operation, outcome)| operations::decrypted(&values, operation, outcome)).collect();
        }
    }

    fn get_bytes(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        match self.inner.get(&key)? {
            Some(stored) => Ok(Some(self.bound()?.decrypt(&key, stored.as_bytes())?)),
            None => Ok(None),
        }
    }

    fn set_bytes(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        let encrypted = self.bound()?.encrypt(&key, &value);
        self.inner.set(&key, &encrypted)
    }

    fn items_bytes(&self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error> {
        let items = self.inner.items_bytes()?;
        let values = self.bound()?;
        let decrypt = |(name, stored): (Vec<u8>, Vec<u8>)| {
            let value = values.decrypt(&String::from_utf8_lossy(&name), &stored)?;
            Ok((name, value))
        };
        items.into_iter().map(decrypt).collect()
    }

    fn clear(&self) -> Result<(), Error> {
        self.inner.clear()
    }

    fn destroy(&self) -> Result<(), Error> {
        self.inner.destroy()
    }

    /// Moves the session, and encrypts its values anew, since they are bound to the id. In between nobody comes upon them: nobody
    /// knows the new id yet.
    fn rotate(&self, writes: Vec<Operation>) -> Result<(), Error> {
        let values = self.bound()?;
        let writes = writes.iter().map(|write| operations::encrypted(&values, write, None));
        let writes = writes.collect::<Result<Vec<_>, _>>()?;
        // From here on, whatever fails: called again, this ends what was begun.
        self.former_ids.borrow_mut().push(values.id);
        self.inner.rotate(&writes)?;
        self.rebind()?;
        self.former_ids.borrow_mut().clear();
        Ok(())
    }

    fn restart(&self) -> Result<(), Error> {
        self.inner.restart()?;
        self.former_ids.borrow_mut().clear();
        Ok(())
    }

    fn touch(&self) -> Result<(), Error> {
        self.inner.touch()
    }

    fn ttl(&self) -> Result<Option<u32>, Error> {
        self.inner.ttl()
    }

    fn set_lifetime(&self, idle: Option<u32>, absolute: Option<u32>) -> Result<(), Error> {
        self.inner.set_lifetime(idle, absolute)
    }
}
