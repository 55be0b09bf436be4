//! What was to be reached, and what was.

use serde::Serialize;

use crate::cases::{alone, cold, http, loops, many, one};
use crate::operation::Operation;
use crate::results::{Ratio, Results, median};

/// A row of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Goal {
    /// What is compared with what.
    pub name: &'static str,
    /// What was measured; none where it was not.
    pub value: Option<f64>,
    /// What is to be reached.
    pub goal: f64,
    /// Whether it was.
    pub reached: bool,
    /// What value and goal count; empty for ratios.
    pub unit: &'static str,
    /// Whether more is better.
    pub at_least: bool,
    /// How many operations the value rests on.
    pub samples: u64,
    /// Under which name docs/benchmarks/ says what stands in the way.
    pub slug: &'static str,
}

/// A goal before it is measured.
struct Row {
    slug: &'static str,
    name: &'static str,
    goal: f64,
    unit: &'static str,
    at_least: bool,
}

const fn at_most(slug: &'static str, name: &'static str, goal: f64, unit: &'static str) -> Row {
    Row { slug, name, goal, unit, at_least: false }
}

const fn at_least(slug: &'static str, name: &'static str, goal: f64) -> Row {
    Row { slug, name, goal, unit: "", at_least: true }
}

impl Row {
    fn with(self, measured: Option<Ratio>) -> Goal {
        let Self { slug, name, goal, unit, at_least } = self;
        let value = measured.map(|ratio| ratio.value);
        let reached = value.is_some_and(|value| if at_least { value >= goal } else { value <= goal });
        let samples = measured.map_or(0, |ratio| ratio.samples);
        Goal { name, value, goal, reached, unit, at_least, samples, slug }
    }
}

/// All rows, with what was measured for them.
pub fn goals(results: &Results) -> Vec<Goal> {
    [
        one_at_a_time(results),
        component_alone(results),
        at_once(results),
        over_http(results),
        starts(results),
        sizes(results),
    ]
    .concat()
}

fn one_at_a_time(results: &Results) -> Vec<Goal> {
    let to = |case: &str, other| results.of_times((case, one::COMPONENT), (case, other));
    let get = one::case(Operation::Get.name());
    vec![
        at_most("get", "a get, not its handle's first, to a bare HGET over raw TCP (p50)", 1.05, "")
            .with(to(&get, one::RAW)),
        at_most("first-get", "a handle's first get, to a bare HGET over raw TCP (p50)", 1.25, "")
            .with(to(&one::case(Operation::FirstGet.name()), one::RAW)),
        at_most("get-without-guard", "a get with the guard off, to redis-rs blocking (p50)", 1.00, "")
            .with(to(&one::case(one::UNGUARDED_GET), one::REDIS_RS)),
        at_most("first-set", "a guarded set with renewal, to a bare HSET over raw TCP (p50)", 1.12, "")
            .with(to(&one::case(Operation::FirstSet.name()), one::RAW)),
        at_most("loops", "drsession's loops that reach Redis, to drsession 1.2.0 (sum of p50)", 0.70, "")
            .with(all_loops(results)),
        at_most("apply", "apply of 16, to one get (p50)", 1.5, "")
            .with(to(&one::case(Operation::Apply.name()), one::ONE_GET)),
    ]
}

/// Round by round, the sum of the loops' times to that of drsession's.
fn all_loops(results: &Results) -> Option<Ratio> {
    let of = |name| loops::LOOPS.map(|case| results.series(&loops::case(case), name));
    let (ours, theirs) = (of(one::COMPONENT), of(loops::ORIGINAL));
    let rounds = ours.iter().chain(&theirs).map(|series| series.map_or(0, |series| series.rounds.len())).min()?;
    let sum = |series: &[Option<&crate::results::Series>], round: usize| -> f64 {
        series.iter().flatten().map(|series| series.rounds[round].p50).sum()
    };
    let ratios = (0..rounds).map(|round| sum(&ours, round) / sum(&theirs, round));
    let samples = ours.iter().flatten().map(|series| series.samples).sum();
    (rounds > 0).then(|| Ratio { value: median(ratios), samples })
}

fn component_alone(results: &Results) -> Vec<Goal> {
    let get = results.series(alone::CASE, Operation::Get.name());
    let time = get.map(|get| Ratio { value: get.p50 / 1000.0, samples: get.samples });
    let ratio = results.of_times((alone::CASE, Operation::Get.name()), (alone::CASE, alone::IDLE));
    vec![
        at_most("alone", "the component alone, get (p50)", 0.7, "µs").with(time),
        at_most("fuel", "the component alone, get", 2000.0, "fuel").with(counted(results, "drsession.wasm, get", 1.0)),
        at_most("idle", "the component alone, get, to a component that does nothing (p50)", 2.0, "").with(ratio),
    ]
}

fn at_once(results: &Results) -> Vec<Goal> {
    let case = many::case(256);
    let to = |other| results.of_rates((&case, many::ASYNC), (&case, other));
    let inverse = |ratio: Ratio| Ratio { value: 1.0 / ratio.value, ..ratio };
    let slowest = results.series(&case, many::ASYNC).map(|series| {
        let worst = median(series.rounds.iter().map(|round| round.max / round.p50));
        Ratio { value: worst, samples: series.samples }
    });
    let fields = results.of_rates((many::GET_MANY, many::ASYNC), (many::GET_MANY, many::MULTIPLEXED));
    vec![
        at_most("suspend", "async, 256 in flight, time a call to that of one that only suspends once", 1.15, "")
            .with(to(many::SUSPEND).map(inverse)),
        at_least("fred", "async, 256 in flight, operations a second to fred", 1.0).with(to(many::FRED)),
        at_least("multiplexed", "async, 256 in flight, operations a second to redis-rs multiplexed", 0.7)
            .with(to(many::MULTIPLEXED)),
        at_least(
            "get-many",
            "async, 256 in flight, get-many of 10, fields a second to redis-rs doing HMGET of 10",
            1.0,
        )
        .with(fields),
        at_most("slowest", "async, 256 in flight, the slowest call to the median", 10.0, "").with(slowest),
    ]
}

fn over_http(results: &Results) -> Vec<Goal> {
    let rows = [
        (
            "http-new",
            "HTTP, 0.2, an instance a request, a guarded increment to a bare answer, 1 connection",
            0.45,
            0,
            1,
        ),
        ("http-new-32", "the same, 32 connections", 0.45, 0, 32),
        (
            "http-reuse",
            "HTTP, 0.2, instances used again, a guarded increment to a bare answer, 1 connection",
            0.7,
            1,
            1,
        ),
        ("http-reuse-32", "the same, 32 connections", 0.7, 1, 32),
        ("http-async", "HTTP, 0.3, a guarded increment to a bare answer, 1 connection", 0.7, 2, 1),
        ("http-async-32", "the same, 32 connections", 0.7, 2, 32),
    ];
    let goal = |(slug, name, goal, pair, connections): (_, _, _, usize, _)| {
        let (hi, visits) = http::PAIRS[pair];
        let case = http::case(connections);
        at_least(slug, name, goal).with(results.of_rates((&case, visits), (&case, hi)))
    };
    rows.map(goal).into()
}

fn starts(results: &Results) -> Vec<Goal> {
    let start = results.series(cold::CASE, cold::START);
    let time = start.map(|start| Ratio { value: start.p50 / 1000.0, samples: start.samples });
    let reply = |to| results.of_times((cold::CASE, cold::PARKED), (cold::CASE, to));
    vec![
        at_most("start", "instance start, pooling (p50)", 6.0, "µs").with(time),
        at_most("cold", "instance start to first reply on a parked connection, to one warm get (p50)", 1.15, "")
            .with(reply(cold::WARM)),
    ]
}

fn sizes(results: &Results) -> Vec<Goal> {
    vec![
        at_most("memory", "memory of an instance after 100 operations", 256.0, "KiB").with(counted(
            results,
            "drsession.wasm, memory after 100 operations",
            1024.0,
        )),
        at_most("size", "drsession.wasm", 160.0, "KB").with(counted(results, "drsession.wasm, size", 1000.0)),
        at_most("size-wasi", "drsession-wasi.wasm", 220.0, "KB").with(counted(
            results,
            "drsession-wasi.wasm, size",
            1000.0,
        )),
    ]
}

fn counted(results: &Results, name: &str, divisor: f64) -> Option<Ratio> {
    results.fact(alone::CASE, name).map(|fact| Ratio { value: fact.value / divisor, samples: 1 })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Goal, at_least, at_most, goals};
    use crate::results::{Ratio, Results};

    #[test]
    fn a_goal_is_reached_at_its_limit_and_never_unmeasured() {
        let at = |value| Some(Ratio { value, samples: 1 });
        assert!(at_most("a", "a", 1.0, "").with(at(1.0)).reached);
        assert!(!at_most("a", "a", 1.0, "").with(at(1.01)).reached);
        assert!(at_least("a", "a", 1.0).with(at(1.0)).reached);
        assert!(!at_least("a", "a", 1.0).with(at(0.99)).reached);
        assert!(!at_most("a", "a", 1.0, "").with(None).reached);
    }

    #[test]
    fn every_row_is_there_even_when_nothing_was_measured() {
        let goals = goals(&Results::default());
        assert_eq!(goals.len(), 25);
        assert!(goals.iter().all(|goal| goal.value.is_none() && !goal.reached));
    }

    #[test]
    fn what_stands_in_the_way_is_said_of_every_row_that_may_be_missed() {
        let texts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks");
        let reached_by_far = ["slowest", "memory"];
        for Goal { slug, .. } in goals(&Results::default()) {
            let is_said = texts.join(slug).with_extension("md").is_file();
            assert!(is_said || reached_by_far.contains(&slug), "docs/benchmarks/{slug}.md");
        }
    }
}
