//! What operations do to a session's fields.

use std::collections::{BTreeMap, BTreeSet};

use host_test::session::{Error, Operation, Outcome, Swap};

/// What an application has stored.
pub(super) type Fields = BTreeMap<String, Vec<u8>>;

/// Operations, one after another. An outcome that is no text is an error once all of them are done.
pub(super) struct Batch {
    scripts: bool,
    pub(super) outcomes: Vec<Result<Outcome, Error>>,
    /// Whether a comparison failed: then it ends here, and nothing is written.
    pub(super) conflicts: bool,
    /// Fields that hold a sum of `increment-float`.
    sums: BTreeSet<String>,
    has_summed: bool,
}

impl Batch {
    pub(super) fn new(scripts: bool) -> Self {
        Self { scripts, outcomes: Vec::new(), conflicts: false, sums: BTreeSet::new(), has_summed: false }
    }

    pub(super) fn perform(
        &mut self,
        fields: &mut Fields,
        operation: &Operation,
    ) -> Result<Result<Outcome, Error>, Error> {
        let done = |outcome| Ok(Ok(outcome));
        // Without scripts the sum's digits are known too late for these.
        let unsupported = Err(Error::Unsupported(String::new()));
        match operation {
            Operation::Get(field) => Ok(text(field, fields.get(field)).map(Outcome::Text)),
            Operation::GetBytes(field) => done(Outcome::Bytes(fields.get(field).cloned())),
            Operation::Contains(field) => done(Outcome::Flag(fields.contains_key(field))),
            Operation::Set((field, json)) => {
                self.put(fields, field, Some(json.as_bytes()));
                done(Outcome::Done)
            }
            Operation::SetBytes((field, value)) => {
                self.put(fields, field, Some(value));
                done(Outcome::Done)
            }
            Operation::SetIfAbsent((field, json)) => {
                let absent = !fields.contains_key(field);
                if absent {
                    self.put(fields, field, Some(json.as_bytes()));
                }
                done(Outcome::Flag(absent))
            }
            Operation::CompareAndSet(_) if !self.scripts && self.has_summed => unsupported,
            Operation::CompareAndSet((field, expected, json)) => {
                let stored = fields.get(field);
                if stored.map(Vec::as_slice) != expected.as_deref().map(str::as_bytes) {
                    self.conflicts = true;
                    return Ok(text(field, stored).map(|stored| Outcome::Swap(Swap::Conflict(stored))));
                }
                self.put(fields, field, json.as_deref().map(str::as_bytes));
                done(Outcome::Swap(Swap::Stored))
            }
            Operation::Delete(field) => done(Outcome::Flag(self.put(fields, field, None).is_some())),
            Operation::Pop(field) => {
                let value = self.put(fields, field, None);
                Ok(text(field, value.as_ref()).map(Outcome::Text))
            }
            Operation::Increment((field, _)) if !self.scripts && self.sums.contains(field) => unsupported,
            Operation::Increment((field, by)) => {
                let number = match fields.get(field) {
                    None => Some(0),
                    Some(digits) => std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<i64>().ok()),
                };
                let number = number.ok_or_else(|| Error::NotANumber(field.clone()))?;
                let sum = number.checked_add(*by).ok_or(Error::Overflow)?;
                self.put(fields, field, Some(sum.to_string().as_bytes()));
                done(Outcome::Integer(sum))
            }
            Operation::IncrementFloat((field, by)) => {
                let halves = match fields.get(field) {
                    None => Some(0),
                    Some(text) => halves(text),
                };
                let sum = halves.ok_or_else(|| Error::NotANumber(field.clone()))? + (by * 2.0) as i128;
                self.put(fields, field, Some(halves_text(sum).as_bytes()));
                self.sums.insert(field.clone());
                self.has_summed = true;
                done(Outcome::Number(sum as f64 / 2.0))
            }
        }
    }

    /// What was there before.
    fn put(&mut self, fields: &mut Fields, field: &str, value: Option<&[u8]>) -> Option<Vec<u8>> {
        self.sums.remove(field);
        match value {
            Some(value) => fields.insert(field.to_owned(), value.to_vec()),
            None => fields.remove(field),
        }
    }
}

pub(super) fn is_text(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok()
}

fn text(field: &str, value: Option<&Vec<u8>>) -> Result<Option<String>, Error> {
    let text = value.map(|value| String::from_utf8(value.clone())).transpose();
    text.map_err(|_| Error::Corrupt(field.to_owned()))
}

/// A number of these sequences, which has no smaller fraction than a half, in halves.
fn halves(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    match text.strip_suffix(".5") {
        None => text.parse::<i128>().ok().map(|whole| whole * 2),
        Some(whole) => {
            whole.parse::<i128>().ok().map(|number| number * 2 + if whole.starts_with('-') { -1 } else { 1 })
        }
    }
}

fn halves_text(halves: i128) -> String {
    let sign = if halves < 0 { "-" } else { "" };
    let fraction = if halves % 2 == 0 { "" } else { ".5" };
    format!("{sign}{}{fraction}", halves.unsigned_abs() / 2)
}
