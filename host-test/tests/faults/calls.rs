//! Every call of the contract that reaches Redis, and what may be done with it when its answer is lost.

use std::{
    collections::BTreeSet,
    fmt::{self, Debug},
    pin::Pin,
};

use host_test::{
    operation,
    session::{Error, Session},
};

/// What may be done with a call whose answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It writes nothing, and is sent again.
    Reads,
    /// It writes, and knows itself again: it is sent again.
    Recognises,
    /// It writes, and is not sent again.
    Writes,
}

/// What a call returned, written out.
pub(crate) type Told = Result<String, Error>;
type Future<'a> = Pin<Box<dyn std::future::Future<Output = Told> + Send + 'a>>;

/// A call of the contract.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// The function's name, and more behind a blank where it does different things.
    pub(crate) name: &'static str,
    pub(crate) nature: Nature,
    pub(crate) make: for<'a> fn(&'a Session) -> Future<'a>,
}

impl Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

fn told<T: Debug>(result: Result<T, Error>) -> Told {
    result.map(|value| format!("{value:?}"))
}

/// A table of calls on a session that has `text`, `number` and `other`.
macro_rules! calls {
    ($($nature:ident $name:literal: $session:ident => $call:expr;)*) => {
        pub(crate) const CALLS: &[Call] = &[$(
            Call {
                name: $name,
                nature: Nature::$nature,
                make: |$session| Box::pin(async move { told($call.await) }),
            }
        ),*];
    };
}

calls! {
    Reads "found": session => session.found();
    Reads "get": session => session.get("text");
    Reads "get-many": session => session.get_many(&["text", "none", "number"]);
    Reads "contains": session => session.contains("text");
    Reads "len": session => session.len();
    Reads "keys": session => session.keys();
    Reads "values": session => session.values();
    Reads "items": session => session.items();
    Reads "get-bytes": session => session.get_bytes("text");
    Reads "items-bytes": session => session.items_bytes();
    Reads "touch": session => session.touch();
    // Its seconds go by.
    Reads "ttl": session => async { session.ttl().await.map(|seconds| seconds.is_some()) };
    Reads "apply that reads": session => session.apply(&[operation::get("text"), operation::contains("none")]);
    Writes "set": session => session.set("text", "\"b\"");
    Writes "update": session => session.update(&[("text", "\"b\""), ("new", "1")]);
    Writes "set-if-absent": session => session.set_if_absent("new", "1");
    Writes "set-if-absent of what is there": session => session.set_if_absent("text", "1");
    Writes "compare-and-set": session => session.compare_and_set("text", Some("\"a\""), Some("\"b\""));
    Writes "compare-and-set that deletes": session => session.compare_and_set("text", Some("\"a\""), None);
    Writes "compare-and-set that conflicts": session => session.compare_and_set("text", None, Some("\"b\""));
    Writes "delete": session => session.delete("text");
    Writes "pop": session => session.pop("text");
    Writes "increment": session => session.increment("number", 3);
    Writes "increment of what is no number": session => async {
        match session.increment("text", 3).await {
            Err(Error::NotANumber(field)) => Ok(field),
            other => other.map(|sum| sum.to_string()),
        }
    };
    Writes "increment-float": session => session.increment_float("number", 0.5);
    Writes "set-bytes": session => session.set_bytes("text", b"bytes");
    Writes "apply": session => session.apply(&[
        operation::get("text"),
        operation::get_bytes("number"),
        operation::contains("none"),
        operation::set("text", "\"b\""),
        operation::set_bytes("bytes", b"bytes"),
        operation::set_if_absent("new", "1"),
        operation::compare_and_set("new", Some("1"), Some("2")),
        operation::delete("other"),
        operation::pop("text"),
        operation::increment("number", 3),
        operation::increment_float("fraction", 0.5),
    ]);
    Writes "clear": session => session.clear();
    Writes "set-lifetime": session => session.set_lifetime(Some(1_000), Some(2_000));
    Recognises "destroy": session => session.destroy();
    Recognises "rotate": session => session.rotate(&[operation::set("text", "\"b\""), operation::delete("other")]);
}

/// The call of this name.
pub(crate) fn call(name: &str) -> Call {
    *CALLS.iter().find(|call| call.name == name).unwrap_or_else(|| panic!("no {name} among the calls"))
}

#[test]
fn every_function_of_the_contract_that_waits_for_redis_is_among_the_calls() {
    let contract = include_str!("../../../wit/session-async.wit");
    let (_, session) = contract.split_once("resource session {").expect("the contract's sessions");
    let waiting: BTreeSet<_> = session.lines().filter_map(|line| line.trim().split_once(": async func(")).collect();
    let waiting: BTreeSet<_> = waiting.into_iter().map(|(name, _)| name).collect();
    let listed: BTreeSet<_> = CALLS.iter().filter_map(|call| call.name.split(' ').next()).collect();
    assert_eq!(waiting, listed);
}
