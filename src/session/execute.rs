//! Executes operations on the session that a handle stands for: one that has to be looked up, a new one, or one that
//! exists.

use super::{
    Operation,
    decode::Unexpected,
    handle::{Action, Handle, Snapshot},
    operation::{self, Outcome},
    plain,
    request::{Received, Request, Response},
    script,
    store::Shared,
    transaction,
};
use crate::{
    error::Error,
    few::Few,
    redis::{Batch, Host, Limits, Rule, Value},
};
use std::{cell::RefCell, rc::Rc};

/// The contract's resource `session`. Its calls are in `contract.rs`.
pub struct Session<H: Host> {
    pub(super) shared: Rc<Shared<H>>,
    pub(super) handle: RefCell<Handle>,
}

/// The most tries of a call. The first may find that the cookie's session does not exist. The second works on the new
/// session. The third is needed if a concurrent call changes the handle meanwhile.
const MAX_TRIES: usize = 3;

impl<H: Host> Session<H> {
    pub(super) fn new(shared: Rc<Shared<H>>, handle: Handle) -> Self {
        Self { shared, handle: RefCell::new(handle) }
    }

    /// Executes operations. `renew` overrides the handle's own setting.
    pub(super) async fn execute(
        &self,
        operations: &[Operation<'_>],
        renew: Option<bool>,
        limits: &Limits,
    ) -> Result<Response, Error> {
        operation::check(operations)?;
        for _ in 0..MAX_TRIES {
            if self.handle.borrow().needs_lookup() {
                self.look_up(limits).await?;
            }
            let Some(sent) = self.handle.borrow_mut().prepare(operations, renew)? else {
                return Ok(self.execute_on_nothing(operations));
            };
            let (result, replicas) = match self.send(&sent, operations, limits).await {
                Ok(Received { response, replicas }) => (Ok(response), replicas),
                Err(error) => (Err(error), None),
            };
            let action = self.handle.borrow_mut().learn(&sent, result, || self.shared.new_key());
            match action {
                Action::Return(response) => {
                    if replicas.is_some() && response.wrote(operations) {
                        self.shared.check_replicas(replicas)?;
                    }
                    return Ok(response);
                }
                Action::Fail(error) => return Err(error),
                Action::Again => {}
            }
        }
        Err(Error::Gone)
    }

    /// Sends a request: as plain commands, by script, or as a transaction.
    async fn send(&self, sent: &Snapshot, operations: &[Operation<'_>], limits: &Limits) -> Result<Received, Error> {
        let Shared { settings, client, lifetime } = &*self.shared;
        let (key, wait) = (sent.key.bytes(), settings.replicas);
        let Snapshot { expect, renew, settled, pending_lifetime, .. } = *sent;
        let with_lifetime;
        let mut request = Request { key, expect, renew, settled, operations, wait, limits };
        if let Some(lifetime) = pending_lifetime {
            with_lifetime = [&[Operation::set_lifetime(lifetime)], operations].concat();
            request.operations = &with_lifetime;
        }
        let form = plain::Form::of(&request, settings.scripts);
        let mut received = if form.is_none() && !settings.scripts {
            transaction::send(client, settings.lifetime, &request).await?
        } else {
            let rule = request.rule();
            let encode = |batch: &mut Batch, by_digest: bool| match form {
                Some(form) => form.encode(batch, &request),
                None => script::encode(batch, by_digest, &request, lifetime),
            };
            let (reply, replicas) = script::exchange(client, key, rule, limits, &encode).await?;
            let response = match form {
                Some(form) => form.decode(&request, reply.value()),
                None => script::decode(request.operations, reply.value()),
            };
            Received { response: response.map_err(|unexpected| unexpected.into_error(rule.writes))?, replicas }
        };
        if let (Some(_), Response::Done(outcomes) | Response::Conflict(outcomes)) =
            (pending_lifetime, &mut received.response)
        {
            outcomes.remove_first();
        }
        Ok(received)
    }

    /// Executes operations on a session that is not stored. They do not create it.
    fn execute_on_nothing(&self, operations: &[Operation]) -> Response {
        let mut handle = self.handle.borrow_mut();
        let mut outcomes = Few::with_capacity(operations.len());
        for operation in operations {
            let operation = operation.describe();
            if operation.lifetime().is_some() {
                handle.keep_lifetime(operation.lifetime());
            }
            let lifetime = handle.pending_lifetime().unwrap_or(self.shared.settings.lifetime);
            let outcome = operation.on_nothing(lifetime);
            let conflicts = matches!(outcome, Outcome::Swap(operation::Swap::Conflict(_)));
            outcomes.push(outcome);
            if conflicts {
                return Response::Conflict(outcomes);
            }
        }
        Response::Done(outcomes)
    }

    /// With the guard off, asks whether the cookie's session exists: an id from a cookie is never adopted.
    pub(super) async fn look_up(&self, limits: &Limits) -> Result<(), Error> {
        let sent = self.handle.borrow().snapshot(None);
        let key = sent.key.bytes();
        let mut replies = self.shared.client.send(key, Batch::of(&[b"EXISTS", key]), Rule::READ, limits).await?;
        match replies.list.pop().as_ref().map(|reply| reply.value()) {
            Some(Value::Integer(count)) => {
                self.handle.borrow_mut().learn_existence(&sent, count == 1, || self.shared.new_key())
            }
            _ => Err(Unexpected.into_error(false)),
        }
    }
}
