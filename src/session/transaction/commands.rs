//! The commands between MULTI and EXEC, and what their replies mean.

use super::Seen;
use crate::{
    error::Error,
    few::Few,
    options::Lifetime,
    redis::{Batch, reply::List},
    session::{
        decode::Unexpected,
        layout::CREATED,
        operation::{Describe, Outcome},
        request::Response,
    },
};
use std::num::NonZeroU32;

/// A transaction on one session.
pub struct Transaction<'a> {
    /// The session's key.
    pub key: &'a [u8],
    /// Whether the session's liveness is checked.
    pub guarded: bool,
    batch: Batch,
    /// For each command, whether its reply is the outcome of an operation.
    has_outcome: Vec<bool>,
    outcomes: Vec<Known<'a>>,
    ending: Ending,
}

/// How a transaction ends.
pub enum Ending {
    /// Every operation was executed.
    Done,
    /// A comparison conflicts.
    Conflict,
    /// A counter fails.
    Failed(Error),
    /// The session had expired.
    Missing,
}

enum Known<'a> {
    /// An outcome that was known before the transaction.
    Outcome(Outcome),
    /// The reply to the operation's command is its outcome.
    Reply(&'a dyn Describe),
}

impl<'a> Transaction<'a> {
    /// A transaction that does nothing yet.
    pub fn begin(key: &'a [u8], guarded: bool) -> Self {
        let (has_outcome, outcomes) = Default::default();
        Self { key, guarded, batch: Batch::of(&[b"MULTI"]), has_outcome, outcomes, ending: Ending::Done }
    }

    /// Deletes a session whose lifetime is over.
    pub fn deletion(key: &'a [u8]) -> Self {
        let mut transaction = Self { ending: Ending::Missing, ..Self::begin(key, true) };
        transaction.command(&[b"DEL", key]);
        transaction
    }

    /// Ends it with these outcomes, which are known already.
    pub fn end(&mut self, outcomes: Few<Outcome>, ending: Ending) {
        self.outcomes = outcomes.into_iter().map(Known::Outcome).collect();
        self.ending = ending;
    }

    /// Adds EXEC.
    pub(super) fn finish(&mut self) -> &mut Batch {
        self.batch.command(&[b"EXEC"]);
        &mut self.batch
    }

    /// Adds a command whose reply does not matter.
    pub fn command(&mut self, arguments: &[&[u8]]) {
        self.batch.command(arguments);
        self.has_outcome.push(false);
    }

    /// Adds a command whose reply is the operation's outcome.
    pub fn read(&mut self, operation: &'a dyn Describe, arguments: &[&[u8]]) {
        self.batch.command(arguments);
        self.has_outcome.push(true);
        self.outcomes.push(Known::Reply(operation));
    }

    /// Adds an outcome that is known already.
    pub fn know(&mut self, outcome: Outcome) {
        self.outcomes.push(Known::Outcome(outcome));
    }

    /// Notes the time of creation, if the session has none.
    pub fn note_creation(&mut self, seen: &Seen) {
        if seen.created.is_none() {
            self.command(&[b"HSET", self.key, CREATED, itoa::Buffer::new().format(seen.now as i64).as_bytes()]);
        }
    }

    /// Sets the expiry, if the request renews it or the session has none. It comes after all writes, so that they
    /// expire with the session if its time is over by then.
    pub fn settle(&mut self, lifetime: Lifetime, seen: &Seen, renew: bool) {
        let lifetime = seen.lifetime(lifetime);
        if renew || seen.expiry == -1 && !lifetime.is_endless() {
            self.expire(lifetime, seen.created.unwrap_or(seen.now), seen.now);
        }
    }

    /// Sets the expiry that the lifetimes require.
    pub fn expire(&mut self, lifetime: Lifetime, created: u64, now: u64) {
        let later = |begin: u64, seconds: NonZeroU32| begin + u64::from(seconds.get()) * 1000;
        let mut digits = itoa::Buffer::new();
        match (lifetime.idle, lifetime.absolute) {
            (None, None) => self.command(&[b"PERSIST", self.key]),
            (Some(idle), None) => self.command(&[b"EXPIRE", self.key, digits.format(i64::from(idle.get())).as_bytes()]),
            (idle, Some(absolute)) => {
                let end = later(created, absolute);
                let deadline = idle.map_or(end, |idle| end.min(later(now, idle)));
                self.command(&[b"PEXPIREAT", self.key, digits.format(deadline as i64).as_bytes()]);
            }
        }
    }

    /// Reads the reply to EXEC.
    pub(super) fn response(self, results: List) -> Result<Response, Unexpected> {
        if results.len() != self.has_outcome.len() {
            return Err(Unexpected);
        }
        let replies = self.has_outcome.into_iter().zip(results);
        let mut replies = replies.filter_map(|(has_outcome, value)| has_outcome.then_some(value));
        let mut outcomes = Few::with_capacity(self.outcomes.len());
        for known in self.outcomes {
            outcomes.push(match known {
                Known::Outcome(outcome) => outcome,
                Known::Reply(operation) => operation.decode(replies.next().ok_or(Unexpected)?)?,
            });
        }
        Ok(match self.ending {
            Ending::Done => Response::Done(outcomes),
            Ending::Conflict => Response::Conflict(outcomes),
            Ending::Failed(error) => Response::Failed(error),
            Ending::Missing => Response::Missing,
        })
    }
}
