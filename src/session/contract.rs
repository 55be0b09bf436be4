//! The calls of the contract's resource `session`. `wit/session.wit` documents them.

use super::{
    Operation, Session,
    decode::{utf8, utf8_name},
    handle::{CookieChange, Found},
    operation::{self, Answer, Clear, Items, Keys, Len, Outcome, Swap, Ttl},
    request::Response,
    rotation,
};
use crate::{error::Error, few::Few, id, options::Lifetime, redis::Host};
use std::future::Future;

#[expect(clippy::len_without_is_empty, reason = "the contract has no such call")]
impl<H: Host> Session<H> {
    /// The id, if it is known.
    pub fn id(&self) -> Option<String> {
        self.handle.borrow().id().map(|id| id.as_str().into())
    }

    /// A name for the session in logs.
    pub fn log_id(&self) -> Option<String> {
        self.handle.borrow().id().map(|id| id.for_logs())
    }

    /// What the cookie led to.
    pub async fn found(&self) -> Result<Found, Error> {
        let known = || self.handle.borrow().found();
        if let Some(found) = known() {
            return Ok(found);
        }
        let limits = self.shared.client.begin();
        if self.shared.settings.guard {
            self.execute(&[], None, &limits).await?.outcomes()?;
        } else {
            self.look_up(&limits).await?;
        }
        Ok(known().unwrap_or(Found::Alive))
    }

    /// The headers that the response needs.
    pub fn response_headers(&self) -> Vec<(String, String)> {
        let cookie = &self.shared.settings.cookie;
        self.handle.borrow_mut().headers(|change, former_name| {
            let mut headers: Vec<(String, String)> = Vec::new();
            let mut add = |name: &str, value: String| headers.push((name.into(), value));
            match change {
                CookieChange::None => return headers,
                CookieChange::Set(id) => {
                    add("set-cookie", cookie.set(&id));
                    if former_name.is_some() {
                        add("set-cookie", cookie.remove(former_name));
                    }
                }
                CookieChange::Remove => add("set-cookie", cookie.remove(former_name)),
            }
            add("cache-control", "no-store".into());
            add("vary", "Cookie".into());
            headers
        })
    }

    /// Sets whether the handle renews the idle lifetime by itself.
    pub fn set_renewing(&self, on: bool) {
        self.handle.borrow_mut().set_renewing(on);
    }

    /// A field's text.
    #[inline(always)]
    pub fn get(&self, field: &str) -> impl Future<Output = Result<Option<String>, Error>> {
        self.text(Operation::get(field))
    }

    /// Several fields' texts.
    pub async fn get_many(&self, fields: &[String]) -> Result<Vec<Option<String>>, Error> {
        let operations: Vec<Operation> = fields.iter().map(|field| Operation::get(field)).collect();
        let outcomes = self.all(&operations).await?;
        let mut texts = Vec::with_capacity(fields.len());
        for (field, outcome) in fields.iter().zip(outcomes) {
            texts.push(outcome.into_text(field)?);
        }
        Ok(texts)
    }

    /// Whether a field exists.
    #[inline(always)]
    pub fn contains(&self, field: &str) -> impl Future<Output = Result<bool, Error>> {
        self.flag(Operation::contains(field))
    }

    /// The number of fields.
    pub async fn len(&self) -> Result<u32, Error> {
        let length = self.integer(Operation::Len(Len)).await?;
        Ok(u32::try_from(length).unwrap_or(u32::MAX))
    }

    /// The fields' names.
    pub async fn keys(&self) -> Result<Vec<String>, Error> {
        let Outcome::Names(names) = self.one(Operation::Keys(Keys)).await? else { return Err(mismatch()) };
        let mut texts = Vec::with_capacity(names.len());
        for name in names {
            texts.push(utf8_name(name)?);
        }
        Ok(texts)
    }

    /// The fields' values.
    pub async fn values(&self) -> Result<Vec<String>, Error> {
        let items = self.items_bytes().await?;
        let mut texts = Vec::with_capacity(items.len());
        for (name, value) in items {
            texts.push(utf8(value, &String::from_utf8_lossy(&name))?);
        }
        Ok(texts)
    }

    /// The fields' names and values.
    pub async fn items(&self) -> Result<Vec<(String, String)>, Error> {
        let items = self.items_bytes().await?;
        let mut texts = Vec::with_capacity(items.len());
        for (name, value) in items {
            let name = utf8_name(name)?;
            let value = utf8(value, &name)?;
            texts.push((name, value));
        }
        Ok(texts)
    }

    /// Stores JSON.
    #[inline(always)]
    pub fn set<'a>(&'a self, field: &'a str, json: &'a str) -> impl Future<Output = Result<(), Error>> {
        self.done(Operation::set_json(field, json))
    }

    /// Stores several fields.
    pub async fn update(&self, items: &[(String, String)]) -> Result<(), Error> {
        let operations: Vec<Operation> = items.iter().map(|(field, json)| Operation::set_json(field, json)).collect();
        self.all(&operations).await.map(drop)
    }

    /// Stores JSON unless the field exists.
    #[inline(always)]
    pub fn set_if_absent<'a>(&'a self, field: &'a str, json: &'a str) -> impl Future<Output = Result<bool, Error>> {
        self.flag(Operation::set_if_absent(field, json))
    }

    /// Stores or deletes a field if it holds the expected text, or does not exist if none is expected.
    pub async fn compare_and_set(
        &self,
        field: &str,
        expected: Option<&str>,
        json: Option<&str>,
    ) -> Result<Swap<String>, Error> {
        match self.one(Operation::compare_and_set(field, expected, json)).await? {
            Outcome::Swap(swap) => swap.into_text(field),
            _ => Err(mismatch()),
        }
    }

    /// Deletes a field.
    #[inline(always)]
    pub fn delete(&self, field: &str) -> impl Future<Output = Result<bool, Error>> {
        self.flag(Operation::delete(field))
    }

    /// Reads and deletes a field.
    #[inline(always)]
    pub fn pop(&self, field: &str) -> impl Future<Output = Result<Option<String>, Error>> {
        self.text(Operation::pop(field))
    }

    /// Adds to an integer.
    #[inline(always)]
    pub fn increment(&self, field: &str, by: i64) -> impl Future<Output = Result<i64, Error>> {
        self.integer(Operation::increment(field, by))
    }

    /// Adds to a floating-point number.
    pub async fn increment_float(&self, field: &str, by: f64) -> Result<f64, Error> {
        match self.one(Operation::increment_float(field, by)).await? {
            Outcome::Number(number) => Ok(number),
            _ => Err(mismatch()),
        }
    }

    /// Executes several operations. The answers end with the first comparison that conflicts.
    pub async fn apply(&self, operations: &[Operation<'_>]) -> Result<Vec<Answer>, Error> {
        let outcomes = self.all(operations).await?;
        let mut answers = Vec::with_capacity(operations.len());
        for (operation, outcome) in operations.iter().zip(outcomes) {
            answers.push(operation.describe().answer(outcome)?);
        }
        Ok(answers)
    }

    /// A field's bytes.
    pub async fn get_bytes(&self, field: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.one(Operation::get_bytes(field)).await? {
            Outcome::Value(value) => Ok(value),
            _ => Err(mismatch()),
        }
    }

    /// Stores bytes.
    #[inline(always)]
    pub fn set_bytes<'a>(&'a self, field: &'a str, value: &'a [u8]) -> impl Future<Output = Result<(), Error>> {
        self.done(Operation::set(field, value))
    }

    /// The fields' names and values, as bytes.
    pub async fn items_bytes(&self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error> {
        match self.one(Operation::Items(Items)).await? {
            Outcome::Items(items) => Ok(items),
            _ => Err(mismatch()),
        }
    }

    /// Deletes every field.
    #[inline(always)]
    pub fn clear(&self) -> impl Future<Output = Result<(), Error>> {
        self.done(Operation::Clear(Clear))
    }

    /// Ends the session.
    pub async fn destroy(&self) -> Result<(), Error> {
        let client = &self.shared.client;
        let (key, token) = self.handle.borrow_mut().tombstone(|| id::token(client.host().random()));
        let result = match self.execute(&[Operation::destroy(&token)], None, &client.begin()).await {
            Ok(Response::Gone(by)) if by != token.as_bytes() => return Ok(()),
            Ok(Response::Done(_) | Response::Gone(_)) => Ok(()),
            Err(Error::NotReplicated(count)) => Err(Error::NotReplicated(count)),
            Ok(_) | Err(Error::Gone) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.handle.borrow_mut().destroyed(&key);
        result
    }

    /// Moves the session to a new id.
    pub async fn rotate(&self, writes: &[Operation<'_>]) -> Result<(), Error> {
        rotation::check(writes)?;
        operation::check(writes)?;
        self.handle.borrow().check_not_too_late()?;
        let limits = self.shared.client.begin();
        let is_unsaved = self.handle.borrow().is_unsaved();
        if !is_unsaved && self.move_to_new_id(writes, &limits).await? {
            return Ok(());
        }
        {
            let mut handle = self.handle.borrow_mut();
            let lifetime = handle.pending_lifetime();
            handle.start_anew(self.shared.new_key());
            handle.keep_lifetime(lifetime);
        }
        if writes.iter().any(|write| write.describe().creates()) {
            self.execute(writes, None, &limits).await?;
        }
        Ok(())
    }

    /// Turns the handle into a new session.
    pub fn restart(&self) -> Result<(), Error> {
        let mut handle = self.handle.borrow_mut();
        handle.check_not_too_late()?;
        handle.start_anew(self.shared.new_key());
        Ok(())
    }

    /// Renews the idle lifetime.
    pub async fn touch(&self) -> Result<(), Error> {
        if !self.shared.settings.guard {
            return Ok(());
        }
        self.execute(&[], Some(true), &self.shared.client.begin()).await?.outcomes().map(drop)
    }

    /// Seconds until the session expires.
    pub async fn ttl(&self) -> Result<Option<u32>, Error> {
        let response = self.execute(&[Operation::Ttl(Ttl)], Some(false), &self.shared.client.begin()).await?;
        match response.outcomes()?.pop() {
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
            return if lifetime.is_endless() { Ok(()) } else { Err(Lifetime::needs_guard()) };
        }
        self.done(Operation::set_lifetime(lifetime)).await
    }

    // The calls above share these futures, because a separate future for each call would make the component larger.
    // Those calls are inlined, so that the future is built where it is polled: moving it costs fuel for each of its
    // bytes.

    async fn one(&self, operation: Operation<'_>) -> Result<Outcome, Error> {
        only(self.execute(&[operation], None, &self.shared.client.begin()).await)
    }

    async fn done(&self, operation: Operation<'_>) -> Result<(), Error> {
        only(self.execute(&[operation], None, &self.shared.client.begin()).await).map(drop)
    }

    async fn flag(&self, operation: Operation<'_>) -> Result<bool, Error> {
        match only(self.execute(&[operation], None, &self.shared.client.begin()).await)? {
            Outcome::Flag(flag) => Ok(flag),
            _ => Err(mismatch()),
        }
    }

    async fn integer(&self, operation: Operation<'_>) -> Result<i64, Error> {
        match only(self.execute(&[operation], None, &self.shared.client.begin()).await)? {
            Outcome::Integer(number) => Ok(number),
            _ => Err(mismatch()),
        }
    }

    async fn text(&self, operation: Operation<'_>) -> Result<Option<String>, Error> {
        let outcome = only(self.execute(&[operation], None, &self.shared.client.begin()).await)?;
        outcome.into_text(operation.describe().field().unwrap_or_default())
    }

    /// An empty list costs no round trip.
    async fn all(&self, operations: &[Operation<'_>]) -> Result<Few<Outcome>, Error> {
        if operations.is_empty() {
            return Ok(Few::new());
        }
        self.execute(operations, None, &self.shared.client.begin()).await?.outcomes()
    }
}

/// The outcome of the only operation.
fn only(response: Result<Response, Error>) -> Result<Outcome, Error> {
    response?.outcomes()?.pop().ok_or_else(mismatch)
}

/// The error for an outcome of the wrong kind. `Describe::decode` never returns one.
fn mismatch() -> Error {
    Error::Protocol("the reply does not match the command".into())
}

#[cfg(test)]
mod tests;
