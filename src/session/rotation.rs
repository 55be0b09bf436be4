//! Rotation: the session moves to a new id, and a tombstone stays under the old one. It is not one of the operations,
//! because it involves two keys.

use super::{
    Operation, Session,
    handle::Action,
    layout::{MOVED, TOMBSTONE_SECONDS},
    request::{Expect, ROTATION, Received, Response},
    script::{self, EncodedLifetime, ROTATE},
    transaction::{self, Plan, Seen, Transaction},
};
use crate::{
    error::Error,
    few::Few,
    id::Id,
    options::Lifetime,
    redis::{Batch, Client, Host, Limits, Reply, Rule, Value, batch::static_arg, reply::List},
};

/// A move from one key to another, with writes that take effect together with it.
struct Rotation<'a> {
    old: &'a [u8],
    /// In a cluster, it is in the same slot as the old key.
    new: &'a [u8],
    /// The text of the tombstone, by which a second try recognizes it.
    digest: &'a str,
    guarded: bool,
    renew: bool,
    writes: &'a [Operation<'a>],
    rule: Rule,
    limits: &'a Limits,
}

/// Checks that `rotate` can take these operations.
pub(super) fn check(writes: &[Operation]) -> Result<(), Error> {
    if writes.iter().all(|write| write.describe().kind().rotates) {
        Ok(())
    } else {
        Err(Error::invalid("rotate accepts only set, set-bytes and delete"))
    }
}

impl<H: Host> Session<H> {
    /// Moves the session to a new id. Returns false if nothing is stored, so that there is nothing to move.
    pub(super) async fn move_to_new_id(&self, writes: &[Operation<'_>], limits: &Limits) -> Result<bool, Error> {
        if self.handle.borrow().needs_lookup() {
            self.look_up(limits).await?;
        }
        if self.handle.borrow().is_unsaved() {
            return Ok(false);
        }
        let settings = &self.shared.settings;
        let (sent, new) = {
            let mut handle = self.handle.borrow_mut();
            (handle.snapshot(None), handle.rotation_key(|old| self.shared.key(self.new_id(old))))
        };
        let rotation = Rotation {
            old: sent.key.bytes(),
            new: new.bytes(),
            digest: &new.id().digest(),
            guarded: settings.guard,
            renew: sent.renew,
            writes,
            rule: Rule { wait: settings.replicas, ..ROTATION },
            limits,
        };
        let client = &self.shared.client;
        let Received { response, replicas } = if settings.scripts {
            rotation.by_script(client, &self.shared.lifetime).await?
        } else {
            rotation.by_transaction(client, settings.lifetime).await?
        };
        if let Response::Done(_) | Response::Conflict(_) = response {
            self.handle.borrow_mut().rotated(new, sent.renew);
            // An earlier try, or an earlier call with other writes, has moved the session already. So these writes are
            // sent now.
            if let (Response::Conflict(_), false) = (response, writes.is_empty()) {
                self.execute(writes, None, limits).await?.outcomes()?;
            }
            return self.shared.check_replicas(replicas).map(|()| true);
        }
        match self.handle.borrow_mut().learn(&sent, Ok(response), || self.shared.new_key()) {
            Action::Fail(error) => Err(error),
            Action::Return(_) => Err(Error::Gone),
            Action::Again => Ok(false),
        }
    }

    /// A new id. In a cluster, a session can only move within its slot.
    fn new_id(&self, old: Id) -> Id {
        let client = &self.shared.client;
        let random = client.host().random();
        if client.is_cluster() { old.in_slot_of(&self.shared.settings.prefix, random) } else { Id::from_random(random) }
    }
}

impl Rotation<'_> {
    async fn by_script<H: Host>(&self, client: &Client<H>, lifetime: &EncodedLifetime) -> Result<Received, Error> {
        let expect = if self.guarded { Expect::Alive } else { Expect::Anything };
        let encode = |batch: &mut Batch, by_digest: bool| {
            ROTATE.begin(batch, by_digest);
            batch.static_argument(static_arg!(b"2"));
            batch.argument(self.old);
            batch.argument(self.new);
            script::leading_arguments(batch, expect, self.renew, !self.writes.is_empty(), lifetime);
            batch.argument(self.digest.as_bytes());
            self.writes.iter().for_each(|operation| script::operation_arguments(batch, operation));
            batch.end();
        };
        let (reply, replicas) = script::exchange(client, self.old, self.rule, self.limits, &encode).await?;
        let is_moved = |list: List| matches!(list.get(0), Some(Value::Text(b"moved")));
        let response = match reply.value() {
            // An earlier try has moved the session.
            Value::List(list) if is_moved(list) => Ok(Response::Conflict(Few::new())),
            value => script::decode(self.writes, value),
        };
        let response = response.map_err(|unexpected| unexpected.into_error(true))?;
        Ok(Received { response, replicas })
    }

    async fn by_transaction<H: Host>(&self, client: &Client<H>, lifetime: Lifetime) -> Result<Received, Error> {
        let mut look = Batch::of(&[b"WATCH", self.old, self.new]);
        transaction::read_commands(&mut look, self.old, &[]);
        transaction::read_commands(&mut look, self.new, &[]);
        transaction::optimistically(client, self.old, self.rule, self.limits, look, &|replies| {
            let mut replies = replies.iter().skip(1).map(Reply::value);
            let old = Seen::read(&mut replies, &[])?;
            let new = Seen::read(&mut replies, &[])?;
            Ok(self.plan(lifetime, &old, &new))
        })
        .await
    }

    fn plan(&self, lifetime: Lifetime, old: &Seen, new: &Seen) -> Plan<'_> {
        let already_moved = match old.moved() {
            Some(digest) => self.guarded && digest == self.digest.as_bytes(),
            None => !self.guarded && !old.exists(),
        };
        let session = if already_moved { new } else { old };
        if self.guarded {
            if let Some(end) = session.end() {
                return Plan::Respond(end);
            }
            if session.is_past(lifetime, self.renew) {
                return Plan::Write(Transaction::deletion(if already_moved { self.new } else { self.old }));
            }
        }
        let mut transaction = Transaction::begin(self.new, self.guarded);
        if !already_moved {
            transaction.command(&[b"RENAME", self.old, self.new]);
        }
        for write in self.writes {
            write.describe().transact(&mut transaction, session);
        }
        if self.guarded {
            transaction.note_creation(session);
            transaction.settle(lifetime, session, self.renew);
            if !already_moved {
                transaction.command(&[b"HSET", self.old, MOVED, self.digest.as_bytes()]);
                transaction.command(&[b"EXPIRE", self.old, TOMBSTONE_SECONDS]);
            }
        }
        Plan::Write(transaction)
    }
}
