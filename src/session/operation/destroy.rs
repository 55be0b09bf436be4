//! `destroy`: end the session.

use super::{Describe, Kind, Operation, Outcome};
use crate::{
    options::Lifetime,
    redis::{Batch, Repeat, Value, batch::static_arg},
    session::{
        decode::{self, Unexpected},
        layout::{ENDED, TOMBSTONE_SECONDS},
        transaction::{Seen, Transaction},
    },
};

/// Ends the session, and leaves a tombstone with a token in its place. Yields [`Outcome::Done`].
#[derive(Clone, Copy)]
pub struct Destroy<'a> {
    token: &'a str,
}

impl<'a> Operation<'a> {
    /// Ends the session. The tombstone holds this token.
    pub fn destroy(token: &'a str) -> Self {
        Operation::Destroy(Destroy { token })
    }
}

// May be repeated: it recognizes its own tombstone by the token.
const DESTROY: Kind = Kind { name: static_arg!(b"DESTROY"), repeat: Repeat::Always, ..Kind::WRITE };

impl Describe for Destroy<'_> {
    fn kind(&self) -> &'static Kind {
        &DESTROY
    }

    fn script_arguments(&self, batch: &mut Batch) {
        batch.argument(self.token.as_bytes());
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        decode::integer(reply)?;
        Ok(Outcome::Done)
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Done
    }

    fn tombstone(&self) -> Option<&str> {
        Some(self.token)
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        transaction.command(&[b"DEL", transaction.key]);
        if transaction.guarded {
            transaction.command(&[b"HSET", transaction.key, ENDED, self.token.as_bytes()]);
            transaction.command(&[b"EXPIRE", transaction.key, TOMBSTONE_SECONDS]);
        }
        transaction.know(Outcome::Done);
    }
}
