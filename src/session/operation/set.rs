//! `set`, `set-bytes`, `update`, `set-if-absent`: store a field.

use super::{Describe, Kind, Operation, Outcome, Plain, check_json};
use crate::{
    error::Error,
    options::Lifetime,
    redis::{Batch, Value, batch::static_arg},
    session::{
        decode::{self, Unexpected},
        transaction::{Held, Seen, Simulation, Stop, Transaction},
    },
};

/// Stores a field: HSET (<https://redis.io/docs/latest/commands/hset/>). Yields [`Outcome::Done`].
#[derive(Clone, Copy)]
pub struct Set<'a> {
    field: &'a str,
    value: &'a [u8],
    /// The value again, if it has to be JSON.
    json: Option<&'a str>,
}

/// Stores a field unless it exists: HSETNX (<https://redis.io/docs/latest/commands/hsetnx/>). Yields [`Outcome::Flag`].
#[derive(Clone, Copy)]
pub struct SetIfAbsent<'a> {
    field: &'a str,
    json: &'a str,
}

impl<'a> Operation<'a> {
    /// Stores bytes.
    pub fn set(field: &'a str, value: &'a [u8]) -> Self {
        Operation::Set(Set { field, value, json: None })
    }

    /// Stores JSON.
    pub fn set_json(field: &'a str, json: &'a str) -> Self {
        Operation::Set(Set { field, value: json.as_bytes(), json: Some(json) })
    }

    /// Stores JSON unless the field exists.
    pub fn set_if_absent(field: &'a str, json: &'a str) -> Self {
        Operation::SetIfAbsent(SetIfAbsent { field, json })
    }
}

// Must not be repeated: it could overwrite what another handle has written since.
const SET: Kind = Kind { name: static_arg!(b"HSET"), rotates: true, plain: Plain::Pair, ..Kind::WRITE };

impl Describe for Set<'_> {
    fn kind(&self) -> &'static Kind {
        &SET
    }

    fn field(&self) -> Option<&str> {
        Some(self.field)
    }

    fn values(&self) -> [&[u8]; 2] {
        [self.value, b""]
    }

    fn check(&self) -> Result<(), Error> {
        self.json.map_or(Ok(()), |json| check_json(self.field, json))
    }

    fn script_arguments(&self, batch: &mut Batch) {
        batch.argument(self.field.as_bytes());
        batch.argument(self.value);
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        decode::integer(reply)?;
        Ok(Outcome::Done)
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Done
    }

    fn creates(&self) -> bool {
        true
    }

    fn simulate(&self, simulation: &mut Simulation) -> Result<Outcome, Stop> {
        simulation.hold(self.field, Held::from(self.value));
        Ok(Outcome::Done)
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        transaction.command(&[b"HSET", transaction.key, self.field.as_bytes(), self.value]);
        transaction.know(Outcome::Done);
    }
}

// Must not be repeated: it would find its own value, and report that nothing was stored.
const SET_IF_ABSENT: Kind = Kind { name: static_arg!(b"HSETNX"), plain: Plain::Write, ..Kind::WRITE };

impl Describe for SetIfAbsent<'_> {
    fn kind(&self) -> &'static Kind {
        &SET_IF_ABSENT
    }

    fn field(&self) -> Option<&str> {
        Some(self.field)
    }

    fn values(&self) -> [&[u8]; 2] {
        [self.json.as_bytes(), b""]
    }

    fn check(&self) -> Result<(), Error> {
        check_json(self.field, self.json)
    }

    fn script_arguments(&self, batch: &mut Batch) {
        batch.argument(self.field.as_bytes());
        batch.argument(self.json.as_bytes());
    }

    fn command(&self, key: &[u8], batch: &mut Batch) {
        batch.command(&[b"HSETNX", key, self.field.as_bytes(), self.json.as_bytes()]);
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        Ok(Outcome::Flag(decode::integer(reply)? != 0))
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Flag(true)
    }

    fn creates(&self) -> bool {
        true
    }

    fn wrote(&self, outcome: &Outcome) -> bool {
        *outcome == Outcome::Flag(true)
    }

    fn simulate(&self, simulation: &mut Simulation) -> Result<Outcome, Stop> {
        let exists = simulation.field(self.field).exists();
        if !exists {
            simulation.hold(self.field, Held::from(self.json.as_bytes()));
        }
        Ok(Outcome::Flag(!exists))
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        transaction.read(self, &[b"HSETNX", transaction.key, self.field.as_bytes(), self.json.as_bytes()]);
    }
}
