//! The contract's calls: each as the steps it takes, and what their outcomes mean to the caller.

use super::{
    Session,
    call::Answer,
    handle::{CookieChange, Found, Standing},
    perform::{lived, outcomes},
    rotate,
    step::{self, Outcome, Step, Swap},
};
use crate::{error::Error, id, options::Lifetime, redis::Host};
use bytes::Bytes;

/// What each call does is said in `wit/session.wit`.
#[expect(clippy::len_without_is_empty, reason = "the contract has no such call")]
impl<H: Host> Session<H> {
    /// The id, where it is known.
    pub fn id(&self) -> Option<String> {
        let handle = self.handle.borrow();
        handle.is_decided().then(|| handle.key.id().as_str().into())
    }

    /// What stands for the id in logs.
    pub fn log_id(&self) -> Option<String> {
        let handle = self.handle.borrow();
        handle.is_decided().then(|| handle.key.id().for_logs())
    }

    /// What the cookie led to.
    pub async fn found(&self) -> Result<Found, Error> {
        let known = || self.handle.borrow().found;
        if let Some(found) = known() {
            return Ok(found);
        }
        if self.shared.settings.guard {
            self.perform(&[], None).await.and_then(lived)?;
        } else {
            self.find_unguarded().await?;
        }
        Ok(known().unwrap_or(Found::Alive))
    }

    /// What the response needs.
    pub fn response_headers(&self) -> Vec<(String, String)> {
        let mut handle = self.handle.borrow_mut();
        let cookie = &self.shared.settings.cookie;
        let mut headers: Vec<(String, String)> = Vec::new();
        if let Some(headers) = &handle.headers {
            return headers.clone();
        }
        let mut add = |name: &str, value: String| headers.push((name.into(), value));
        match handle.change {
            CookieChange::None => {}
            CookieChange::Set(id) => {
                add("set-cookie", cookie.set(&id));
                if handle.former_name.is_some() {
                    add("set-cookie", cookie.remove(handle.former_name));
                }
            }
            CookieChange::Remove => add("set-cookie", cookie.remove(handle.former_name)),
        }
        if !headers.is_empty() {
            headers.push(("cache-control".into(), "no-store".into()));
            headers.push(("vary".into(), "Cookie".into()));
        }
        handle.headers = Some(headers.clone());
        headers
    }

    /// Whether the first call renews the idle lifetime.
    pub fn set_renewing(&self, on: bool) {
        self.handle.borrow_mut().renewing = on;
    }

    /// The field's text.
    pub async fn get(&self, key: &str) -> Result<Option<String>, Error> {
        self.get_bytes(key).await?.map(|bytes| text(bytes, key)).transpose()
    }

    /// Several fields' texts.
    pub async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<String>>, Error> {
        let steps: Vec<Step> = keys.iter().map(|key| Step::Get(key)).collect();
        let outcomes = self.all(&steps).await?;
        let texts = keys.iter().zip(outcomes).map(|(key, outcome)| match outcome {
            Outcome::Value(Some(bytes)) => text(bytes, key).map(Some),
            _ => Ok(None),
        });
        texts.collect()
    }

    /// Whether the field is there.
    pub async fn contains(&self, key: &str) -> Result<bool, Error> {
        self.flag(Step::Contains(key)).await
    }

    /// How many fields there are.
    pub async fn len(&self) -> Result<u32, Error> {
        match self.one(Step::Len).await? {
            Outcome::Integer(length) => Ok(u32::try_from(length).unwrap_or(u32::MAX)),
            _ => Err(mismatch()),
        }
    }

    /// The fields' names.
    pub async fn keys(&self) -> Result<Vec<String>, Error> {
        match self.one(Step::Keys).await? {
            Outcome::Keys(names) => names.into_iter().map(name).collect(),
            _ => Err(mismatch()),
        }
    }

    /// The fields' values.
    pub async fn values(&self) -> Result<Vec<String>, Error> {
        let items = self.items_bytes().await?;
        items.into_iter().map(|(name, value)| text(value, &String::from_utf8_lossy(&name))).collect()
    }

    /// The fields with their values.
    pub async fn items(&self) -> Result<Vec<(String, String)>, Error> {
        let items = self.items_bytes().await?;
        let items = items.into_iter().map(|(key, value)| {
            let key = name(key)?;
            let value = text(value, &key)?;
            Ok((key, value))
        });
        items.collect()
    }

    /// Stores JSON.
    pub async fn set(&self, key: &str, json: &str) -> Result<(), Error> {
        step::check_json(json)?;
        self.set_bytes(key, json.as_bytes()).await
    }

    /// Stores several fields.
    pub async fn update(&self, items: &[(String, String)]) -> Result<(), Error> {
        for (_, json) in items {
            step::check_json(json)?;
        }
        let steps: Vec<Step> = items.iter().map(|(key, json)| Step::Set(key, json.as_bytes())).collect();
        self.all(&steps).await.map(drop)
    }

    /// Stores JSON where nothing is stored.
    pub async fn set_if_absent(&self, key: &str, json: &str) -> Result<bool, Error> {
        step::check_json(json)?;
        self.flag(Step::SetIfAbsent(key, json.as_bytes())).await
    }

    /// Stores or deletes if what is stored is what is expected.
    pub async fn compare_and_set(&self, key: &str, expected: Option<&str>, json: Option<&str>) -> Result<Swap, Error> {
        json.map_or(Ok(()), step::check_json)?;
        let step =
            Step::CompareAndSet { field: key, expected: expected.map(str::as_bytes), value: json.map(str::as_bytes) };
        match self.one(step).await? {
            Outcome::Swap(swap) => Ok(swap),
            _ => Err(mismatch()),
        }
    }

    /// Removes the field.
    pub async fn delete(&self, key: &str) -> Result<bool, Error> {
        self.flag(Step::Delete(key)).await
    }

    /// Reads and removes the field.
    pub async fn pop(&self, key: &str) -> Result<Option<String>, Error> {
        let value = self.value(Step::Pop(key)).await?;
        value.map(|bytes| text(bytes, key)).transpose()
    }

    /// Adds to a counter.
    pub async fn increment(&self, key: &str, by: i64) -> Result<i64, Error> {
        match self.one(Step::Increment(key, by)).await? {
            Outcome::Integer(number) => Ok(number),
            _ => Err(mismatch()),
        }
    }

    /// Adds to a counter with a fraction.
    pub async fn increment_float(&self, key: &str, by: f64) -> Result<f64, Error> {
        match self.one(Step::IncrementFloat(key, by)).await? {
            Outcome::Number(number) => Ok(number),
            _ => Err(mismatch()),
        }
    }

    /// Performs several steps; the outcomes end at a comparison that conflicts.
    pub async fn apply(&self, steps: &[Step<'_>]) -> Result<Vec<Outcome>, Error> {
        self.all(steps).await
    }

    /// The field's bytes.
    pub async fn get_bytes(&self, key: &str) -> Result<Option<Bytes>, Error> {
        self.value(Step::Get(key)).await
    }

    /// Stores bytes.
    pub async fn set_bytes(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        self.one(Step::Set(key, value)).await.map(drop)
    }

    /// Names and values as they are stored.
    pub async fn items_bytes(&self) -> Result<Vec<(Bytes, Bytes)>, Error> {
        match self.one(Step::Items).await? {
            Outcome::Items(items) => Ok(items),
            _ => Err(mismatch()),
        }
    }

    /// Removes every field.
    pub async fn clear(&self) -> Result<(), Error> {
        self.one(Step::Clear).await.map(drop)
    }

    /// Ends the session.
    pub async fn destroy(&self) -> Result<(), Error> {
        let (key, token) = {
            let mut handle = self.handle.borrow_mut();
            let fresh = || id::token(self.shared.client.host().random());
            (handle.key.clone(), handle.token.get_or_insert_with(fresh).clone())
        };
        let told = match self.perform(&[Step::Destroy(&token)], None).await {
            Ok(Answer::Gone(ended_by)) if ended_by != token => return Ok(()),
            Ok(Answer::Done(_) | Answer::Gone(_)) => Ok(()),
            Err(Error::NotReplicated(count)) => Err(Error::NotReplicated(count)),
            Ok(_) | Err(Error::Gone) => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut handle = self.handle.borrow_mut();
        // A session that was never stored has no cookie to remove, and a login that came meanwhile has one to keep.
        if handle.standing == Standing::Established && handle.key == key {
            handle.destroyed();
        }
        told
    }

    /// Moves the session to a new id.
    pub async fn rotate(&self, writes: &[Step<'_>]) -> Result<(), Error> {
        rotate::check(writes)?;
        step::check(writes)?;
        self.handle.borrow().check_not_too_late()?;
        let standing = self.handle.borrow().standing;
        if standing != (Standing::Fresh { unanswered: 0 }) {
            let moved = self.move_to_new_id(writes).await?;
            if moved {
                return Ok(());
            }
        }
        // Nothing is stored, so there is nothing to move.
        {
            let mut handle = self.handle.borrow_mut();
            let pending = handle.pending_lifetime;
            handle.begin_anew(self.shared.new_key());
            handle.pending_lifetime = pending;
        }
        if writes.iter().any(Step::creates) {
            self.perform(writes, None).await?;
        }
        Ok(())
    }

    /// Turns away from this session.
    pub fn restart(&self) -> Result<(), Error> {
        let mut handle = self.handle.borrow_mut();
        handle.check_not_too_late()?;
        handle.begin_anew(self.shared.new_key());
        Ok(())
    }

    /// Renews the idle lifetime.
    pub async fn touch(&self) -> Result<(), Error> {
        if !self.shared.settings.guard {
            return Ok(());
        }
        self.perform(&[], Some(true)).await.and_then(lived)
    }

    /// Seconds until the session expires.
    pub async fn ttl(&self) -> Result<Option<u32>, Error> {
        let answer = self.perform(&[Step::Ttl], Some(false)).await?;
        match outcomes(answer)?.pop() {
            Some(Outcome::Expiry(milliseconds)) => {
                Ok(milliseconds.map(|milliseconds| u32::try_from(milliseconds.div_ceil(1000)).unwrap_or(u32::MAX)))
            }
            _ => Err(mismatch()),
        }
    }

    /// Gives the session lifetimes of its own.
    pub async fn set_lifetime(&self, idle: Option<u32>, absolute: Option<u32>) -> Result<(), Error> {
        let lifetime = Lifetime::new(idle, absolute)?;
        if !self.shared.settings.guard {
            return if lifetime.is_endless() {
                Ok(())
            } else {
                Err(Error::invalid("without the guard nothing expires: both lifetimes have to be none"))
            };
        }
        self.one(Step::SetLifetime(lifetime)).await.map(drop)
    }

    async fn one(&self, step: Step<'_>) -> Result<Outcome, Error> {
        let answer = self.perform(&[step], None).await?;
        outcomes(answer)?.pop().ok_or_else(mismatch)
    }

    /// Empty lists cost nothing.
    async fn all(&self, steps: &[Step<'_>]) -> Result<Vec<Outcome>, Error> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        outcomes(self.perform(steps, None).await?)
    }

    async fn flag(&self, step: Step<'_>) -> Result<bool, Error> {
        match self.one(step).await? {
            Outcome::Flag(flag) => Ok(flag),
            _ => Err(mismatch()),
        }
    }

    async fn value(&self, step: Step<'_>) -> Result<Option<Bytes>, Error> {
        match self.one(step).await? {
            Outcome::Value(value) => Ok(value),
            _ => Err(mismatch()),
        }
    }
}

/// An outcome that does not belong to its step: [`super::reading::outcome`] makes none.
fn mismatch() -> Error {
    Error::Protocol("the reply does not answer the command".into())
}

fn text(bytes: Bytes, field: &str) -> Result<String, Error> {
    String::from_utf8(bytes.into()).map_err(|_| Error::Corrupt(field.into()))
}

fn name(bytes: Bytes) -> Result<String, Error> {
    String::from_utf8(bytes.into()).map_err(|error| {
        let name = String::from_utf8_lossy(error.as_bytes()).into_owned();
        Error::Corrupt(name)
    })
}

#[cfg(test)]
mod tests;
