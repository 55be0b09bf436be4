//! The book-keeping of one run: which steps went well, which did not, which were left out.

use std::time::Instant;

use super::suite::Counts;

/// What has happened so far.
#[derive(Default)]
pub(super) struct Run {
    steps: Vec<Step>,
    left_out: Vec<String>,
}

/// Why tests can't run on this machine.
pub(super) struct Missing(pub(super) String);

struct Step {
    name: String,
    well: bool,
    /// Of a step that runs tests.
    counts: Option<Counts>,
}

impl Run {
    /// A step that either goes well or does not. The run goes on in any case.
    pub(super) fn step(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<()>) -> bool {
        self.record(name, || step().map(|()| None))
    }

    /// A step that runs tests and counts them.
    pub(super) fn tests(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<Counts>) {
        self.record(name, || step().map(Some));
    }

    /// The same where the machine may lack what the tests need. Then they are left out: nothing has failed.
    pub(super) fn tests_where_possible(
        &mut self,
        name: &str,
        step: impl FnOnce() -> anyhow::Result<Result<Counts, Missing>>,
    ) {
        let (result, seconds) = timed(name, step);
        match result {
            Ok(Err(Missing(what))) => {
                println!("{} NOT TESTED: {what}", name.to_uppercase());
                self.leave_out(&format!("{name} (NOT TESTED: {what})"));
            }
            Ok(Ok(counts)) => _ = self.conclude(name, Ok(Some(counts)), seconds),
            Err(error) => _ = self.conclude(name, Err(error), seconds),
        }
    }

    pub(super) fn leave_out(&mut self, name: &str) {
        self.left_out.push(name.to_owned());
    }

    /// Says how it all went; the last line is for programs. True where nothing failed.
    pub(super) fn finish(self) -> bool {
        println!("\n== result ==");
        for step in &self.steps {
            let mark = if step.well { "ok    " } else { "FAILED" };
            match &step.counts {
                Some(counts) => println!("{mark}  {}: {counts}", step.name),
                None => println!("{mark}  {}", step.name),
            }
        }
        for name in &self.left_out {
            println!("left out: {name}");
        }
        let (passed, failed) = self.totals();
        let well = failed == 0;
        println!("{}", if well { "All is well." } else { "Something FAILED: see above." });
        println!("{passed} passed, {failed} failed");
        well
    }

    fn record(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<Option<Counts>>) -> bool {
        let (result, seconds) = timed(name, step);
        self.conclude(name, result, seconds)
    }

    fn conclude(&mut self, name: &str, result: anyhow::Result<Option<Counts>>, seconds: f32) -> bool {
        let (well, counts) = match result {
            Ok(counts) => (counts.as_ref().is_none_or(|counts| counts.failed == 0), counts),
            Err(error) => {
                println!("{error:#}");
                (false, None)
            }
        };
        println!("{name}: {} after {seconds:.1} s", if well { "ok" } else { "FAILED" });
        self.steps.push(Step { name: name.to_owned(), well, counts });
        well
    }

    /// Tests count one by one, every other step as one.
    fn totals(&self) -> (usize, usize) {
        self.steps.iter().fold((0, 0), |(passed, failed), step| match &step.counts {
            Some(counts) => (passed + counts.passed, failed + counts.failed),
            None => (passed + usize::from(step.well), failed + usize::from(!step.well)),
        })
    }
}

/// Announces the step and takes it: what came of it, and how many seconds it took.
fn timed<T>(name: &str, step: impl FnOnce() -> T) -> (T, f32) {
    println!("\n== {name} ==");
    let begun = Instant::now();
    (step(), begun.elapsed().as_secs_f32())
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::{Missing, Run};
    use crate::test::suite::Counts;

    #[test]
    fn tests_count_one_by_one_and_other_steps_as_one() {
        let mut run = Run::default();
        assert!(run.step("a", || Ok(())));
        run.tests("b", || Ok(Counts { passed: 5, failed: 0, ignored: 1 }));
        assert_eq!(run.totals(), (6, 0));
        assert!(!run.step("c", || bail!("no")));
        run.tests("d", || Ok(Counts { passed: 1, failed: 2, ignored: 0 }));
        run.tests("e", || bail!("it doesn't compile"));
        assert_eq!(run.totals(), (7, 4));
        assert!(!run.finish());
    }

    #[test]
    fn what_can_not_be_tested_here_is_left_out_and_has_not_failed() {
        let mut run = Run::default();
        run.tests_where_possible("a", || Ok(Err(Missing("no network".to_owned()))));
        assert_eq!((run.totals(), run.left_out.len()), ((0, 0), 1));
        run.tests_where_possible("b", || Ok(Ok(Counts { passed: 3, failed: 0, ignored: 0 })));
        assert_eq!((run.totals(), run.left_out.len()), ((3, 0), 1));
        run.tests_where_possible("c", || bail!("it doesn't compile"));
        assert_eq!((run.totals(), run.left_out.len()), ((3, 1), 1));
        assert!(!run.finish());
    }
}
