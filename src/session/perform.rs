//! Steps performed on whatever a handle stands for: a session that it has to find out about, a new one, one that is there.

use super::{
    call::{Answer, Call, Mode},
    handle::{Handle, Next, Route, Sent, Standing},
    reading::Unexpected,
    rotate::Rotation,
    step::{self, Outcome, Step, Swap},
    store::Shared,
};
use crate::{
    error::Error,
    id::Key,
    options::Lifetime,
    redis::{Batch, Host, Repeat, Reply, client::Rule, replicas::Replicas},
};
use std::{cell::RefCell, rc::Rc};

/// The contract's resource `session`. Its calls say in `wit/session.wit` what they do.
pub struct Session<H: Host> {
    pub(super) shared: Rc<Shared<H>>,
    pub(super) handle: RefCell<Handle>,
}

/// How steps go out: what the handle knew when they did.
struct Sending {
    to: Sent,
    route: Route,
    renew: bool,
    settled: bool,
    pending: Option<Lifetime>,
}

/// How often a call may find that there is no session and begin anew: a cookie that leads nowhere, then the new session.
const MAX_BEGINNINGS: usize = 3;

impl<H: Host> Session<H> {
    pub(super) fn new(shared: Rc<Shared<H>>, handle: Handle) -> Self {
        Self { shared, handle: RefCell::new(handle) }
    }

    /// Performs steps on whatever session this handle stands for: one that it has to find out about, a new one, one that
    /// is there. `renew` overrules the handle's own idea of whether to renew.
    pub(super) async fn perform(&self, steps: &[Step<'_>], renew: Option<bool>) -> Result<Answer, Error> {
        step::check(steps)?;
        for _ in 0..MAX_BEGINNINGS {
            self.decide_unguarded().await?;
            let route = self.handle.borrow_mut().route(steps)?;
            if route == Route::Nowhere {
                return Ok(self.perform_on_nothing(steps));
            }
            let sending = {
                let handle = self.handle.borrow();
                let renew = renew.unwrap_or(handle.renewing && !handle.renewed);
                Sending { to: handle.sent(), route, renew, settled: handle.settled, pending: handle.pending_lifetime }
            };
            let Sending { to, renew, .. } = &sending;
            let replicas = Replicas::new(self.shared.settings.replicas);
            let answer = self.send(&sending, steps, &replicas).await;
            if route == Route::Create {
                self.handle.borrow_mut().answered(&to.key, &answer);
            }
            let next = {
                let mut handle = self.handle.borrow_mut();
                let found = handle.found;
                let next = handle.learn(to, answer?, *renew, || self.shared.new_key());
                if !self.shared.settings.guard {
                    // Who does not look finds nothing out.
                    handle.found = found;
                }
                next
            };
            match next {
                Next::Return(answer) if wrote(steps, &answer) => return replicas.check().map(|()| answer),
                Next::Return(answer) => return Ok(answer),
                Next::Fail(error) => return Err(error),
                Next::Again => {}
            }
        }
        Err(Error::Gone)
    }

    async fn send(&self, sending: &Sending, steps: &[Step<'_>], replicas: &Replicas) -> Result<Answer, Error> {
        let Sending { ref to, route, renew, settled, pending } = *sending;
        let Shared { settings, client } = &*self.shared;
        let mode = match route {
            _ if !settings.guard => Mode::Unguarded,
            Route::Create => Mode::Create,
            Route::Require | Route::Nowhere => Mode::Require,
        };
        let (key, renew) = (to.key.bytes(), renew && settings.guard);
        let Some(lifetime) = pending.filter(|_| mode == Mode::Create) else {
            let call = Call { key, mode, renew, settled, steps, replicas };
            return call.send(client, settings).await;
        };
        // The lifetimes that were waiting go out with the write that creates.
        let steps = [&[Step::SetLifetime(lifetime)], steps].concat();
        let call = Call { key, mode, renew, settled, steps: &steps, replicas };
        let mut answer = call.send(client, settings).await?;
        if let Answer::Done(outcomes) | Answer::Conflict(outcomes) = &mut answer {
            outcomes.remove(0);
        }
        Ok(answer)
    }

    /// Steps on a session that is not stored, and that store nothing.
    fn perform_on_nothing(&self, steps: &[Step]) -> Answer {
        let mut handle = self.handle.borrow_mut();
        let mut outcomes = Vec::with_capacity(steps.len());
        for step in steps {
            if let Step::SetLifetime(lifetime) = step {
                handle.pending_lifetime = Some(*lifetime);
            }
            let lifetime = handle.pending_lifetime.unwrap_or(self.shared.settings.lifetime);
            let outcome = step.outcome_of_nothing(lifetime);
            let conflicts = matches!(outcome, Outcome::Swap(Swap::Conflict(_)));
            outcomes.push(outcome);
            if conflicts {
                return Answer::Conflict(outcomes);
            }
        }
        Answer::Done(outcomes)
    }

    /// With the guard off, no call finds out by itself whether a cookie's session is there, and an id from outside is
    /// never taken over all the same: so one question first.
    async fn decide_unguarded(&self) -> Result<(), Error> {
        let decided = self.handle.borrow().is_decided();
        if decided || self.shared.settings.guard {
            return Ok(());
        }
        self.find_unguarded().await
    }

    pub(super) async fn find_unguarded(&self) -> Result<(), Error> {
        let sent = self.handle.borrow().sent();
        let there = self.exists(&sent.key).await?;
        let answer = if there { Answer::Done(Vec::new()) } else { Answer::Missing };
        let next = self.handle.borrow_mut().learn(&sent, answer, true, || self.shared.new_key());
        match next {
            Next::Fail(error) => Err(error),
            Next::Return(_) | Next::Again => Ok(()),
        }
    }

    async fn exists(&self, key: &Key) -> Result<bool, Error> {
        let batch = Batch::of(&[b"EXISTS", key.bytes()]);
        let rule = Rule { repeat: Repeat::Always, writes: false };
        match self.shared.client.exchange(key.bytes(), &batch, rule).await?.pop() {
            Some(Reply::Integer(number)) => Ok(number == 1),
            _ => Err(Unexpected.told(false)),
        }
    }

    /// False where nothing is stored, and so nothing was moved.
    pub(super) async fn move_to_new_id(&self, writes: &[Step<'_>]) -> Result<bool, Error> {
        self.decide_unguarded().await?;
        if self.handle.borrow().standing == (Standing::Fresh { unanswered: 0 }) {
            return Ok(false);
        }
        let Shared { settings, client } = &*self.shared;
        let (sent, new, renew) = {
            let mut handle = self.handle.borrow_mut();
            let sent = handle.sent();
            let fresh = || self.shared.key(sent.key.id().in_slot_of(&settings.prefix, client.host().random()));
            let new = handle.rotating_to.get_or_insert_with(fresh).clone();
            (sent, new, handle.renewing && !handle.renewed)
        };
        let replicas = Replicas::new(settings.replicas);
        let rotation = Rotation {
            old: sent.key.bytes(),
            new: new.bytes(),
            digest: &new.id().digest(),
            guarded: settings.guard,
            renew: renew && settings.guard,
            writes,
            replicas: &replicas,
        };
        let answer = rotation.send(client, settings).await?;
        if let Answer::Done(_) | Answer::Conflict(_) = answer {
            {
                let mut handle = self.handle.borrow_mut();
                let found = handle.found;
                handle.rotated(new, renew);
                if !settings.guard {
                    handle.found = found;
                }
            }
            // It had happened already: by a try of this call, or by a call before with writes of its own.
            if let (Answer::Conflict(_), false) = (answer, writes.is_empty()) {
                self.perform(writes, None).await.and_then(lived)?;
            }
            return replicas.check().map(|()| true);
        }
        let next = self.handle.borrow_mut().learn(&sent, answer, renew, || self.shared.new_key());
        match next {
            Next::Fail(error) => Err(error),
            Next::Return(_) => Err(Error::Gone),
            Next::Again => Ok(false),
        }
    }
}

/// Whether an answer says that something was written, which replicas may have or not.
fn wrote(steps: &[Step], answer: &Answer) -> bool {
    match answer {
        Answer::Done(outcomes) => steps.iter().zip(outcomes).any(|(step, outcome)| step.wrote(outcome)),
        // Its own mark, which a first try of the same call has left.
        Answer::Gone(token) => steps.iter().any(|step| matches!(step, Step::Destroy(own) if own.as_bytes() == token)),
        Answer::Conflict(_) | Answer::Failed(_) | Answer::Missing | Answer::Rotated(_) => false,
    }
}

/// The outcomes of a call that was performed, up to a conflict.
pub(super) fn outcomes(answer: Answer) -> Result<Vec<Outcome>, Error> {
    match answer {
        Answer::Done(outcomes) | Answer::Conflict(outcomes) => Ok(outcomes),
        other => lived(other).map(|()| Vec::new()),
    }
}

pub(super) fn lived(answer: Answer) -> Result<(), Error> {
    match answer {
        Answer::Done(_) | Answer::Conflict(_) => Ok(()),
        Answer::Failed(error) => Err(error),
        Answer::Missing | Answer::Gone(_) => Err(Error::Gone),
        Answer::Rotated(_) => Err(Error::Rotated),
    }
}
