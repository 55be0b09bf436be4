//! Between the contract's types and the core's.

use super::bindings::exports::drsession::session::types::{Error, Found, Operation, Outcome, SameSite, Swap};
use crate::{
    cookie, error,
    session::{self, Step, handle},
};
use bytes::Bytes;

impl From<error::Error> for Error {
    // Inlined into every function of the contract it would be a tenth of the component.
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

/// A batch as the core performs it. JSON is checked here: behind it, values are bytes.
#[inline(never)]
pub(super) fn steps(operations: &[Operation]) -> Result<Vec<Step<'_>>, error::Error> {
    let steps = operations.iter().map(|operation| {
        Ok(match operation {
            Operation::Get(field) | Operation::GetBytes(field) => Step::Get(field),
            Operation::Contains(field) => Step::Contains(field),
            Operation::Set((field, json)) => Step::Set(field, checked(json)?),
            Operation::SetBytes((field, value)) => Step::Set(field, value),
            Operation::SetIfAbsent((field, json)) => Step::SetIfAbsent(field, checked(json)?),
            Operation::CompareAndSet((field, expected, json)) => Step::CompareAndSet {
                field,
                expected: expected.as_deref().map(str::as_bytes),
                value: json.as_deref().map(checked).transpose()?,
            },
            Operation::Delete(field) => Step::Delete(field),
            Operation::Pop(field) => Step::Pop(field),
            Operation::Increment((field, by)) => Step::Increment(field, *by),
            Operation::IncrementFloat((field, by)) => Step::IncrementFloat(field, *by),
        })
    });
    steps.collect()
}

fn checked(json: &str) -> Result<&[u8], error::Error> {
    session::step::check_json(json)?;
    Ok(json.as_bytes())
}

/// The outcomes of a batch, which ends where a comparison conflicts.
pub(super) fn outcomes(
    operations: &[Operation],
    outcomes: Vec<session::Outcome>,
) -> Result<Vec<Outcome>, error::Error> {
    let outcomes = operations.iter().zip(outcomes).map(|(operation, outcome)| {
        Ok(match (operation, outcome) {
            (Operation::GetBytes(_), session::Outcome::Value(value)) => Outcome::Bytes(value.map(Vec::from)),
            (Operation::Get(field) | Operation::Pop(field), session::Outcome::Value(value)) => {
                Outcome::Text(value.map(|bytes| text(bytes, field)).transpose()?)
            }
            (_, session::Outcome::Flag(flag)) => Outcome::Flag(flag),
            (_, session::Outcome::Integer(number)) => Outcome::Integer(number),
            (_, session::Outcome::Number(number)) => Outcome::Number(number),
            (Operation::CompareAndSet((field, ..)), session::Outcome::Swap(result)) => {
                Outcome::Swap(swap(result, field)?)
            }
            _ => Outcome::Done,
        })
    });
    outcomes.collect()
}

/// What a comparison did. What is stored instead has to be text.
pub(super) fn swap(swap: session::Swap, field: &str) -> Result<Swap, error::Error> {
    Ok(match swap {
        session::Swap::Stored => Swap::Stored,
        session::Swap::Conflict(stored) => Swap::Conflict(stored.map(|bytes| text(bytes, field)).transpose()?),
    })
}

fn text(bytes: Bytes, field: &str) -> Result<String, error::Error> {
    String::from_utf8(bytes.into()).map_err(|_| error::Error::Corrupt(field.into()))
}
