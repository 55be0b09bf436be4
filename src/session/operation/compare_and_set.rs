//! `compare-and-set`: store or delete a field if it holds the expected value.

use super::{Answer, Describe, Kind, Operation, Outcome, Swap, check_json};
use crate::{
    error::Error,
    options::Lifetime,
    redis::{Batch, Value, batch::static_arg},
    session::{
        decode::{self, Unexpected},
        transaction::{Held, Seen, Simulation, Stop, Transaction},
    },
};

/// Stores or deletes a field if it holds the expected value. Yields [`Outcome::Swap`]. A conflict ends the batch.
#[derive(Clone, Copy)]
pub struct CompareAndSet<'a> {
    field: &'a str,
    /// The value that the field has to hold. `None`: it must not exist.
    expected: Option<&'a [u8]>,
    /// The JSON to store. `None`: delete the field.
    json: Option<&'a str>,
}

impl<'a> Operation<'a> {
    /// Stores JSON, or deletes the field, if it holds exactly the expected text, or does not exist.
    pub fn compare_and_set(field: &'a str, expected: Option<&'a str>, json: Option<&'a str>) -> Self {
        Operation::CompareAndSet(CompareAndSet { field, expected: expected.map(str::as_bytes), json })
    }
}

// Must not be repeated: it would conflict with its own write.
const COMPARE_AND_SET: Kind = Kind { name: static_arg!(b"COMPARE"), compares: true, can_fail: true, ..Kind::WRITE };

impl Describe for CompareAndSet<'_> {
    fn kind(&self) -> &'static Kind {
        &COMPARE_AND_SET
    }

    fn field(&self) -> Option<&str> {
        Some(self.field)
    }

    fn values(&self) -> [&[u8]; 2] {
        [self.expected.unwrap_or_default(), self.json.unwrap_or_default().as_bytes()]
    }

    fn check(&self) -> Result<(), Error> {
        self.json.map_or(Ok(()), |json| check_json(self.field, json))
    }

    fn script_arguments(&self, batch: &mut Batch) {
        batch.argument(self.field.as_bytes());
        for side in [self.expected, self.json.map(str::as_bytes)] {
            batch.static_argument(if side.is_some() { static_arg!(b"1") } else { static_arg!(b"0") });
            batch.argument(side.unwrap_or_default());
        }
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        decode::integer(reply)?;
        Ok(Outcome::Swap(Swap::Stored))
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Swap(if self.expected.is_some() { Swap::Conflict(None) } else { Swap::Stored })
    }

    fn creates(&self) -> bool {
        self.expected.is_none() && self.json.is_some()
    }

    fn wrote(&self, _: &Outcome) -> bool {
        self.expected.is_some() || self.json.is_some()
    }

    fn simulate(&self, simulation: &mut Simulation) -> Result<Outcome, Stop> {
        // The digits of a sum are known only after it is written, which is too late to return them with a conflict.
        simulation.refuse_after_sum()?;
        let stored = simulation.field(self.field).bytes();
        if self.expected != stored.as_deref() {
            return Err(Stop::Conflict(Outcome::Swap(Swap::Conflict(stored))));
        }
        simulation.hold(self.field, self.json.map_or(Held::Nothing, |json| Held::from(json.as_bytes())));
        Ok(Outcome::Swap(Swap::Stored))
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        match self.json {
            Some(json) => transaction.command(&[b"HSET", transaction.key, self.field.as_bytes(), json.as_bytes()]),
            None => transaction.command(&[b"HDEL", transaction.key, self.field.as_bytes()]),
        }
        transaction.know(Outcome::Swap(Swap::Stored));
    }

    fn answer(&self, outcome: Outcome) -> Result<Answer, Error> {
        Ok(match outcome {
            Outcome::Swap(swap) => Answer::Swap(swap.into_text(self.field)?),
            _ => Answer::Done,
        })
    }
}

impl Swap<Vec<u8>> {
    /// Checks that the stored value is UTF-8.
    pub fn into_text(self, field: &str) -> Result<Swap<String>, Error> {
        Ok(match self {
            Swap::Stored => Swap::Stored,
            Swap::Conflict(stored) => Swap::Conflict(stored.map(|bytes| decode::utf8(bytes, field)).transpose()?),
        })
    }
}
