//! A request to one session, and the server's response. Three modules send requests: `plain`, `script` and
//! `transaction`.

use super::{Operation, operation::Outcome};
use crate::{
    error::Error,
    few::Few,
    redis::{Limits, Repeat, Rule, Wait},
};

/// What a request expects of its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// The session exists and is alive.
    Alive,
    /// The session is new, so it is created if it does not exist.
    New,
    /// Nothing: the guard is off.
    Anything,
}

/// Operations on one session: all of them are executed, or none.
pub struct Request<'a> {
    /// The session's key.
    pub key: &'a [u8],
    /// What it expects of the session.
    pub expect: Expect,
    /// Whether it renews the idle lifetime.
    pub renew: bool,
    /// Whether an earlier call of the handle has ensured that the session has an expiry and a time of creation.
    pub settled: bool,
    /// The operations, in order.
    pub operations: &'a [Operation<'a>],
    /// The replicas that its writes wait for.
    pub wait: Option<Wait>,
    /// The limits of the call.
    pub limits: &'a Limits,
}

impl Request<'_> {
    /// How it may be treated.
    pub fn rule(&self) -> Rule {
        let mut rule = Rule { wait: self.wait, ..Rule::READ };
        for operation in self.operations {
            let kind = operation.describe().kind();
            rule.repeat = rule.repeat.and(kind.repeat);
            rule.writes |= kind.writes;
        }
        rule
    }

    /// Whether the session's liveness is checked.
    pub fn is_guarded(&self) -> bool {
        self.expect != Expect::Anything
    }

    /// Whether its operations do nothing but read.
    pub fn only_reads(&self) -> bool {
        self.operations.iter().all(|operation| !operation.describe().kind().writes)
    }
}

/// For a rotation: a second try recognizes its own tombstone, or finds nothing left to move.
pub const ROTATION: Rule = Rule { repeat: Repeat::Always, writes: true, wait: None };

/// The server's response to a request.
#[derive(PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub enum Response {
    /// Every operation was executed.
    Done(Few<Outcome>),
    /// A comparison conflicted, so nothing was written. The outcomes up to it.
    Conflict(Few<Outcome>),
    /// A counter failed, so nothing was written. The session is alive.
    Failed(Error),
    /// There is no session.
    Missing,
    /// It was destroyed. The token of its tombstone.
    Gone(Vec<u8>),
    /// It has moved. The digest of its new id.
    Moved(Vec<u8>),
}

impl Response {
    /// The outcomes, up to a conflict. An error if there are no outcomes.
    pub fn outcomes(self) -> Result<Few<Outcome>, Error> {
        match self {
            Response::Done(outcomes) | Response::Conflict(outcomes) => Ok(outcomes),
            Response::Failed(error) => Err(error),
            Response::Missing | Response::Gone(_) => Err(Error::Gone),
            Response::Moved(_) => Err(Error::Rotated),
        }
    }

    /// Whether something was written, so that it matters how many replicas have it.
    pub fn wrote(&self, operations: &[Operation]) -> bool {
        let mut operations = operations.iter().map(Operation::describe);
        match self {
            Response::Done(outcomes) => {
                operations.zip(outcomes.iter()).any(|(operation, outcome)| operation.wrote(outcome))
            }
            // Its own tombstone, left by an earlier try of the same call.
            Response::Gone(token) => {
                operations.any(|operation| operation.tombstone().is_some_and(|own| own.as_bytes() == token))
            }
            Response::Conflict(_) | Response::Failed(_) | Response::Missing | Response::Moved(_) => false,
        }
    }
}

/// A response, and the number of replicas that have the write, if the request waited for replicas.
pub struct Received {
    /// The response.
    pub response: Response,
    /// The replicas that have the write.
    pub replicas: Option<u32>,
}
