//! Conversions between the contract's types in the bindings and the core's.

use super::bindings::exports::drsession::session::types::{Error, Found, Operation, Outcome, SameSite, Swap};
use crate::{
    cookie, error,
    session::{
        self, handle,
        operation::{self, Answer, from_contract},
    },
};

impl From<error::Error> for Error {
    // Inlined into every function of the contract, it would be a tenth of the component.
    #[inline(never)]
    fn from(error: error::Error) -> Self {
        match error {
            error::Error::Gone => Error::Gone,
            error::Error::Rotated => Error::Rotated,
            error::Error::NotANumber(field) => Error::NotANumber(field),
            error::Error::Overflow => Error::Overflow,
            error::Error::InvalidArgument(why) => Error::InvalidArgument(why),
            error::Error::TooLarge(limit) => Error::TooLarge(limit),
            error::Error::Corrupt(field) => Error::Corrupt(field),
            error::Error::WrongType => Error::WrongType,
            error::Error::Denied(what) => Error::Denied(what),
            error::Error::Unavailable(why) => Error::Unavailable(why),
            error::Error::Busy => Error::Busy,
            error::Error::TooLate => Error::TooLate,
            error::Error::OutcomeUnknown(why) => Error::OutcomeUnknown(why),
            error::Error::NotReplicated(count) => Error::NotReplicated(count),
            error::Error::Unsupported(what) => Error::Unsupported(what),
            error::Error::Server(text) => Error::Server(text),
            error::Error::Protocol(why) => Error::Protocol(why),
        }
    }
}

impl From<SameSite> for cookie::SameSite {
    fn from(same_site: SameSite) -> Self {
        match same_site {
            SameSite::Lax => cookie::SameSite::Lax,
            SameSite::Strict => cookie::SameSite::Strict,
            SameSite::None => cookie::SameSite::None,
        }
    }
}

impl From<handle::Found> for Found {
    fn from(found: handle::Found) -> Self {
        match found {
            handle::Found::NoCookie => Found::NoCookie,
            handle::Found::UnknownId => Found::UnknownId,
            handle::Found::Alive => Found::Alive,
        }
    }
}

impl From<operation::Swap<String>> for Swap {
    fn from(swap: operation::Swap<String>) -> Self {
        match swap {
            operation::Swap::Stored => Swap::Stored,
            operation::Swap::Conflict(stored) => Swap::Conflict(stored),
        }
    }
}

/// Converts a batch.
#[inline(never)]
pub(super) fn operations(operations: &[Operation]) -> Vec<session::Operation<'_>> {
    operations.iter().map(|operation| from_contract!(Operation, operation)).collect()
}

/// Converts the outcomes of a batch.
#[inline(never)]
pub(super) fn outcomes(answers: Vec<Answer>) -> Vec<Outcome> {
    let outcomes = answers.into_iter().map(|answer| match answer {
        Answer::Done => Outcome::Done,
        Answer::Text(text) => Outcome::Text(text),
        Answer::Bytes(bytes) => Outcome::Bytes(bytes),
        Answer::Flag(flag) => Outcome::Flag(flag),
        Answer::Integer(number) => Outcome::Integer(number),
        Answer::Number(number) => Outcome::Number(number),
        Answer::Swap(swap) => Outcome::Swap(swap.into()),
    });
    outcomes.collect()
}
