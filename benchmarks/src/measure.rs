//! Measuring several things side by side, in short rounds, so that the machine's noise falls on all alike.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hdrhistogram::Histogram;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use crate::results::{Round, Series};

/// One of several that do the same.
pub struct Contestant<'a> {
    name: String,
    is_floor: bool,
    batch: u32,
    #[expect(clippy::type_complexity, reason = "a name would say less")]
    run: Box<dyn FnMut(Duration, &mut Recorder) -> anyhow::Result<()> + 'a>,
}

impl<'a> Contestant<'a> {
    /// One that runs for about as long as it is told, and records what it does.
    pub fn new(name: impl Into<String>, run: impl FnMut(Duration, &mut Recorder) -> anyhow::Result<()> + 'a) -> Self {
        Self { name: name.into(), is_floor: false, batch: 1, run: Box::new(run) }
    }

    /// The least that it can take: those behind this one, until the next floor, are compared with it.
    pub fn floor(self) -> Self {
        Self { is_floor: true, ..self }
    }

    /// One that does the same operation again and again.
    pub fn each(name: impl Into<String>, mut operation: impl FnMut() -> anyhow::Result<()> + 'a) -> Self {
        Self::batches(name, 1, move |_| operation())
    }

    /// One whose operations are so short that reading the clock would be seen: they are timed many at once.
    pub fn batches(name: impl Into<String>, size: u32, mut batch: impl FnMut(u32) -> anyhow::Result<()> + 'a) -> Self {
        let contestant = Self::new(name, move |slice, recorder| {
            let begun = Instant::now();
            let mut before = begun;
            while before - begun < slice {
                batch(size)?;
                let now = Instant::now();
                recorder.record((now - before) / size, size.into());
                before = now;
            }
            Ok(())
        });
        Self { batch: size, ..contestant }
    }

    /// One that prepares each operation, and is measured only from there on, until it returns: what it returns is dropped later.
    pub fn prepared<T>(
        name: impl Into<String>,
        mut prepare: impl FnMut() + 'a,
        mut operation: impl FnMut() -> anyhow::Result<T> + 'a,
    ) -> Self {
        Self::new(name, move |slice, recorder| {
            let begun = Instant::now();
            while begun.elapsed() < slice {
                prepare();
                let before = Instant::now();
                let _done = operation()?;
                recorder.record(before.elapsed(), 1);
            }
            Ok(())
        })
    }

    fn series(&self, case: &str) -> Series {
        Series { is_floor: self.is_floor, batch: self.batch, ..Series::new(case, &self.name) }
    }
}

/// What takes longer than this many nanoseconds, a minute, is taken for as long.
const LONGEST: u64 = 60_000_000_000;

/// What one contestant has done.
pub struct Recorder {
    histogram: Histogram<u64>,
    /// How long that took as a whole, where operations overlap.
    elapsed: Option<Duration>,
    /// The sum of all operations' times, where they don't.
    busy: Duration,
}

impl Default for Recorder {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST, 3).expect("bounds that are in order");
        Self { histogram, elapsed: None, busy: Duration::ZERO }
    }
}

impl Recorder {
    /// So many operations that took so long each.
    pub fn record(&mut self, time: Duration, count: u64) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1);
        self.histogram.saturating_record_n(nanoseconds, count);
        self.busy += time * u32::try_from(count).unwrap_or(u32::MAX);
    }

    /// Operations that overlapped took so long together.
    pub fn took(&mut self, elapsed: Duration) {
        self.elapsed = Some(self.elapsed.unwrap_or_default() + elapsed);
    }

    /// What another has recorded meanwhile.
    ///
    /// # Errors
    ///
    /// It was another kind of recorder.
    pub fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        self.histogram.add(&other.histogram).context("the same histogram")
    }

    fn rate(&self) -> f64 {
        let time = self.elapsed.unwrap_or(self.busy).as_secs_f64();
        self.histogram.len() as f64 / time.max(f64::MIN_POSITIVE)
    }

    fn round(&self) -> Round {
        let histogram = &self.histogram;
        let at = |quantile| histogram.value_at_quantile(quantile) as f64;
        Round { p50: at(0.5), p99: at(0.99), max: histogram.max() as f64, rate: self.rate(), samples: histogram.len() }
    }
}

/// How long the rounds of one case may take together.
#[derive(Clone, Copy)]
pub struct Plan {
    /// For all contestants.
    pub time: Duration,
    /// For what counts of one turn.
    pub slice: Duration,
}

/// The fewest rounds that a median is taken of.
const FEWEST_ROUNDS: u32 = 5;

/// What part of a slice passes at the beginning of a turn before anything counts: the one before has left the cores awake or
/// asleep, and its own things in the caches.
const LEAD: f64 = 0.25;

/// What the order of turns is drawn from: the same each time.
const SEED: u64 = 1;

static STOPPED: AtomicBool = AtomicBool::new(false);

/// Lets everything that is measured end with an error, at the next turn.
pub fn stop() {
    STOPPED.store(true, Ordering::Relaxed);
}

static ALONE: OnceLock<String> = OnceLock::new();

/// Lets nobody but the contestants of this name have a turn, so that a profiler sees nothing else. Counts the first time.
pub fn alone(name: String) {
    ALONE.get_or_init(|| name);
}

/// Whether it is for a profile that something is measured.
pub(crate) fn is_profiled() -> bool {
    ALONE.get().is_some()
}

/// Lets all contestants have their turn, round after round, and returns what each has done.
///
/// # Errors
///
/// A contestant fails, or all was [stopped](stop).
pub fn side_by_side(case: &str, plan: Plan, contestants: Vec<Contestant>) -> anyhow::Result<Vec<Series>> {
    let mut contestants = contestants;
    if let Some(name) = ALONE.get() {
        contestants.retain(|contestant| contestant.name == *name);
    }
    let turns = u32::try_from(contestants.len())?.max(1);
    let round_time = (plan.slice * turns).mul_f64(1.0 + LEAD);
    let rounds = (plan.time.as_secs_f64() / round_time.as_secs_f64()) as u32;
    let rounds = rounds.max(FEWEST_ROUNDS);
    let slice = plan.slice.min((plan.time / (rounds * turns)).div_f64(1.0 + LEAD));
    let mut series: Vec<_> = contestants.iter().map(|contestant| contestant.series(case)).collect();
    let mut all: Vec<_> = contestants.iter().map(|_| Recorder::default()).collect();
    let mut order: Vec<_> = (0..contestants.len()).collect();
    let mut random = StdRng::seed_from_u64(SEED);
    // The first round only warms caches.
    for round in 0..=rounds {
        // By lot: in any fixed order most would always run behind the same other, and with what that one leaves them.
        order.shuffle(&mut random);
        for &index in &order {
            anyhow::ensure!(!STOPPED.load(Ordering::Relaxed), "stopped");
            let contestant = &mut contestants[index];
            let mut recorder = Recorder::default();
            (contestant.run)(slice.mul_f64(LEAD), &mut Recorder::default())
                .and_then(|()| (contestant.run)(slice, &mut recorder))
                .with_context(|| format!("{case}: {}", contestant.name))?;
            anyhow::ensure!(!recorder.histogram.is_empty(), "{case}: {} did nothing", contestant.name);
            if round > 0 {
                series[index].rounds.push(recorder.round());
                all[index].histogram.add(&recorder.histogram).context("the same histogram")?;
            }
        }
    }
    for (series, recorder) in series.iter_mut().zip(&all) {
        series.sum(&recorder.round());
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use super::{Contestant, Plan, side_by_side};

    const PLAN: Plan = Plan { time: Duration::from_millis(60), slice: Duration::from_millis(1) };

    #[test]
    fn everybody_has_as_many_turns() {
        let contestants = ["a", "b", "c"].map(|name| Contestant::each(name, || Ok(()))).into();
        let series = side_by_side("case", PLAN, contestants).unwrap();
        let rounds: Vec<_> = series.iter().map(|series| series.rounds.len()).collect();
        assert_eq!(rounds, [16; 3]);
        assert!(series.iter().all(|series| series.samples >= 16));
    }

    #[test]
    fn everybody_runs_behind_everybody_else_about_as_often() {
        let plan = Plan { time: Duration::from_millis(600), ..PLAN };
        let turns = RefCell::new(Vec::new());
        let contestant = |name| {
            let turns = &turns;
            Contestant::each(name, move || {
                let mut turns = turns.borrow_mut();
                if turns.last() != Some(&name) {
                    turns.push(name);
                }
                Ok(())
            })
        };
        side_by_side("case", plan, ["a", "b", "c", "d"].map(contestant).into()).unwrap();
        let turns = turns.into_inner();
        let behind: Vec<_> = turns.windows(2).filter(|pair| pair[1] == "b").map(|pair| pair[0]).collect();
        for name in ["a", "c", "d"] {
            let share = behind.iter().filter(|other| **other == name).count() as f64 / behind.len() as f64;
            assert!((0.2..0.5).contains(&share), "b runs behind {name} in {share} of all turns");
        }
    }

    #[test]
    fn a_contestant_that_fails_or_does_nothing_ends_it() {
        let fails = Contestant::each("fails", || anyhow::bail!("no"));
        assert!(side_by_side("case", PLAN, vec![fails]).is_err());
        let idles = Contestant::new("idles", |_, _| Ok(()));
        assert!(side_by_side("case", PLAN, vec![idles]).is_err());
    }
}
