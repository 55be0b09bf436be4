//! What came of it, in numbers.

use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{ledger::Ledger, worker::Memory};
use crate::faults;

/// How much more memory an instance may have at the end than halfway, in bytes: what more calls at once than ever before take, it
/// takes once.
const MEMORY_MARGIN: usize = 1 << 20;

/// How many faults there have to be in so long a time: a thousand in five minutes.
fn wanted_faults(duration: Duration) -> u64 {
    duration.as_secs() * 1_000 / 300
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    pub(super) duration: Duration,
    pub(super) deployments: Vec<Outcome>,
    /// How many files this process had open, sockets included, before and afterwards.
    pub(super) open_files: [usize; 2],
}

/// What came of it on one deployment.
#[derive(Debug)]
pub(super) struct Outcome {
    name: &'static str,
    trouble: &'static str,
    troubles: u64,
    faults: faults::Counts,
    sessions: u64,
    reads: u64,
    acknowledged: u64,
    unknown: u64,
    unavailable: u64,
    lost: u64,
    applied_twice: u64,
    revived: u64,
    unexpected: u64,
    findings: BTreeMap<String, u64>,
    memory: Vec<Memory>,
    /// That Redis still has when everybody has left.
    connections: usize,
}

impl Outcome {
    pub(super) fn new(
        name: &'static str,
        (trouble, troubles): (&'static str, u64),
        faults: faults::Counts,
        ledger: &Ledger,
        memory: Vec<Memory>,
        connections: usize,
    ) -> Self {
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts = &ledger.counts;
        let [lost, applied_twice, revived, unexpected] = counts.violations.each_ref().map(number);
        Self {
            name,
            trouble,
            troubles,
            faults,
            sessions: number(&counts.sessions),
            reads: number(&counts.reads),
            acknowledged: number(&counts.acknowledged),
            unknown: number(&counts.unknown),
            unavailable: number(&counts.unavailable),
            lost,
            applied_twice,
            revived,
            unexpected,
            findings: ledger.findings(),
            memory,
            connections,
        }
    }

    fn faults(&self) -> u64 {
        self.faults.total() + self.troubles
    }

    fn is_well(&self) -> bool {
        let is_steady = |memory: &Memory| memory.end <= memory.halfway + MEMORY_MARGIN;
        [self.lost, self.applied_twice, self.revived, self.unexpected] == [0; 4]
            && self.troubles > 0
            && self.acknowledged > 0
            && self.connections == 0
            && self.memory.iter().all(is_steady)
    }
}

impl Report {
    /// Whether every promise was kept, and enough went wrong to say so.
    pub fn is_well(&self) -> bool {
        let [before, after] = self.open_files;
        self.deployments.iter().all(Outcome::is_well)
            && self.faults() >= wanted_faults(self.duration)
            && after <= before
    }

    fn faults(&self) -> u64 {
        self.deployments.iter().map(Outcome::faults).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for deployment in &self.deployments {
            writeln!(formatter, "{deployment}")?;
        }
        let sum = |number: fn(&Outcome) -> u64| self.deployments.iter().map(number).sum::<u64>();
        let wanted = wanted_faults(self.duration);
        writeln!(formatter, "open files           {} before, {} afterwards", self.open_files[0], self.open_files[1])?;
        writeln!(formatter, "faults injected      {} (at least {wanted} wanted)", self.faults())?;
        writeln!(formatter, "writes acknowledged  {}", sum(|deployment| deployment.acknowledged))?;
        writeln!(formatter, "lost                 {}", sum(|deployment| deployment.lost))?;
        writeln!(formatter, "applied twice        {}", sum(|deployment| deployment.applied_twice))?;
        writeln!(formatter, "revived              {}", sum(|deployment| deployment.revived))?;
        write!(formatter, "unexpected answers   {}", sum(|deployment| deployment.unexpected))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}:", self.name)?;
        writeln!(formatter, "  {} {}, {}", self.troubles, self.trouble, self.faults)?;
        writeln!(formatter, "  {} sessions, {} reads answered", self.sessions, self.reads)?;
        writeln!(
            formatter,
            "  {} writes acknowledged, {} of unknown outcome, {} calls unavailable",
            self.acknowledged, self.unknown, self.unavailable
        )?;
        for Memory { halfway, end } in &self.memory {
            writeln!(formatter, "  an instance that lived through it: {halfway} bytes halfway, {end} at the end")?;
        }
        write!(formatter, "  {} connections left behind", self.connections)?;
        for (finding, times) in &self.findings {
            write!(formatter, "\n  {finding} ({times} times)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn outcome() -> Outcome {
        let ledger = Ledger::new(String::new(), true, Duration::ZERO);
        let memory = vec![Memory { halfway: 1 << 20, end: 1 << 20 }];
        let outcome = Outcome::new("a Redis", ("restarts", 1), faults::Counts::default(), &ledger, memory, 0);
        Outcome { acknowledged: 1, ..outcome }
    }

    fn is_well(outcome: Outcome) -> bool {
        Report { duration: Duration::ZERO, deployments: vec![outcome], open_files: [9, 9] }.is_well()
    }

    #[test]
    fn whatever_is_wrong_makes_it_bad() {
        assert!(is_well(outcome()));
        assert!(!is_well(Outcome { lost: 1, ..outcome() }));
        assert!(!is_well(Outcome { applied_twice: 1, ..outcome() }));
        assert!(!is_well(Outcome { revived: 1, ..outcome() }));
        assert!(!is_well(Outcome { unexpected: 1, ..outcome() }));
        assert!(!is_well(Outcome { connections: 1, ..outcome() }));
        assert!(!is_well(Outcome { memory: vec![Memory { halfway: 1 << 20, end: (2 << 20) + 1 }], ..outcome() }));
        assert!(!is_well(Outcome { troubles: 0, ..outcome() }));
        assert!(!is_well(Outcome { acknowledged: 0, ..outcome() }));
    }

    #[test]
    fn too_few_faults_and_files_left_open_make_it_bad() {
        let report = Report { duration: Duration::from_secs(300), deployments: vec![outcome()], open_files: [9, 9] };
        assert_eq!((report.is_well(), wanted_faults(report.duration)), (false, 1_000));
        let report = Report { duration: Duration::ZERO, deployments: vec![outcome()], open_files: [9, 10] };
        assert!(!report.is_well());
    }
}
