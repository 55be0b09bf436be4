//! Writes that wait until replicas have them, in their own round trip (<https://redis.io/docs/latest/commands/wait/>).

use super::{batch::Batch, client::Rule, reply::Reply};
use crate::error::Error;
use std::cell::Cell;

/// How many replicas are to have a write, and how many milliseconds it waits for them.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// At least 1.
    pub count: u32,
    /// At least 1: none would be without end.
    pub timeout: u32,
}

/// What the writes of one call wait for, and how many replicas have them.
pub struct Replicas {
    wanted: Option<Wanted>,
    acknowledged: Cell<Option<u32>>,
}

impl Replicas {
    /// For one call.
    pub fn new(wanted: Option<Wanted>) -> Self {
        Self { wanted, acknowledged: Cell::new(None) }
    }

    /// Has a batch wait at its end, if it writes.
    pub fn ask(&self, batch: &mut Batch, rule: Rule) {
        if let (true, Some(wanted)) = (rule.writes, self.wanted) {
            batch.wait(wanted);
        }
    }

    /// Notes the answer to that, the last reply. One that is no number came from a server that doesn't know how, or may not, wait:
    /// nobody is known to have the write.
    pub fn note(&self, reply: &Reply) {
        let count = match reply {
            Reply::Integer(count) => u32::try_from(*count).unwrap_or(0),
            _ => 0,
        };
        self.acknowledged.set(Some(count));
    }

    /// Takes the answer to that from the replies to a batch.
    pub fn take(&self, batch: &Batch, replies: &mut Vec<Reply>) {
        if batch.waits()
            && let Some(reply) = replies.pop()
        {
            self.note(&reply);
        }
    }

    /// An error where fewer have it than were asked for.
    pub fn check(&self) -> Result<(), Error> {
        match (self.wanted, self.acknowledged.get()) {
            (Some(wanted), Some(count)) if count < wanted.count => Err(Error::NotReplicated(count)),
            _ => Ok(()),
        }
    }
}
