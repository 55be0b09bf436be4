//! `pop`: read and delete a field in one step.

use super::{Answer, Describe, Kind, Operation, Outcome};
use crate::{
    error::Error,
    options::Lifetime,
    redis::{Value, batch::static_arg},
    session::{
        decode::{self, Unexpected},
        transaction::{Held, Seen, Simulation, Stop, Transaction},
    },
};

/// Reads and deletes a field. Yields [`Outcome::Value`].
#[derive(Clone, Copy)]
pub struct Pop<'a> {
    field: &'a str,
}

impl<'a> Operation<'a> {
    /// Reads and deletes a field.
    pub fn pop(field: &'a str) -> Self {
        Operation::Pop(Pop { field })
    }
}

// Must not be repeated: it would find nothing, and the value that was read first would be lost.
const POP: Kind = Kind { name: static_arg!(b"POP"), ..Kind::WRITE };

impl Describe for Pop<'_> {
    fn kind(&self) -> &'static Kind {
        &POP
    }

    fn field(&self) -> Option<&str> {
        Some(self.field)
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        Ok(Outcome::Value(decode::optional_text(reply)?.map(<[u8]>::to_vec)))
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Value(None)
    }

    fn wrote(&self, outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Value(Some(_)))
    }

    fn simulate(&self, simulation: &mut Simulation) -> Result<Outcome, Stop> {
        let value = simulation.field(self.field).bytes();
        simulation.hold(self.field, Held::Nothing);
        Ok(Outcome::Value(value))
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        transaction.read(self, &[b"HGET", transaction.key, self.field.as_bytes()]);
        transaction.command(&[b"HDEL", transaction.key, self.field.as_bytes()]);
    }

    fn answer(&self, outcome: Outcome) -> Result<Answer, Error> {
        Ok(Answer::Text(outcome.into_text(self.field)?))
    }
}
