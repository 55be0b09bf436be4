//! Runs tests and counts them.

use std::fmt::{self, Display};
use std::io::{BufRead, BufReader};
use std::ops::AddAssign;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::examples::EMBED_TEST;
use crate::workspace::Workspace;
use crate::{fuel, process};

use super::{browser_check, conformance, counted_check, middleware_check, wasmtime_check};

/// Integration tests that are steps of their own.
const APART: [&str; 6] = [
    browser_check::TARGET,
    conformance::TARGET,
    fuel::TARGET,
    middleware_check::TARGET,
    wasmtime_check::TARGET,
    EMBED_TEST,
];

/// How many tests came out how.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} ignored", self.passed, self.failed, self.ignored)
    }
}

/// What a run of tests wrote.
pub(super) struct Report {
    pub(super) counts: Counts,
    /// The names of those that passed.
    pub(super) passed: Vec<String>,
}

/// All tests but those in the docs and those that are steps of their own.
pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Counts> {
    let mut cargo = test_command(workspace);
    cargo.arg("--lib");
    for name in workspace.tested_programs() {
        cargo.args(["--bin", name]);
    }
    for name in workspace.integration_tests() {
        if !APART.contains(&name) && !counted_check::TARGETS.contains(&name) {
            cargo.args(["--test", name]);
        }
    }
    Ok(run(&mut cargo)?.counts)
}

/// The examples in the docs.
pub(super) fn doc_tests(workspace: &Workspace) -> anyhow::Result<Counts> {
    Ok(run(test_command(workspace).arg("--doc"))?.counts)
}

/// `cargo test` over the whole workspace: always all packages, for with fewer of them features differ and everything is
/// compiled again.
pub(crate) fn test_command(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace", "--no-fail-fast"]).env("DRSESSION_COMPONENTS", workspace.components());
    cargo
}

/// Runs tests to their end, shows what they write, and reads it.
pub(super) fn run(command: &mut Command) -> anyhow::Result<Report> {
    let shown = process::shown(command);
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("`{shown}` can't be started"))?;
    let output = child.stdout.take().context("the output is piped")?;
    let mut report = Report { counts: Counts::default(), passed: Vec::new() };
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        report.read(&line);
    }
    let status = child.wait()?;
    if !status.success() && report.counts.failed == 0 {
        bail!("`{shown}` failed ({status})");
    }
    Ok(report)
}

impl Report {
    fn read(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... ok")) {
            self.passed.push(name.trim_end_matches(" - should panic").to_owned());
        }
        if let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) {
            for count in counts.split("; ") {
                match count.split_once(' ').map(|(number, what)| (number.parse::<usize>(), what)) {
                    Some((Ok(number), "passed")) => self.counts.passed += number,
                    Some((Ok(number), "failed")) => self.counts.failed += number,
                    Some((Ok(number), "ignored")) => self.counts.ignored += number,
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Report};

    #[test]
    fn results_are_added_up_and_names_kept() {
        let mut report = Report { counts: Counts::default(), passed: Vec::new() };
        for line in [
            "running 3 tests",
            "test a::b ... ok",
            "test a::c - should panic ... ok",
            "test a::d ... ignored",
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test e ... FAILED",
            "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            report.read(line);
        }
        assert_eq!(report.counts, Counts { passed: 2, failed: 1, ignored: 1 });
        assert_eq!(report.passed, ["a::b", "a::c"]);
    }
}
