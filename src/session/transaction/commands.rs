//! The commands of a transaction, and what their replies tell.

use super::look::Seen;
use crate::{
    error::Error,
    options::Lifetime,
    redis::{Batch, Reply},
    session::{
        call::Answer,
        layout::CREATED,
        reading::{self, Unexpected},
        step::{Outcome, Step},
    },
};
use std::num::NonZeroU32;

/// Commands between MULTI and EXEC, and whose outcome each of their replies tells.
pub struct Transaction<'a> {
    batch: Batch,
    /// For each command, whether its reply tells a step's outcome.
    tells: Vec<bool>,
    pub(super) outcomes: Vec<Known<'a>>,
    pub(super) ending: Ending,
}

pub(super) enum Ending {
    Done,
    Conflict,
    Failed(Error),
    Missing,
}

/// What is known of a step's outcome before the transaction.
pub(super) enum Known<'a> {
    Outcome(Outcome),
    /// What the reply to the step's command says.
    Reply(&'a Step<'a>),
}

impl<'a> Transaction<'a> {
    /// Nothing but MULTI.
    pub fn begin() -> Self {
        Self { batch: Batch::of(&[b"MULTI"]), tells: Vec::new(), outcomes: Vec::new(), ending: Ending::Done }
    }

    /// Deletes what is past its lifetime: there is no session.
    pub fn deletion(key: &[u8]) -> Self {
        let mut transaction = Self { ending: Ending::Missing, ..Self::begin() };
        transaction.command(&[b"DEL", key]);
        transaction
    }

    /// The commands from MULTI to EXEC.
    pub(super) fn finished(&mut self) -> &mut Batch {
        self.batch.command(&[b"EXEC"]);
        &mut self.batch
    }

    /// Adds a command whose reply says nothing.
    pub fn command(&mut self, arguments: &[&[u8]]) {
        self.batch.command(arguments);
        self.tells.push(false);
    }

    /// Sees to it that the session has its moment of creation.
    pub fn note_creation(&mut self, key: &[u8], seen: &Seen) {
        if seen.created.is_none() {
            self.command(&[b"HSET", key, CREATED, itoa::Buffer::new().format(seen.now).as_bytes()]);
        }
    }

    /// Sees to it that the session has the expiry that its lifetimes ask for. To come after all writes: a key whose
    /// time is up by then goes with them, and nothing makes it anew.
    pub fn settle(&mut self, key: &[u8], lifetime: Lifetime, seen: &Seen, renew: bool) {
        let lifetime = seen.own(lifetime);
        if renew || seen.expiry == -1 && !lifetime.is_endless() {
            self.expire(key, lifetime, seen.created.unwrap_or(seen.now), seen.now);
        }
    }

    /// Gives a key the expiry that lifetimes ask for.
    pub(super) fn expire(&mut self, key: &[u8], lifetime: Lifetime, created: u64, now: u64) {
        let later = |begin: u64, seconds: NonZeroU32| begin + u64::from(seconds.get()) * 1000;
        let mut digits = itoa::Buffer::new();
        match (lifetime.idle, lifetime.absolute) {
            (None, None) => self.command(&[b"PERSIST", key]),
            (Some(idle), None) => self.command(&[b"EXPIRE", key, digits.format(idle.get()).as_bytes()]),
            (idle, Some(absolute)) => {
                let end = later(created, absolute);
                let deadline = idle.map_or(end, |idle| end.min(later(now, idle)));
                self.command(&[b"PEXPIREAT", key, digits.format(deadline).as_bytes()]);
            }
        }
    }

    /// Adds a command whose reply tells the step's outcome.
    pub(super) fn read(&mut self, step: &'a Step<'a>, arguments: &[&[u8]]) {
        self.batch.command(arguments);
        self.tells.push(true);
        self.outcomes.push(Known::Reply(step));
    }

    pub(super) fn know(&mut self, outcome: Outcome) {
        self.outcomes.push(Known::Outcome(outcome));
    }

    pub(super) fn answer(self, replies: Vec<Reply>) -> Result<Answer, Unexpected> {
        if replies.len() != self.tells.len() {
            return Err(Unexpected);
        }
        // The replies that tell something come in the order of the steps.
        let mut told = self.tells.into_iter().zip(replies).filter_map(|(tells, reply)| tells.then_some(reply));
        let outcomes = self.outcomes.into_iter().map(|known| match known {
            Known::Outcome(outcome) => Ok(outcome),
            Known::Reply(step) => reading::outcome(step, told.next().ok_or(Unexpected)?),
        });
        let outcomes = outcomes.collect::<Result<_, _>>()?;
        Ok(match self.ending {
            Ending::Done => Answer::Done(outcomes),
            Ending::Conflict => Answer::Conflict(outcomes),
            Ending::Failed(error) => Answer::Failed(error),
            Ending::Missing => Answer::Missing,
        })
    }
}
