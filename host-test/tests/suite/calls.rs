//! Every function of the contract's `session` that may reach Redis, for what has to hold of all of them.

use std::pin::Pin;

use host_test::{
    operation::{contains, delete, get, increment, set},
    session::{Error, Session},
};

/// What a call does to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Stores nothing (it may renew).
    Reads,
    /// Stores something, and makes a session where there is none.
    Creates,
    /// Changes a session, and makes none.
    Changes,
    /// Moves it to a new id.
    Rotates,
    /// Ends it.
    Destroys,
}

/// A call that was begun.
type Pending<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// One call. Those that expect something of a field expect `field` to be `1`, and all succeed where it is, and where
/// nothing is stored.
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    perform: for<'a> fn(&'a Session) -> Pending<'a>,
}

impl Call {
    pub(crate) async fn on(&self, session: &Session) -> Result<(), Error> {
        (self.perform)(session).await
    }
}

/// The calls of these kinds.
pub(crate) fn of_kind(kinds: &[Kind]) -> impl Iterator<Item = &'static Call> {
    CALLS.iter().filter(move |call| kinds.contains(&call.kind))
}

macro_rules! calls {
    ($($name:literal $kind:ident |$session:ident| $call:expr;)*) => {
        pub(crate) const CALLS: &[Call] = &[$(
            Call { name: $name, kind: Kind::$kind, perform: |$session| Box::pin(async move { $call.await.map(drop) }) },
        )*];
    };
}

calls! {
    "found" Reads |session| session.found();
    "get" Reads |session| session.get("field");
    "get-many" Reads |session| session.get_many(&["field", "other"]);
    "contains" Reads |session| session.contains("field");
    "len" Reads |session| session.len();
    "keys" Reads |session| session.keys();
    "values" Reads |session| session.values();
    "items" Reads |session| session.items();
    "get-bytes" Reads |session| session.get_bytes("field");
    "items-bytes" Reads |session| session.items_bytes();
    "apply, reading" Reads |session| session.apply(&[get("field"), contains("other")]);
    "touch" Reads |session| session.touch();
    "ttl" Reads |session| session.ttl();
    "set" Creates |session| session.set("field", "1");
    "set-bytes" Creates |session| session.set_bytes("field", b"1");
    "update" Creates |session| session.update(&[("field", "1"), ("other", "2")]);
    "set-if-absent" Creates |session| session.set_if_absent("other", "2");
    "compare-and-set, none to some" Creates |session| session.compare_and_set("other", None, Some("2"));
    "increment" Creates |session| session.increment("field", 1);
    "increment-float" Creates |session| session.increment_float("field", 0.5);
    "apply, storing" Creates |session| session.apply(&[set("other", "2"), increment("field", 1)]);
    "compare-and-set, some to some" Changes |session| session.compare_and_set("field", Some("1"), Some("2"));
    "compare-and-set, some to none" Changes |session| session.compare_and_set("field", Some("1"), None);
    "compare-and-set, none to none" Changes |session| session.compare_and_set("other", None, None);
    "delete" Changes |session| session.delete("field");
    "pop" Changes |session| session.pop("field");
    "apply, removing" Changes |session| session.apply(&[delete("field"), get("field")]);
    "clear" Changes |session| session.clear();
    "set-lifetime" Changes |session| session.set_lifetime(Some(1_000), Some(2_000));
    "rotate" Rotates |session| session.rotate(&[]);
    "rotate, storing" Rotates |session| session.rotate(&[set("other", "2"), delete("field")]);
    "destroy" Destroys |session| session.destroy();
}
