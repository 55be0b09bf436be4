//! The operations that calls consist of. Each has a file here, alone or together with similar ones. The file defines
//! everything that is specific to the operation: its limits, how it is encoded for the script, as a plain command and
//! in a transaction, how its reply is decoded, what it does if there is no session, whether it writes, whether it may
//! be repeated. Its Lua is in a file beside it.
//!
//! Everything else in the crate asks [`Operation::describe`] and treats all operations alike.

mod clear;
mod compare_and_set;
mod counter;
mod delete;
mod destroy;
mod get;
mod lifetime;
mod list;
mod parse_float;
mod pop;
mod set;

pub use clear::Clear;
pub use counter::{canonical_integer, float};
pub use lifetime::Ttl;
pub use list::{Items, Keys, Len};

use super::{
    decode::{self, Unexpected},
    layout::is_reserved,
    transaction::{Seen, Simulation, Stop, Transaction},
};
use crate::{
    error::Error,
    options::Lifetime,
    redis::{
        Batch, Repeat, Value,
        batch::{StaticArg, static_arg},
    },
    text::concat,
};
use serde::de::IgnoredAny;

/// The longest field name, in bytes.
pub const MAX_FIELD: usize = 64 << 10;
/// The longest value, in bytes.
pub const MAX_VALUE: usize = 16 << 20;
/// The most operations in a batch.
pub const MAX_OPERATIONS: usize = 100_000;
/// The most bytes in a batch: field names and values together.
pub const MAX_BATCH: usize = 32 << 20;

/// Something to do to a session.
#[derive(Clone, Copy)]
pub enum Operation<'a> {
    /// Read a field.
    Get(get::Get<'a>),
    /// Whether a field exists.
    Contains(get::Contains<'a>),
    /// Store a field.
    Set(set::Set<'a>),
    /// Store a field unless it exists.
    SetIfAbsent(set::SetIfAbsent<'a>),
    /// Store or delete a field if it holds the expected value.
    CompareAndSet(compare_and_set::CompareAndSet<'a>),
    /// Delete a field.
    Delete(delete::Delete<'a>),
    /// Read and delete a field.
    Pop(pop::Pop<'a>),
    /// Add to an integer.
    Increment(counter::Increment<'a>),
    /// Add to a floating-point number.
    IncrementFloat(counter::IncrementFloat<'a>),
    /// The number of fields.
    Len(list::Len),
    /// The fields' names.
    Keys(list::Keys),
    /// The fields' names and values.
    Items(list::Items),
    /// Delete every field.
    Clear(clear::Clear),
    /// The time until the session expires.
    Ttl(lifetime::Ttl),
    /// Give the session lifetimes of its own.
    SetLifetime(lifetime::SetLifetime),
    /// End the session.
    Destroy(destroy::Destroy<'a>),
}

impl Operation<'_> {
    /// The operation's description.
    pub fn describe(&self) -> &(dyn Describe + '_) {
        match self {
            Operation::Get(operation) => operation,
            Operation::Contains(operation) => operation,
            Operation::Set(operation) => operation,
            Operation::SetIfAbsent(operation) => operation,
            Operation::CompareAndSet(operation) => operation,
            Operation::Delete(operation) => operation,
            Operation::Pop(operation) => operation,
            Operation::Increment(operation) => operation,
            Operation::IncrementFloat(operation) => operation,
            Operation::Len(operation) => operation,
            Operation::Keys(operation) => operation,
            Operation::Items(operation) => operation,
            Operation::Clear(operation) => operation,
            Operation::Ttl(operation) => operation,
            Operation::SetLifetime(operation) => operation,
            Operation::Destroy(operation) => operation,
        }
    }
}

/// Builds an operation from the contract's `operation` variant: `$wit` is that type in the bindings, which this layer must not name.
#[cfg(target_arch = "wasm32")]
macro_rules! from_contract {
    ($wit:ident, $operation:expr) => {{
        use $crate::session::Operation as Core;
        match $operation {
            $wit::Get(field) => Core::get(field),
            $wit::GetBytes(field) => Core::get_bytes(field),
            $wit::Contains(field) => Core::contains(field),
            $wit::Set((field, json)) => Core::set_json(field, json),
            $wit::SetBytes((field, value)) => Core::set(field, value),
            $wit::SetIfAbsent((field, json)) => Core::set_if_absent(field, json),
            $wit::CompareAndSet((field, expected, json)) => {
                Core::compare_and_set(field, expected.as_deref(), json.as_deref())
            }
            $wit::Delete(field) => Core::delete(field),
            $wit::Pop(field) => Core::pop(field),
            $wit::Increment((field, by)) => Core::increment(field, *by),
            $wit::IncrementFloat((field, by)) => Core::increment_float(field, *by),
        }
    }};
}
#[cfg(target_arch = "wasm32")]
pub(crate) use from_contract;

/// What is the same for every operation of a kind.
pub struct Kind {
    /// Its name in the scripts.
    pub name: StaticArg,
    /// Whether it may be sent again after its reply was lost.
    pub repeat: Repeat,
    /// Whether it may change the session (its expiry aside).
    pub writes: bool,
    /// Whether it can fail because of what its field holds.
    pub can_fail: bool,
    /// Whether it can fail after it has itself written.
    pub fails_late: bool,
    /// Whether it may conflict, which ends its batch.
    pub compares: bool,
    /// Whether `rotate` can take it along.
    pub rotates: bool,
    /// Whether a transaction has to read all field names first.
    pub needs_names: bool,
    /// How it is sent without a script.
    pub plain: Plain,
    /// Whether the reply to its plain command lists values after the names.
    pub lists_values: bool,
}

impl Kind {
    /// A kind that reads and cannot be sent as a plain command. All other kinds are derived from it.
    const READ: Self = Self {
        name: static_arg!(b""),
        repeat: Repeat::Always,
        writes: false,
        can_fail: false,
        fails_late: false,
        compares: false,
        rotates: false,
        needs_names: false,
        plain: Plain::None,
        lists_values: false,
    };

    /// A kind that writes, and must not be repeated.
    const WRITE: Self = Self { repeat: Repeat::IfNotExecuted, writes: true, ..Self::READ };
}

/// How an operation is sent as a plain command, if its session is known to be alive or is not checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// As a field of one HMGET.
    Field,
    /// As a command that lists all fields, and so shows a tombstone too.
    Listing,
    /// As a command that reads.
    Read,
    /// As a command that writes. It cannot check the session.
    Write,
    /// As field and value of one HSET. It cannot check the session.
    Pair,
    /// Not at all.
    None,
}

/// Everything that the rest of the crate needs to know about an operation.
pub trait Describe {
    /// What is the same for every operation of its kind.
    fn kind(&self) -> &'static Kind;

    /// Its field, if it has one.
    fn field(&self) -> Option<&str> {
        None
    }

    /// The values that count towards the limits.
    fn values(&self) -> [&[u8]; 2] {
        [b"", b""]
    }

    /// Checks arguments for which the common limits are not enough.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Adds its arguments for the script, after its name. Its Lua file lists them.
    fn script_arguments(&self, batch: &mut Batch) {
        if let Some(field) = self.field() {
            batch.argument(field.as_bytes());
        }
    }

    /// Adds the command that [`Kind::plain`] stands for.
    fn command(&self, _key: &[u8], _batch: &mut Batch) {}

    /// Decodes its reply, from a script or to its plain command.
    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected>;

    /// Its outcome if no session is stored and none is created. `lifetime` is that of a new session.
    fn on_nothing(&self, lifetime: Lifetime) -> Outcome;

    /// Whether it creates the session if none is stored, because it stores something.
    fn creates(&self) -> bool {
        false
    }

    /// Whether its outcome shows that it has changed the session (its expiry aside).
    fn wrote(&self, _outcome: &Outcome) -> bool {
        self.kind().writes
    }

    /// The error with which it fails if its field holds this value.
    fn field_error(&self, _stored: Option<&[u8]>) -> Option<Error> {
        None
    }

    /// The lifetime that it gives to the session.
    fn lifetime(&self) -> Option<Lifetime> {
        None
    }

    /// The token of the tombstone that it leaves, if it ends the session.
    fn tombstone(&self) -> Option<&str> {
        None
    }

    /// Executes it on what a transaction has read, because Redis undoes no transaction that fails halfway. Only the operations of a
    /// batch that can fail are simulated, in order.
    fn simulate(&self, _simulation: &mut Simulation) -> Result<Outcome, Stop> {
        Ok(Outcome::Done)
    }

    /// Adds its commands to a transaction.
    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, seen: &Seen);

    /// The contract's outcome for `apply`. A value becomes text or bytes, depending on the operation.
    fn answer(&self, outcome: Outcome) -> Result<Answer, Error> {
        Ok(match outcome {
            Outcome::Flag(flag) => Answer::Flag(flag),
            Outcome::Integer(number) => Answer::Integer(number),
            Outcome::Number(number) => Answer::Number(number),
            _ => Answer::Done,
        })
    }
}

/// The result of a `compare-and-set`.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub enum Swap<T> {
    /// The new value is stored.
    Stored,
    /// The field holds something else.
    Conflict(Option<T>),
}

/// The result of an operation, decoded from the server's reply.
#[derive(Clone, PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub enum Outcome {
    /// Done.
    Done,
    /// What a field holds or held.
    Value(Option<Vec<u8>>),
    /// Yes or no.
    Flag(bool),
    /// A counter's new value, or a number of fields.
    Integer(i64),
    /// A floating-point counter's new value.
    Number(f64),
    /// The result of a swap.
    Swap(Swap<Vec<u8>>),
    /// Field names.
    Names(Vec<Vec<u8>>),
    /// Field names with values.
    Items(Vec<(Vec<u8>, Vec<u8>)>),
    /// Milliseconds until the session expires. `None`: never.
    Expiry(Option<u64>),
}

/// The contract's `outcome`.
#[derive(Clone, PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub enum Answer {
    /// Done.
    Done,
    /// A field's text.
    Text(Option<String>),
    /// A field's bytes.
    Bytes(Option<Vec<u8>>),
    /// Yes or no.
    Flag(bool),
    /// A counter's new value.
    Integer(i64),
    /// A floating-point counter's new value.
    Number(f64),
    /// The result of a `compare-and-set`.
    Swap(Swap<String>),
}

impl Outcome {
    /// A field's value as text.
    pub fn into_text(self, field: &str) -> Result<Option<String>, Error> {
        match self {
            Outcome::Value(value) => value.map(|bytes| decode::utf8(bytes, field)).transpose(),
            _ => Ok(None),
        }
    }
}

/// Checks that operations keep to the limits and name no reserved field.
pub fn check(operations: &[Operation]) -> Result<(), Error> {
    if operations.len() > MAX_OPERATIONS {
        return Err(Error::TooLarge(MAX_OPERATIONS as u64));
    }
    let mut bytes = 0;
    for operation in operations {
        let operation = operation.describe();
        let field = operation.field().unwrap_or_default();
        if field.len() > MAX_FIELD {
            return Err(Error::TooLarge(MAX_FIELD as u64));
        }
        if is_reserved(field.as_bytes()) {
            return Err(Error::invalid("field names that begin with U+0000 are reserved"));
        }
        for value in operation.values() {
            if value.len() > MAX_VALUE {
                return Err(Error::TooLarge(MAX_VALUE as u64));
            }
            bytes += value.len();
        }
        operation.check()?;
        bytes += field.len();
    }
    if bytes > MAX_BATCH {
        return Err(Error::TooLarge(MAX_BATCH as u64));
    }
    Ok(())
}

/// Checks that a field's value is JSON (RFC 8259).
pub fn check_json(field: &str, json: &str) -> Result<(), Error> {
    // Checked first, so that a value that is too large is not parsed.
    if json.len() > MAX_VALUE {
        return Err(Error::TooLarge(MAX_VALUE as u64));
    }
    serde_json::from_str::<IgnoredAny>(json).map(drop).map_err(|error| {
        // A longer name would make the error hard to read.
        let field = if field.len() <= 64 { field } else { "…" };
        let what = if error.is_eof() { "the JSON ends too early" } else { "not JSON (strings need double quotes)" };
        let (mut line, mut column) = (itoa::Buffer::new(), itoa::Buffer::new());
        let (line, column) = (line.format(error.line() as i64), column.format(error.column() as i64));
        Error::InvalidArgument(concat(&["value of field ", field, ": ", what, ", line ", line, " column ", column]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_everything_else() {
        for json in ["null", "0", "-1.5e300", "\"\\ud83d\\ude00\"", "[1,{\"a\":[]}]", " true\n", "9223372036854775808"]
        {
            assert_eq!(check_json("f", json), Ok(()), "{json}");
        }
        for json in ["", " ", "nul", "01", "1.", "'a'", "[1,]", "{a:1}", "\"\u{1}\"", "1 2", "NaN", "\"a", "[[[["] {
            assert!(matches!(check_json("f", json), Err(Error::InvalidArgument(_))), "{json}");
        }
        let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
        assert_eq!(check_json("f", &deep), Ok(()));
    }

    #[test]
    fn an_error_names_the_field_and_repeats_nothing_of_the_value() {
        let Err(Error::InvalidArgument(why)) = check_json("theme", "{\"hunter2\": hunter2}") else {
            panic!("accepted as JSON");
        };
        assert_eq!(why, "value of field theme: not JSON (strings need double quotes), line 1 column 13");
    }

    #[test]
    fn limits_are_exact() {
        let (field, longer) = ("f".repeat(MAX_FIELD), "f".repeat(MAX_FIELD + 1));
        assert_eq!(check(&[Operation::get(&field)]), Ok(()));
        assert_eq!(check(&[Operation::get(&longer)]), Err(Error::TooLarge(MAX_FIELD as u64)));
        let value = vec![0; MAX_VALUE + 1];
        assert_eq!(check(&[Operation::set("", &value[1..])]), Ok(()));
        assert_eq!(check(&[Operation::set("", &value)]), Err(Error::TooLarge(MAX_VALUE as u64)));
        let two = [Operation::set("", &value[1..]), Operation::set("", &value[1..])];
        assert_eq!(check(&two), Ok(()));
        assert_eq!(check(&[two[0], two[1], Operation::get("a")]), Err(Error::TooLarge(MAX_BATCH as u64)));
        let many = vec![Operation::get(""); MAX_OPERATIONS + 1];
        assert_eq!(check(&many[1..]), Ok(()));
        assert_eq!(check(&many), Err(Error::TooLarge(MAX_OPERATIONS as u64)));
    }

    #[test]
    fn an_operation_that_changed_nothing_has_not_written() {
        let stored = Outcome::Swap(Swap::Stored);
        let swap = |expected, json| Operation::compare_and_set("a", expected, json);
        let set_if_absent = Operation::set_if_absent("a", "1");
        for (operation, outcome) in [
            (set_if_absent, Outcome::Flag(false)),
            (Operation::delete("a"), Outcome::Flag(false)),
            (Operation::pop("a"), Outcome::Value(None)),
            (Operation::get("a"), Outcome::Value(Some("1".into()))),
            (swap(None, None), stored.clone()),
        ] {
            assert!(!operation.describe().wrote(&outcome), "{outcome:?}");
        }
        for (operation, outcome) in [
            (set_if_absent, Outcome::Flag(true)),
            (Operation::delete("a"), Outcome::Flag(true)),
            (Operation::pop("a"), Outcome::Value(Some("1".into()))),
            (Operation::set("a", b"1"), Outcome::Done),
            (Operation::increment("a", 0), Outcome::Integer(0)),
            (swap(Some("1"), None), stored.clone()),
            (swap(None, Some("1")), stored),
        ] {
            assert!(operation.describe().wrote(&outcome), "{outcome:?}");
        }
    }

    #[test]
    fn reserved_names_are_refused() {
        assert!(matches!(check(&[Operation::get("\0created")]), Err(Error::InvalidArgument(_))));
        assert_eq!(check(&[Operation::get(""), Operation::get("a\0")]), Ok(()));
    }
}
