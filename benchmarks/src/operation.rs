//! What is measured, and the session that it is measured on.

use std::fmt::{self, Display};

use host_test::redis_client::RedisClient;
use host_test::session::Operation as Step;
use std::sync::LazyLock;
use wasmtime::component::ResourceAny;

use crate::guest::{Caller, Functions, Text, told};

/// The session's id.
pub const ID: Text = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Its key in Redis.
pub const KEY: Text = "drsession:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The field that is read and written, and what it holds.
pub const FIELD: Text = "theme";
/// What that field holds, as JSON.
pub const VALUE: Text = "\"a value of thirty bytes or so\"";
/// The field that counts.
pub const COUNTER: Text = "visits";

/// How many fields the session has.
const FIELDS: usize = 20;

/// What one call on a session does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A handle's first read: by script, with the guard and a renewal.
    FirstGet,
    /// Every later read.
    Get,
    /// A write, guarded.
    Set,
    /// A handle's first call, a write: guarded and renewed.
    FirstSet,
    /// A counter, guarded.
    Increment,
    /// Reading all of 20 fields.
    Items,
    /// A batch of 16 reads, writes and counters.
    Apply,
    /// Reading 10 fields.
    GetMany,
    /// Looking whether a field is there.
    Contains,
    /// Deleting a field, be it there or not.
    Delete,
    /// Moving a session to a new id, with one field, as a login does.
    Rotate,
    /// Ending a session.
    Destroy,
}

impl Operation {
    /// All that are held to a budget.
    pub const BUDGETED: [Self; 6] = [Self::Get, Self::FirstGet, Self::Set, Self::Increment, Self::Items, Self::Apply];

    /// All whose fuel is counted.
    pub const COUNTED: [Self; 8] =
        [Self::Get, Self::FirstGet, Self::Set, Self::Increment, Self::Items, Self::Apply, Self::Rotate, Self::Destroy];

    /// All that are timed one by one.
    pub const TIMED: [Self; 7] =
        [Self::Get, Self::FirstGet, Self::FirstSet, Self::Set, Self::Increment, Self::Items, Self::Apply];

    /// What it is called in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstGet => "first get",
            Self::Get => "get",
            Self::Set => "set",
            Self::FirstSet => "first set",
            Self::Increment => "increment",
            Self::Items => "items of 20",
            Self::Apply => "apply of 16",
            Self::GetMany => "get-many of 10",
            Self::Contains => "contains",
            Self::Delete => "delete",
            Self::Rotate => "rotate",
            Self::Destroy => "destroy",
        }
    }

    /// Whether it is the first call of its handle.
    pub fn is_first(self) -> bool {
        matches!(self, Self::FirstGet | Self::FirstSet) || self.ends_session()
    }

    /// Whether the session's key is another afterwards, or gone.
    pub fn ends_session(self) -> bool {
        matches!(self, Self::Rotate | Self::Destroy)
    }

    /// Makes the call on a handle.
    ///
    /// # Errors
    ///
    /// It fails, traps, or answers something else than what is stored.
    pub async fn perform(
        self,
        caller: &mut impl Caller,
        functions: &Functions,
        session: ResourceAny,
    ) -> anyhow::Result<()> {
        match self {
            Self::FirstGet | Self::Get => {
                let (value,) = caller.call(&functions.get, (session, FIELD)).await?;
                anyhow::ensure!(told(value)?.as_deref() == Some(VALUE), "another value");
            }
            Self::FirstSet | Self::Set => {
                let (done,) = caller.call(&functions.set, (session, FIELD, VALUE)).await?;
                told(done)?;
            }
            Self::Increment => {
                let (number,) = caller.call(&functions.increment, (session, COUNTER, 1)).await?;
                anyhow::ensure!(told(number)? > 0, "another number");
            }
            Self::Items => {
                let (items,) = caller.call(&functions.items, (session,)).await?;
                anyhow::ensure!(told(items)?.len() == FIELDS, "another number of fields");
            }
            Self::Apply => {
                let (outcomes,) = caller.call(&functions.apply, (session, steps())).await?;
                anyhow::ensure!(told(outcomes)?.len() == steps().len(), "another number of outcomes");
            }
            Self::GetMany => {
                let (values,) = caller.call(&functions.get_many, (session, many())).await?;
                anyhow::ensure!(told(values)?.iter().all(Option::is_some), "a value is missing");
            }
            Self::Contains | Self::Delete => {
                let function = if self == Self::Contains { &functions.contains } else { &functions.delete };
                let (answer,) = caller.call(function, (session, FIELD)).await?;
                told(answer)?;
            }
            Self::Rotate => {
                let (done,) = caller.call(&functions.rotate, (session, login())).await?;
                told(done)?;
            }
            Self::Destroy => {
                let (done,) = caller.call(&functions.destroy, (session,)).await?;
                told(done)?;
            }
        }
        Ok(())
    }
}

impl Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The session's fields but the counter.
pub fn fields() -> &'static [Text] {
    static FIELDS_: LazyLock<Vec<Text>> = LazyLock::new(|| {
        let others = (2..FIELDS).map(|number| &*format!("field-{number:02}").leak());
        std::iter::once(FIELD).chain(others).collect()
    });
    &FIELDS_
}

/// The fields that are read at once.
pub fn many() -> &'static [Text] {
    &fields()[..10]
}

/// A batch as applications make them: some reads, some writes, a few counters.
pub fn steps() -> &'static [Step] {
    static STEPS: LazyLock<Vec<Step>> = LazyLock::new(|| {
        let gets = fields()[..8].iter().map(|field| Step::Get((*field).to_owned()));
        let sets = fields()[8..12].iter().map(|field| Step::Set(((*field).to_owned(), VALUE.to_owned())));
        let counts = (0..4).map(|_| Step::Increment((COUNTER.to_owned(), 1)));
        gets.chain(sets).chain(counts).collect()
    });
    &STEPS
}

/// The write that goes with a login.
fn login() -> &'static [Step] {
    static LOGIN: LazyLock<[Step; 1]> = LazyLock::new(|| [Step::Set((FIELD.to_owned(), VALUE.to_owned()))]);
    &*LOGIN
}

/// Writes the session as the component would have written it, in place of whatever is there.
pub fn seed(redis: &mut RedisClient) {
    let _: i64 = redis.command(&format!("DEL {KEY}"));
    seed_field(redis);
    for field in fields() {
        redis.hset(KEY, field, VALUE);
    }
    redis.hset(KEY, COUNTER, "100");
}

/// The same with nothing but the field that is read and written.
pub fn seed_field(redis: &mut RedisClient) {
    let created = redis.time().to_string();
    redis.hset(KEY, "\0created", created);
    redis.hset(KEY, FIELD, VALUE);
}
