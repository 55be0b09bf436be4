//! Moving a session to a new id.
//!
//! ```text
//! EVALSHA sha 2 old new mode renew idle absolute undo digest (HSET field value | HDEL field)…
//! ```
//!
//! Without Lua: WATCH both keys, look at both, then MULTI, RENAME old new, the writes, the expiry, the marker, EXEC.

use super::{
    call::{Answer, Mode},
    layout::{MARKER_SECONDS, MOVED},
    script::{self, LEADING, ROTATE},
    step::Step,
    transaction::{self, Plan, Seen, Transaction},
};
use crate::{
    error::Error,
    options::Settings,
    redis::{Batch, Client, Host, Repeat, batch::word, client::Rule, replicas::Replicas},
};

/// A move from one key to another, with writes that take effect together with it.
pub struct Rotation<'a> {
    /// The key that the session has.
    pub old: &'a [u8],
    /// The key that it is to have, in the same cluster slot.
    pub new: &'a [u8],
    /// What the marker at the old key holds: by it a rotation whose answer was lost recognises itself.
    pub digest: &'a str,
    /// Whether sessions are looked at.
    pub guarded: bool,
    /// Whether to renew the idle lifetime.
    pub renew: bool,
    /// [`Step::Set`] and [`Step::Delete`] only.
    pub writes: &'a [Step<'a>],
    /// The replicas that it waits for.
    pub replicas: &'a Replicas,
}

/// Sent again it finds its own marker, or nothing left to move.
const RULE: Rule = Rule { repeat: Repeat::Always, writes: true };

impl Rotation<'_> {
    /// Sends it.
    pub async fn send<H: Host>(&self, client: &Client<H>, settings: &Settings) -> Result<Answer, Error> {
        if settings.scripts {
            self.by_script(client, settings).await
        } else {
            self.by_transaction(client, settings).await
        }
    }

    async fn by_script<H: Host>(&self, client: &Client<H>, settings: &Settings) -> Result<Answer, Error> {
        let mode = if self.guarded { Mode::Require } else { Mode::Unguarded };
        let count = 3 + LEADING + 1 + self.writes.iter().map(script::argument_count).sum::<usize>();
        let arguments = |batch: &mut Batch| {
            batch.word(word!(b"2"));
            batch.argument(self.old);
            batch.argument(self.new);
            script::leading_arguments(batch, mode, self.renew, settings.lifetime, !self.writes.is_empty());
            batch.argument(self.digest.as_bytes());
            self.writes.iter().for_each(|step| script::step_arguments(batch, step));
        };
        let reply = ROTATE.run(client, self.old, RULE, self.replicas, count, &arguments).await?;
        script::read(&[], reply).map_err(|unexpected| unexpected.told(true))
    }

    async fn by_transaction<H: Host>(&self, client: &Client<H>, settings: &Settings) -> Result<Answer, Error> {
        let mut look = Batch::of(&[b"WATCH", self.old, self.new]);
        transaction::look_commands(&mut look, self.old, &[]);
        transaction::look_commands(&mut look, self.new, &[]);
        transaction::optimistically(client, self.old, RULE, self.replicas, look, &|replies| {
            let mut replies = replies.into_iter().skip(1);
            let old = Seen::read(&mut replies, &[])?;
            let new = Seen::read(&mut replies, &[])?;
            Ok(self.plan(settings, &old, &new))
        })
        .await
    }

    fn plan(&self, settings: &Settings, old: &Seen, new: &Seen) -> Plan<'static> {
        let mut transaction = Transaction::begin();
        let already_moved = match old.moved() {
            Some(digest) => self.guarded && digest == self.digest,
            None => !self.guarded && !old.exists(),
        };
        let session = if already_moved { new } else { old };
        if self.guarded {
            if let Some(ended) = session.ended() {
                return Plan::Answer(ended);
            }
            if session.is_past(settings.lifetime, self.renew) {
                let key = if already_moved { self.new } else { self.old };
                return Plan::Write(Transaction::deletion(key));
            }
        }
        if !already_moved {
            transaction.command(&[b"RENAME", self.old, self.new]);
        }
        for write in self.writes {
            match write {
                Step::Set(field, value) => transaction.command(&[b"HSET", self.new, field.as_bytes(), value]),
                step => {
                    let field = step.field().unwrap_or_default();
                    transaction.command(&[b"HDEL", self.new, field.as_bytes()]);
                }
            }
        }
        if self.guarded {
            transaction.note_creation(self.new, session);
            transaction.settle(self.new, settings.lifetime, session, self.renew);
            if !already_moved {
                transaction.command(&[b"HSET", self.old, MOVED, self.digest.as_bytes()]);
                transaction.command(&[b"EXPIRE", self.old, MARKER_SECONDS]);
            }
        }
        Plan::Write(transaction)
    }
}

/// Only what a rotation can write.
pub fn check(writes: &[Step]) -> Result<(), Error> {
    let fits = |step: &Step| matches!(step, Step::Set(..) | Step::Delete(_));
    if writes.iter().all(fits) { Ok(()) } else { Err(Error::invalid("rotate takes set, set-bytes and delete only")) }
}
