//! The steps that calls are made of: what each takes, answers, and may do.

use super::layout::is_reserved;
use crate::{error::Error, joined::joined, options::Lifetime, redis::Repeat};
use bytes::Bytes;
use serde::de::IgnoredAny;

/// The longest field name, in bytes.
pub const MAX_FIELD: usize = 64 << 10;
/// The longest value, in bytes.
pub const MAX_VALUE: usize = 16 << 20;
/// The most steps in a batch.
pub const MAX_STEPS: usize = 100_000;
/// The most bytes in a batch: names and values together.
pub const MAX_BATCH: usize = 32 << 20;

/// What a `compare-and-set` did.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub enum Swap {
    /// The new value is stored.
    Stored,
    /// Something else is there.
    Conflict(Option<Bytes>),
}

/// One thing to do to a session.
#[derive(Clone, Copy)]
pub enum Step<'a> {
    /// Reads a field. [`Outcome::Value`]
    Get(&'a str),
    /// Whether a field is there. [`Outcome::Flag`]
    Contains(&'a str),
    /// Stores a field. [`Outcome::Done`]
    Set(&'a str, &'a [u8]),
    /// Stores a field that is not there. [`Outcome::Flag`]
    SetIfAbsent(&'a str, &'a [u8]),
    /// Stores or deletes a field if it holds what is expected. [`Outcome::Swap`]
    CompareAndSet {
        /// The field.
        field: &'a str,
        /// What it has to hold; none: nothing.
        expected: Option<&'a [u8]>,
        /// What it is to hold; none: nothing.
        value: Option<&'a [u8]>,
    },
    /// Removes a field. [`Outcome::Flag`]
    Delete(&'a str),
    /// Reads and removes a field. [`Outcome::Value`]
    Pop(&'a str),
    /// Adds to a counter. [`Outcome::Integer`]
    Increment(&'a str, i64),
    /// Adds to a counter with a fraction. [`Outcome::Number`]
    IncrementFloat(&'a str, f64),
    /// How many fields there are. [`Outcome::Integer`]
    Len,
    /// The fields' names. [`Outcome::Keys`]
    Keys,
    /// The fields and their values. [`Outcome::Items`]
    Items,
    /// Removes every field. [`Outcome::Done`]
    Clear,
    /// Milliseconds until the session expires. [`Outcome::Expiry`]
    Ttl,
    /// Gives the session lifetimes of its own. [`Outcome::Done`]
    SetLifetime(Lifetime),
    /// Ends the session; the marker left behind holds this token. [`Outcome::Done`]
    Destroy(&'a str),
}

/// What a step came to.
#[derive(Clone, PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub enum Outcome {
    /// Done.
    Done,
    /// What a field holds or held.
    Value(Option<Bytes>),
    /// Yes or no.
    Flag(bool),
    /// A counter's new value, or a number of fields.
    Integer(i64),
    /// A counter's new value.
    Number(f64),
    /// What a swap did.
    Swap(Swap),
    /// Names.
    Keys(Vec<Bytes>),
    /// Names with values.
    Items(Vec<(Bytes, Bytes)>),
    /// Milliseconds until the session expires; none: never.
    Expiry(Option<u64>),
}

impl<'a> Step<'a> {
    /// The rule for a lost reply.
    pub fn repeat(&self) -> Repeat {
        match self {
            Step::Get(_) | Step::Contains(_) | Step::Len | Step::Keys | Step::Items | Step::Ttl => Repeat::Always,
            // Its own token tells a marker that the first try left.
            Step::Destroy(_) => Repeat::Always,
            // Sent again it could undo what another handle was told is stored in between.
            Step::Set(..) | Step::SetIfAbsent(..) | Step::CompareAndSet { .. } | Step::Delete(_) | Step::Clear => {
                Repeat::IfNotExecuted
            }
            // Sent again it would lose what it read, or count twice.
            Step::Pop(_) | Step::Increment(..) | Step::IncrementFloat(..) => Repeat::IfNotExecuted,
            // Sent again the absolute lifetime would begin later than the caller was told.
            Step::SetLifetime(_) => Repeat::IfNotExecuted,
        }
    }

    /// Whether it may change the session (its expiry aside).
    pub fn writes(&self) -> bool {
        match self {
            Step::Get(_) | Step::Contains(_) | Step::Len | Step::Keys | Step::Items | Step::Ttl => false,
            Step::Set(..) | Step::SetIfAbsent(..) | Step::CompareAndSet { .. } | Step::Delete(_) | Step::Pop(_) => true,
            Step::Increment(..) | Step::IncrementFloat(..) => true,
            Step::Clear | Step::SetLifetime(_) | Step::Destroy(_) => true,
        }
    }

    /// Whether it has changed the session (its expiry aside), going by what it came to.
    pub fn wrote(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Step::SetIfAbsent(..) | Step::Delete(_), Outcome::Flag(done)) => *done,
            (Step::Pop(_), Outcome::Value(value)) => value.is_some(),
            (Step::CompareAndSet { expected: None, value: None, .. }, _) => false,
            (step, _) => step.writes(),
        }
    }

    /// Whether it stores something where nothing is stored yet, and so makes a session.
    pub fn creates(&self) -> bool {
        match self {
            Step::Set(..) | Step::SetIfAbsent(..) | Step::Increment(..) | Step::IncrementFloat(..) => true,
            Step::CompareAndSet { expected, value, .. } => expected.is_none() && value.is_some(),
            Step::Get(_) | Step::Contains(_) | Step::Len | Step::Keys | Step::Items | Step::Ttl => false,
            Step::Delete(_) | Step::Pop(_) | Step::Clear | Step::SetLifetime(_) | Step::Destroy(_) => false,
        }
    }

    /// Whether it can fail for what a field holds, after steps before it have written.
    pub fn can_fail(&self) -> bool {
        matches!(self, Step::CompareAndSet { .. } | Step::Increment(..) | Step::IncrementFloat(..))
    }

    /// Its outcome where no session is stored: of a step that doesn't create. `lifetime` is what the session would have.
    pub fn outcome_of_nothing(&self, lifetime: Lifetime) -> Outcome {
        match self {
            Step::Get(_) | Step::Pop(_) => Outcome::Value(None),
            Step::Contains(_) | Step::Delete(_) => Outcome::Flag(false),
            Step::Len => Outcome::Integer(0),
            Step::Keys => Outcome::Keys(Vec::new()),
            Step::Items => Outcome::Items(Vec::new()),
            Step::Ttl => Outcome::Expiry(lifetime.at_first().map(|seconds| u64::from(seconds) * 1000)),
            Step::CompareAndSet { expected: Some(_), .. } => Outcome::Swap(Swap::Conflict(None)),
            Step::CompareAndSet { expected: None, .. } => Outcome::Swap(Swap::Stored),
            Step::Set(..) | Step::Clear | Step::SetLifetime(_) | Step::Destroy(_) => Outcome::Done,
            Step::SetIfAbsent(..) => Outcome::Flag(true),
            Step::Increment(_, by) => Outcome::Integer(*by),
            Step::IncrementFloat(_, by) => Outcome::Number(*by),
        }
    }

    /// The field it is about.
    pub fn field(&self) -> Option<&'a str> {
        match *self {
            Step::Get(field) | Step::Contains(field) | Step::Delete(field) | Step::Pop(field) => Some(field),
            Step::Set(field, _) | Step::SetIfAbsent(field, _) | Step::CompareAndSet { field, .. } => Some(field),
            Step::Increment(field, _) | Step::IncrementFloat(field, _) => Some(field),
            Step::Len | Step::Keys | Step::Items | Step::Clear | Step::Ttl => None,
            Step::SetLifetime(_) | Step::Destroy(_) => None,
        }
    }

    fn values(&self) -> [&[u8]; 2] {
        match self {
            Step::Set(_, value) | Step::SetIfAbsent(_, value) => [value, b""],
            Step::CompareAndSet { expected, value, .. } => [expected.unwrap_or_default(), value.unwrap_or_default()],
            _ => [b"", b""],
        }
    }
}

/// Checks that steps keep to the limits and name no reserved field.
pub fn check(steps: &[Step]) -> Result<(), Error> {
    if steps.len() > MAX_STEPS {
        return Err(Error::TooLarge(MAX_STEPS as u64));
    }
    let mut bytes = 0;
    for step in steps {
        let field = step.field().unwrap_or_default();
        if field.len() > MAX_FIELD {
            return Err(Error::TooLarge(MAX_FIELD as u64));
        }
        if is_reserved(field.as_bytes()) {
            return Err(Error::invalid("field names that begin with U+0000 are reserved"));
        }
        for value in step.values() {
            if value.len() > MAX_VALUE {
                return Err(Error::TooLarge(MAX_VALUE as u64));
            }
            bytes += value.len();
        }
        if let Step::IncrementFloat(_, by) = step
            && !by.is_finite()
        {
            return Err(Error::invalid("an increment that is not finite"));
        }
        bytes += field.len();
    }
    if bytes > MAX_BATCH {
        return Err(Error::TooLarge(MAX_BATCH as u64));
    }
    Ok(())
}

/// Checks that a value is JSON (RFC 8259).
pub fn check_json(json: &str) -> Result<(), Error> {
    // Too large is told as such; nobody waits for a parser to find out.
    if json.len() > MAX_VALUE {
        return Err(Error::TooLarge(MAX_VALUE as u64));
    }
    serde_json::from_str::<IgnoredAny>(json).map(drop).map_err(|error| {
        let what = if error.is_eof() { "the value is JSON cut short" } else { "the value is not JSON" };
        let (mut line, mut column) = (itoa::Buffer::new(), itoa::Buffer::new());
        let place = [what, ", line ", line.format(error.line()), " column ", column.format(error.column())];
        Error::InvalidArgument(joined(&place))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_what_is_none() {
        for json in ["null", "0", "-1.5e300", "\"\\ud83d\\ude00\"", "[1,{\"a\":[]}]", " true\n", "9223372036854775808"]
        {
            assert_eq!(check_json(json), Ok(()), "{json}");
        }
        for json in ["", " ", "nul", "01", "1.", "'a'", "[1,]", "{a:1}", "\"\u{1}\"", "1 2", "NaN", "\"a", "[[[["] {
            assert!(matches!(check_json(json), Err(Error::InvalidArgument(_))), "{json}");
        }
        let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
        assert_eq!(check_json(&deep), Ok(()));
    }

    #[test]
    fn an_error_holds_nothing_of_the_value() {
        let Err(Error::InvalidArgument(why)) = check_json("{\"hunter2\": hunter2}") else {
            panic!("taken for JSON");
        };
        assert_eq!(why, "the value is not JSON, line 1 column 13");
    }

    #[test]
    fn limits_are_exact() {
        let (field, longer) = ("f".repeat(MAX_FIELD), "f".repeat(MAX_FIELD + 1));
        assert_eq!(check(&[Step::Get(&field)]), Ok(()));
        assert_eq!(check(&[Step::Get(&longer)]), Err(Error::TooLarge(MAX_FIELD as u64)));
        let value = vec![0; MAX_VALUE + 1];
        assert_eq!(check(&[Step::Set("", &value[1..])]), Ok(()));
        assert_eq!(check(&[Step::Set("", &value)]), Err(Error::TooLarge(MAX_VALUE as u64)));
        let two = [Step::Set("", &value[1..]), Step::Set("", &value[1..])];
        assert_eq!(check(&two), Ok(()));
        assert_eq!(check(&[two[0], two[1], Step::Get("a")]), Err(Error::TooLarge(MAX_BATCH as u64)));
        let many = vec![Step::Get(""); MAX_STEPS + 1];
        assert_eq!(check(&many[1..]), Ok(()));
        assert_eq!(check(&many), Err(Error::TooLarge(MAX_STEPS as u64)));
    }

    #[test]
    fn what_changed_nothing_has_written_nothing() {
        let stored = Outcome::Swap(Swap::Stored);
        let swap = |expected, value| Step::CompareAndSet { field: "a", expected, value };
        for (step, outcome) in [
            (Step::SetIfAbsent("a", b"1"), Outcome::Flag(false)),
            (Step::Delete("a"), Outcome::Flag(false)),
            (Step::Pop("a"), Outcome::Value(None)),
            (Step::Get("a"), Outcome::Value(Some("1".into()))),
            (swap(None, None), stored.clone()),
        ] {
            assert!(!step.wrote(&outcome), "{outcome:?}");
        }
        for (step, outcome) in [
            (Step::SetIfAbsent("a", b"1"), Outcome::Flag(true)),
            (Step::Delete("a"), Outcome::Flag(true)),
            (Step::Pop("a"), Outcome::Value(Some("1".into()))),
            (Step::Set("a", b"1"), Outcome::Done),
            (Step::Increment("a", 0), Outcome::Integer(0)),
            (swap(Some(b"1"), None), stored.clone()),
            (swap(None, Some(b"1")), stored),
        ] {
            assert!(step.wrote(&outcome), "{outcome:?}");
        }
    }

    #[test]
    fn reserved_names_are_refused() {
        assert!(matches!(check(&[Step::Get("\0created")]), Err(Error::InvalidArgument(_))));
        assert_eq!(check(&[Step::Get(""), Step::Get("a\0")]), Ok(()));
    }
}
