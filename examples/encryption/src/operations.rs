//! Steps of a batch with their values encrypted, and their outcomes decrypted.

use crate::bindings::drsession::session::types::{Error, Operation, Outcome, Swap};
use crate::session::Values;

/// The step as drsession is to do it. For a `compare-and-set` whose value is stored otherwise than it would be encrypted now, as it is stored.
pub(crate) fn encrypted(
    values: &Values<'_>,
    operation: &Operation,
    stored: Option<&String>,
) -> Result<Operation, Error> {
    Ok(match operation {
        // Bytes are stored as text too: text is what can be compared.
        Operation::Get(field) | Operation::GetBytes(field) => Operation::Get(field.clone()),
        Operation::Contains(field) => Operation::Contains(field.clone()),
        Operation::Delete(field) => Operation::Delete(field.clone()),
        Operation::Pop(field) => Operation::Pop(field.clone()),
        Operation::Set((field, json)) => Operation::Set((field.clone(), values.encrypt_json(field, json)?)),
        Operation::SetBytes((field, bytes)) => Operation::Set((field.clone(), values.encrypt(field, bytes))),
        Operation::SetIfAbsent((field, json)) => {
            Operation::SetIfAbsent((field.clone(), values.encrypt_json(field, json)?))
        }
        Operation::CompareAndSet((field, expected, json)) => {
            let expected = expected.as_ref().map(|json| values.encrypt(field, json.as_bytes()));
            let json = json.as_ref().map(|json| values.encrypt_json(field, json)).transpose()?;
            Operation::CompareAndSet((field.clone(), stored.cloned().or(expected), json))
        }
        Operation::Increment(_) | Operation::IncrementFloat(_) => return Err(no_counters()),
    })
}

pub(crate) fn no_counters() -> Error {
    Error::Unsupported("counters: Redis can't add to an encrypted number".to_owned())
}

/// What the step came to, for the application.
pub(crate) fn decrypted(values: &Values<'_>, operation: &Operation, outcome: Outcome) -> Result<Outcome, Error> {
    Ok(match (operation, outcome) {
        (Operation::Get(field) | Operation::Pop(field), Outcome::Text(Some(stored))) => {
            Outcome::Text(Some(values.decrypt_text(field, &stored)?))
        }
        (Operation::GetBytes(field), Outcome::Text(stored)) => {
            Outcome::Bytes(stored.map(|stored| values.decrypt(field, stored.as_bytes())).transpose()?)
        }
        (Operation::CompareAndSet((field, ..)), Outcome::Swap(Swap::Conflict(Some(stored)))) => {
            Outcome::Swap(Swap::Conflict(Some(values.decrypt_text(field, &stored)?)))
        }
        (_, outcome) => outcome,
    })
}
