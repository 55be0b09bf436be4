//! What callers are told, and what has to follow from it.

use std::time::Duration;

use super::{
    expected::Violation,
    ledger::{Ledger, count},
};
use crate::session::Error;

/// How long somebody rests who could not be served. It paces, and nothing hangs on it.
const REST: Duration = Duration::from_millis(20);

/// What a call does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

/// What became of a call.
pub(super) enum Told<T> {
    Done(T),
    /// It may be done, now or later.
    Unknown,
    /// It is done, and will be undone if the primary ends before a replica has it.
    Unreplicated,
    /// It is not done.
    Unavailable,
    /// There is no such session.
    Ended,
}

impl Ledger {
    /// Counts what a caller was told.
    pub(super) async fn told<T>(&self, kind: Kind, result: Result<T, Error>) -> Told<T> {
        let counts = &self.counts;
        let error = match result {
            Ok(value) => {
                count(if kind == Kind::Read { &counts.reads } else { &counts.acknowledged });
                return Told::Done(value);
            }
            Err(error) => error,
        };
        match error {
            Error::Gone | Error::Rotated => return Told::Ended,
            Error::Unavailable(_) | Error::Busy => {
                count(&counts.unavailable);
                tokio::time::sleep(REST).await;
                return Told::Unavailable;
            }
            Error::NotReplicated(_) if kind == Kind::Write => {
                count(&counts.unknown);
                return Told::Unreplicated;
            }
            Error::OutcomeUnknown(_) if kind == Kind::Write => count(&counts.unknown),
            error => self.judge(&format!("{error:?}"), Err(Violation::Unexpected)),
        }
        tokio::time::sleep(REST).await;
        Told::Unknown
    }
}
