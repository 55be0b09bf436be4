//! What was to be reached, and what was.

use serde::Serialize;

use crate::cases::{alone, cold, http, loops, many, one};
use crate::operation::Operation;
use crate::results::{Ratio, Results, Series, of_sums};

/// A row of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Goal {
    /// What is compared with what.
    pub name: &'static str,
    /// What was measured; none where it was not. Of ratios, the median of the rounds'.
    pub value: Option<f64>,
    /// Of ratios, the one of all rounds together.
    pub of_all: Option<f64>,
    /// What is to be reached.
    pub goal: f64,
    /// Whether it was, by both where there are two.
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

/// What was measured for a row.
#[derive(Clone, Copy)]
struct Figure {
    value: f64,
    of_all: Option<f64>,
    samples: u64,
}

impl From<Ratio> for Figure {
    fn from(Ratio { by_round, of_all, samples }: Ratio) -> Self {
        Self { value: by_round, of_all: Some(of_all), samples }
    }
}

impl Figure {
    /// A number that is no ratio of two contestants.
    fn plain(value: f64, samples: u64) -> Self {
        Self { value, of_all: None, samples }
    }
}

impl Row {
    fn with(self, measured: Option<impl Into<Figure>>) -> Goal {
        let Self { slug, name, goal, unit, at_least } = self;
        let measured = measured.map(Into::into);
        let is_enough = |value| if at_least { value >= goal } else { value <= goal };
        let reached =
            measured.is_some_and(|Figure { value, of_all, .. }| is_enough(value) && of_all.is_none_or(is_enough));
        let value = measured.map(|figure| figure.value);
        let of_all = measured.and_then(|figure| figure.of_all);
        let samples = measured.map_or(0, |figure| figure.samples);
        Goal { name, value, of_all, goal, reached, unit, at_least, samples, slug }
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

/// The sum of the loops' times to that of drsession's.
fn all_loops(results: &Results) -> Option<Ratio> {
    let of =
        |name| loops::LOOPS.iter().map(|case| results.series(&loops::case(case), name)).collect::<Option<Vec<_>>>();
    of_sums(&of(one::COMPONENT)?, &of(loops::ORIGINAL)?)
}

fn component_alone(results: &Results) -> Vec<Goal> {
    let get = results.series(alone::CASE, Operation::Get.name());
    let ratio = results.of_times((alone::CASE, Operation::Get.name()), (alone::CASE, alone::IDLE));
    vec![
        at_most("alone", "the component alone, get (p50)", 0.7, "µs").with(get.map(microseconds)),
        at_most("fuel", "the component alone, get", 2000.0, "fuel").with(counted(results, "drsession.wasm, get", 1.0)),
        at_most("idle", "the component alone, get, to a component that does nothing (p50)", 2.0, "").with(ratio),
    ]
}

fn at_once(results: &Results) -> Vec<Goal> {
    let case = many::case(256);
    let to = |other| results.of_rates((&case, many::ASYNC), (&case, other));
    // Of all rounds: who starves in a few of them starves.
    let slowest = results.series(&case, many::ASYNC);
    let slowest = slowest.map(|series| Figure::plain(series.max / series.p50, series.samples));
    let fields = results.of_rates((many::GET_MANY, many::ASYNC), (many::GET_MANY, many::MULTIPLEXED));
    vec![
        at_most("suspend", "async, 256 in flight, time a call to that of one that only suspends once", 1.15, "")
            .with(to(many::SUSPEND).map(Ratio::inverse)),
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
    let reply = results.of_times((cold::CASE, cold::PARKED), (cold::CASE, cold::WARM));
    vec![
        at_most("start", "instance start, pooling (p50)", 6.0, "µs").with(start.map(microseconds)),
        at_most("cold", "instance start to first reply on a parked connection, to one warm get (p50)", 1.15, "")
            .with(reply),
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

fn microseconds(series: &Series) -> Figure {
    Figure::plain(series.p50 / 1000.0, series.samples)
}

fn counted(results: &Results, name: &str, divisor: f64) -> Option<Figure> {
    results.fact(alone::CASE, name).map(|fact| Figure::plain(fact.value / divisor, 1))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Figure, Goal, at_least, at_most, goals};
    use crate::results::{Ratio, Results};

    #[test]
    fn a_goal_is_reached_at_its_limit_and_never_unmeasured() {
        let at = |value| Some(Figure::plain(value, 1));
        assert!(at_most("a", "a", 1.0, "").with(at(1.0)).reached);
        assert!(!at_most("a", "a", 1.0, "").with(at(1.01)).reached);
        assert!(at_least("a", "a", 1.0).with(at(1.0)).reached);
        assert!(!at_least("a", "a", 1.0).with(at(0.99)).reached);
        assert!(!at_most("a", "a", 1.0, "").with(None::<Figure>).reached);
    }

    #[test]
    fn a_ratio_reaches_a_goal_both_ways_or_not_at_all() {
        let ratio = |by_round, of_all| Some(Ratio { by_round, of_all, samples: 1 });
        assert!(at_most("a", "a", 0.7, "").with(ratio(0.4, 0.6)).reached);
        assert!(!at_most("a", "a", 0.7, "").with(ratio(0.4, 0.73)).reached);
        assert!(!at_most("a", "a", 0.7, "").with(ratio(0.73, 0.4)).reached);
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
        for Goal { slug, .. } in goals(&Results::default()) {
            assert!(texts.join(slug).with_extension("md").is_file(), "docs/benchmarks/{slug}.md");
        }
    }
}
