//! A call on its way: steps for one session, sent in one of three ways, and one kind of answer whichever it was.

use super::{
    direct, script,
    step::{Outcome, Step},
    transaction,
};
use crate::{
    error::Error,
    options::Settings,
    redis::{Client, Host, Repeat, client::Rule, replicas::Replicas},
};
use bytes::Bytes;

/// What to do where no session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Tell.
    Require,
    /// Make one.
    Create,
    /// Look at nothing and add nothing: the guard is off.
    Unguarded,
}

/// Steps to perform on one session: all of them or none.
pub struct Call<'a> {
    /// The session's key.
    pub key: &'a [u8],
    /// What to do where no session stands.
    pub mode: Mode,
    /// Whether to renew the idle lifetime.
    pub renew: bool,
    /// Whether a former call of this handle has made sure that the session has an expiry and its moment of creation.
    pub settled: bool,
    /// What to do.
    pub steps: &'a [Step<'a>],
    /// The replicas that its writes wait for.
    pub replicas: &'a Replicas,
}

/// What came of a call.
#[derive(PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub enum Answer {
    /// Every step was performed.
    Done(Vec<Outcome>),
    /// A comparison failed and nothing was written; the outcomes up to it.
    Conflict(Vec<Outcome>),
    /// A counter's step failed and nothing was written. The session lives.
    Failed(Error),
    /// There is no session.
    Missing,
    /// It was destroyed; the token of who did it.
    Gone(Bytes),
    /// It has moved to the id with this digest.
    Rotated(Bytes),
}

impl Call<'_> {
    /// What may be done about a lost reply.
    pub fn rule(&self) -> Rule {
        let mut repeat = Repeat::Always;
        let mut writes = false;
        for step in self.steps {
            repeat = repeat.and(step.repeat());
            writes |= step.writes();
        }
        Rule { repeat, writes }
    }

    /// Sends it.
    pub async fn send<H: Host>(&self, client: &Client<H>, settings: &Settings) -> Result<Answer, Error> {
        if let Some(direct) = direct::Form::of(self, settings.scripts) {
            direct.perform(client, self).await
        } else if settings.scripts {
            script::perform(client, settings, self).await
        } else {
            transaction::perform(client, settings, self).await
        }
    }
}
