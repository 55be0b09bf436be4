//! `delete`: delete a field.

use super::{Describe, Kind, Operation, Outcome, Plain};
use crate::{
    options::Lifetime,
    redis::{Batch, Value, batch::static_arg},
    session::{
        decode::{self, Unexpected},
        transaction::{Held, Seen, Simulation, Stop, Transaction},
    },
};

/// Deletes a field: HDEL (<https://redis.io/docs/latest/commands/hdel/>). Yields [`Outcome::Flag`].
#[derive(Clone, Copy)]
pub struct Delete<'a> {
    field: &'a str,
}

impl<'a> Operation<'a> {
    /// Deletes a field.
    pub fn delete(field: &'a str) -> Self {
        Operation::Delete(Delete { field })
    }
}

// Must not be repeated: it could delete what another handle has written since.
const DELETE: Kind = Kind { name: static_arg!(b"HDEL"), rotates: true, plain: Plain::Write, ..Kind::WRITE };

impl Describe for Delete<'_> {
    fn kind(&self) -> &'static Kind {
        &DELETE
    }

    fn field(&self) -> Option<&str> {
        Some(self.field)
    }

    fn command(&self, key: &[u8], batch: &mut Batch) {
        batch.command(&[b"HDEL", key, self.field.as_bytes()]);
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        Ok(Outcome::Flag(decode::integer(reply)? != 0))
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Flag(false)
    }

    fn wrote(&self, outcome: &Outcome) -> bool {
        *outcome == Outcome::Flag(true)
    }

    fn simulate(&self, simulation: &mut Simulation) -> Result<Outcome, Stop> {
        let exists = simulation.field(self.field).exists();
        simulation.hold(self.field, Held::Nothing);
        Ok(Outcome::Flag(exists))
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        transaction.read(self, &[b"HDEL", transaction.key, self.field.as_bytes()]);
    }
}
