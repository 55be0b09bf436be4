//! `get`, `get-bytes`, `contains`: read one field.

use super::{Answer, Describe, Kind, Operation, Outcome, Plain};
use crate::{
    error::Error,
    options::Lifetime,
    redis::{Batch, Value, batch::static_arg},
    session::{
        decode::{self, Unexpected},
        transaction::{Seen, Simulation, Stop, Transaction},
    },
};

/// Reads a field: HGET (<https://redis.io/docs/latest/commands/hget/>). Yields [`Outcome::Value`].
#[derive(Clone, Copy)]
pub struct Get<'a> {
    field: &'a str,
    /// Whether the contract returns text, which has to be UTF-8.
    as_text: bool,
}

/// Whether a field exists: HEXISTS (<https://redis.io/docs/latest/commands/hexists/>). Yields [`Outcome::Flag`].
#[derive(Clone, Copy)]
pub struct Contains<'a> {
    field: &'a str,
}

impl<'a> Operation<'a> {
    /// Reads a field as text.
    pub fn get(field: &'a str) -> Self {
        Operation::Get(Get { field, as_text: true })
    }

    /// Reads a field as bytes.
    pub fn get_bytes(field: &'a str) -> Self {
        Operation::Get(Get { field, as_text: false })
    }

    /// Whether a field exists.
    pub fn contains(field: &'a str) -> Self {
        Operation::Contains(Contains { field })
    }
}

const GET: Kind = Kind { name: static_arg!(b"HGET"), plain: Plain::Field, ..Kind::READ };

impl Describe for Get<'_> {
    fn kind(&self) -> &'static Kind {
        &GET
    }

    fn field(&self) -> Option<&str> {
        Some(self.field)
    }

    fn command(&self, key: &[u8], batch: &mut Batch) {
        batch.command(&[b"HGET", key, self.field.as_bytes()]);
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        Ok(Outcome::Value(decode::optional_text(reply)?.map(<[u8]>::to_vec)))
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Value(None)
    }

    fn simulate(&self, simulation: &mut Simulation) -> Result<Outcome, Stop> {
        Ok(Outcome::Value(simulation.field(self.field).bytes()))
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        transaction.read(self, &[b"HGET", transaction.key, self.field.as_bytes()]);
    }

    fn answer(&self, outcome: Outcome) -> Result<Answer, Error> {
        Ok(match outcome {
            value if self.as_text => Answer::Text(value.into_text(self.field)?),
            Outcome::Value(value) => Answer::Bytes(value),
            _ => Answer::Done,
        })
    }
}

const CONTAINS: Kind = Kind { name: static_arg!(b"HEXISTS"), plain: Plain::Read, ..Kind::READ };

impl Describe for Contains<'_> {
    fn kind(&self) -> &'static Kind {
        &CONTAINS
    }

    fn field(&self) -> Option<&str> {
        Some(self.field)
    }

    fn command(&self, key: &[u8], batch: &mut Batch) {
        batch.command(&[b"HEXISTS", key, self.field.as_bytes()]);
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        Ok(Outcome::Flag(decode::integer(reply)? != 0))
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Flag(false)
    }

    fn simulate(&self, simulation: &mut Simulation) -> Result<Outcome, Stop> {
        Ok(Outcome::Flag(simulation.field(self.field).exists()))
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        transaction.read(self, &[b"HEXISTS", transaction.key, self.field.as_bytes()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::testing::reply;

    #[test]
    fn another_reply_is_unexpected() {
        let operation = Operation::get("a");
        assert_eq!(operation.describe().decode(reply(":1\r\n").value()), Err(Unexpected));
    }
}
