//! What was measured.

use serde::Serialize;

/// What one contestant of a case did in one round. Times are nanoseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Round {
    /// Half of the operations were not slower.
    pub p50: f64,
    /// One of a hundred was slower.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
    /// Operations a second.
    pub rate: f64,
    /// How many operations there were.
    pub samples: u64,
}

/// What one contestant did in all rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    /// Which case it belongs to.
    pub case: String,
    /// Which contestant this is.
    pub name: String,
    /// Whether those behind it, until the next floor, are compared with it.
    pub is_floor: bool,
    /// How many operations were timed at once, each as long as their mean.
    pub batch: u32,
    /// Of all rounds together.
    pub p50: f64,
    /// Of all rounds together.
    pub p99: f64,
    /// Of all rounds together.
    pub max: f64,
    /// The median of the rounds'.
    pub rate: f64,
    /// How many operations there were.
    pub samples: u64,
    /// One by one.
    pub rounds: Vec<Round>,
}

impl Series {
    pub(crate) fn new(case: &str, name: &str) -> Self {
        let (case, name) = (case.to_owned(), name.to_owned());
        let (is_floor, batch, samples, rounds) = (false, 1, 0, Vec::new());
        Self { case, name, is_floor, batch, p50: 0.0, p99: 0.0, max: 0.0, rate: 0.0, samples, rounds }
    }

    pub(crate) fn sum(&mut self, all: &Round) {
        (self.p50, self.p99, self.max, self.samples) = (all.p50, all.p99, all.max, all.samples);
        self.rate = median(self.rounds.iter().map(|round| round.rate));
    }
}

/// A number that no rounds were needed for.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// Which case it belongs to.
    pub case: String,
    /// What it says.
    pub name: String,
    /// The number.
    pub value: f64,
    /// What it counts.
    pub unit: &'static str,
}

/// A case that was not measured, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Gap {
    /// Which case.
    pub case: String,
    /// Which contestant, or what else.
    pub name: String,
    /// Why not.
    pub why: String,
}

/// All of it.
#[derive(Debug, Default, Serialize)]
pub struct Results {
    /// What was measured in rounds.
    pub series: Vec<Series>,
    /// What was counted.
    pub facts: Vec<Fact>,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

/// Two contestants beside each other.
///
/// Round by round, what slows the machine down for a while falls on both. Where it changes from turn to turn, each round says
/// something else, and so does the ratio of all rounds together: then neither is to be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The median of the rounds' ratios.
    pub by_round: f64,
    /// The ratio of what all rounds together came to.
    pub of_all: f64,
    /// How many operations of the first it rests on.
    pub samples: u64,
}

impl Ratio {
    /// The other way round.
    pub fn inverse(self) -> Self {
        Self { by_round: 1.0 / self.by_round, of_all: 1.0 / self.of_all, ..self }
    }
}

/// Whether the two ways to take a ratio are more than a tenth apart.
pub fn disagree(by_round: f64, of_all: f64) -> bool {
    (by_round / of_all).ln().abs() > 1.1_f64.ln()
}

impl Results {
    /// What this contestant of the case did.
    pub fn series(&self, case: &str, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.case == case && series.name == name)
    }

    /// All cases, each with its contestants.
    pub fn cases(&self) -> Vec<(&str, Vec<&Series>)> {
        let mut cases: Vec<(&str, Vec<&Series>)> = Vec::new();
        for series in &self.series {
            match cases.last_mut() {
                Some((case, all)) if *case == series.case => all.push(series),
                _ => cases.push((&series.case, vec![series])),
            }
        }
        cases
    }

    /// What was counted by this name.
    pub fn fact(&self, case: &str, name: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.case == case && fact.name == name)
    }

    /// Adds a number that was counted.
    pub fn count(&mut self, case: &str, name: impl Into<String>, value: f64, unit: &'static str) {
        self.facts.push(Fact { case: case.to_owned(), name: name.into(), value, unit });
    }

    /// Says that something was not measured.
    pub fn miss(&mut self, case: &str, name: impl Into<String>, why: impl Into<String>) {
        self.gaps.push(Gap { case: case.to_owned(), name: name.into(), why: why.into() });
    }

    /// How the times of one contestant are to those of another.
    pub fn of_times(&self, one: (&str, &str), other: (&str, &str)) -> Option<Ratio> {
        of_sums(&[self.series(one.0, one.1)?], &[self.series(other.0, other.1)?])
    }

    /// How the operations a second of one contestant are to those of another.
    pub fn of_rates(&self, one: (&str, &str), other: (&str, &str)) -> Option<Ratio> {
        let (one, other) = (self.series(one.0, one.1)?, self.series(other.0, other.1)?);
        let rounds = one.rounds.iter().zip(&other.rounds).map(|(one, other)| one.rate / other.rate);
        Some(Ratio { by_round: median(rounds), of_all: one.rate / other.rate, samples: one.samples })
    }
}

/// How the sum of these times is to the sum of the others.
pub(crate) fn of_sums(ones: &[&Series], others: &[&Series]) -> Option<Ratio> {
    let rounds = ones.iter().chain(others).map(|series| series.rounds.len()).min()?;
    let sum = |all: &[&Series], of: &dyn Fn(&Series) -> f64| -> f64 { all.iter().map(|series| of(series)).sum() };
    let ratio = |of: &dyn Fn(&Series) -> f64| sum(ones, of) / sum(others, of);
    // Those of the same number were run close to each other.
    let by_round = median((0..rounds).map(|round| ratio(&|series| series.rounds[round].p50)));
    let samples = ones.iter().map(|series| series.samples).sum();
    Some(Ratio { by_round, of_all: ratio(&|series| series.p50), samples })
}

/// The one in the middle; 0 of none.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    match (values.len(), values.len() / 2) {
        (0, _) => 0.0,
        (length, middle) if length % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        (_, middle) => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::{Ratio, Results, Round, Series, disagree, median};

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert_eq!(median([].into_iter()), 0.0);
    }

    #[test]
    fn ratios_are_taken_round_by_round_and_of_all() {
        let series = |name: &str, times: [f64; 3], p50| Series {
            rounds: times.map(|p50| Round { p50, p99: p50, max: p50, rate: 1e9 / p50, samples: 1 }).into(),
            p50,
            rate: 1e9 / p50,
            ..Series::new("case", name)
        };
        // The machine was ten times slower in one of them.
        let one = series("one", [200.0, 2100.0, 220.0], 220.0);
        let other = series("other", [100.0, 1000.0, 110.0], 110.0);
        let results = Results { series: vec![one, other], ..Results::default() };
        let ratio = Ratio { by_round: 2.0, of_all: 2.0, samples: 0 };
        assert_eq!(results.of_times(("case", "one"), ("case", "other")), Some(ratio));
        assert_eq!(results.of_rates(("case", "one"), ("case", "other")), Some(ratio.inverse()));
        assert_eq!(results.of_times(("case", "one"), ("case", "none")), None);
    }

    #[test]
    fn two_ratios_disagree_from_a_tenth_on() {
        assert!(!disagree(1.0, 1.09));
        assert!(disagree(0.4, 0.73));
        assert!(disagree(0.73, 0.4));
    }
}
