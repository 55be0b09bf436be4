//! What one pays, beside who does without: computed on every machine, and what a report begins with.

use crate::cases::{http, loops, many, one};
use crate::operation::Operation;
use crate::results::{Ratio, Results};

/// A row of the table.
pub struct Price {
    /// What is done.
    pub what: String,
    /// Who does it without a session component.
    pub other: &'static str,
    /// What it takes then.
    pub without: Amount,
    /// What it takes by the component.
    pub with: Amount,
    /// How many times as dear that is.
    pub times: Ratio,
}

/// What something takes, or how much of it is done meanwhile.
#[derive(Clone, Copy)]
pub enum Amount {
    /// The time of one, in nanoseconds.
    Each(f64),
    /// How many a second.
    Rate(f64),
}

/// All for which something was measured.
pub fn prices(results: &Results) -> Vec<Price> {
    let one = |operation: Operation| one::case(operation.name());
    let each = |what: &str, case: String, ours, other| {
        let (with, without) = (results.series(&case, ours)?.p50, results.series(&case, other)?.p50);
        let times = results.of_times((&case, ours), (&case, other))?;
        Some(Price { what: what.to_owned(), other, without: Amount::Each(without), with: Amount::Each(with), times })
    };
    let at_once = |what: String, case: String, ours, other| {
        let (with, without) = (results.series(&case, ours)?.rate, results.series(&case, other)?.rate);
        let times = results.of_rates((&case, other), (&case, ours))?;
        Some(Price { what, other, without: Amount::Rate(without), with: Amount::Rate(with), times })
    };
    let mut prices = vec![
        each("a read, one at a time, native host", one(Operation::Get), one::COMPONENT, one::REDIS_RS),
        each(
            "a read, one at a time, by an application in wasm",
            one(Operation::Get),
            one::FROM_GUEST,
            one::HOST_FUNCTION,
        ),
        each("a write, one at a time, native host", one(Operation::Set), one::COMPONENT, one::REDIS_RS),
    ];
    for calls in [256, 1024] {
        for (name, host) in [(many::ASYNC, "native host"), (many::FROM_GUEST, "composed with an application in wasm")] {
            let what = format!("reads, {calls} in flight, {host}");
            prices.push(at_once(what, many::case(calls), name, many::MULTIPLEXED));
        }
    }
    prices.push(each("a read, Python", loops::case("get"), loops::PYTHON_HOST, loops::ORIGINAL));
    for connections in http::CONNECTIONS {
        for (hi, visits) in http::PAIRS {
            let case = http::case(connections);
            prices.push(at_once(format!("{case}, {visits}"), case, visits, hi));
        }
    }
    prices.into_iter().flatten().collect()
}
