//! `ttl`, `set-lifetime`: a session's lifetimes.

use super::{Describe, Kind, Operation, Outcome, Plain};
use crate::{
    options::Lifetime,
    redis::{Batch, Value, batch::static_arg},
    session::{
        decode::{self, Unexpected},
        layout::{ABSOLUTE, CREATED, IDLE, seconds},
        transaction::{Seen, Transaction},
    },
};

/// The time until the session expires: PTTL (<https://redis.io/docs/latest/commands/pttl/>). Yields [`Outcome::Expiry`].
#[derive(Clone, Copy)]
pub struct Ttl;

/// Gives the session lifetimes of its own. Yields [`Outcome::Done`].
#[derive(Clone, Copy)]
pub struct SetLifetime(Lifetime);

impl Operation<'_> {
    /// Gives the session lifetimes of its own.
    pub fn set_lifetime(lifetime: Lifetime) -> Self {
        Operation::SetLifetime(SetLifetime(lifetime))
    }
}

const TTL: Kind = Kind { name: static_arg!(b"PTTL"), plain: Plain::Read, ..Kind::READ };

impl Describe for Ttl {
    fn kind(&self) -> &'static Kind {
        &TTL
    }

    fn command(&self, key: &[u8], batch: &mut Batch) {
        batch.command(&[b"PTTL", key]);
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        Ok(Outcome::Expiry(u64::try_from(decode::integer(reply)?).ok()))
    }

    fn on_nothing(&self, lifetime: Lifetime) -> Outcome {
        Outcome::Expiry(lifetime.at_first().map(|seconds| u64::from(seconds) * 1000))
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        transaction.read(self, &[b"PTTL", transaction.key]);
    }
}

// Must not be repeated: the absolute lifetime would begin once more, later than at the call.
const SET_LIFETIME: Kind = Kind { name: static_arg!(b"LIFETIME"), ..Kind::WRITE };

impl Describe for SetLifetime {
    fn kind(&self) -> &'static Kind {
        &SET_LIFETIME
    }

    fn script_arguments(&self, batch: &mut Batch) {
        batch.number(seconds(self.0.idle));
        batch.number(seconds(self.0.absolute));
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        decode::integer(reply)?;
        Ok(Outcome::Done)
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Done
    }

    fn lifetime(&self) -> Option<Lifetime> {
        Some(self.0)
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, seen: &Seen) {
        let [mut now, mut idle, mut absolute] = [itoa::Buffer::new(); 3];
        transaction.command(&[
            b"HSET",
            transaction.key,
            CREATED,
            now.format(seen.now as i64).as_bytes(),
            IDLE,
            idle.format(seconds(self.0.idle)).as_bytes(),
            ABSOLUTE,
            absolute.format(seconds(self.0.absolute)).as_bytes(),
        ]);
        transaction.know(Outcome::Done);
    }
}
