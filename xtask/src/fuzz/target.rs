//! One target, run by libFuzzer (<https://llvm.org/docs/LibFuzzer.html>).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::process;
use crate::workspace::Workspace;

/// What every run is held to: seconds an input, megabytes in all, bytes an input.
const LIMITS: [&str; 3] = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=4096"];

pub(super) struct Target {
    pub(super) name: &'static str,
    /// How many inputs the gate tries.
    pub(super) inputs: u64,
}

/// When a run ends.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// After the target's number of inputs, which are the same every time.
    Inputs,
    /// After so long.
    Time(Duration),
}

impl Target {
    /// Runs it, beginning with the kept corpus; what it finds goes to a folder. How many inputs it tried.
    pub(super) fn run(
        &self,
        programs: &Path,
        workspace: &Workspace,
        found: &Path,
        bound: Bound,
    ) -> anyhow::Result<u64> {
        let (log_path, artifacts) = (self.log_path(workspace), self.artifacts(workspace));
        let kept = self.kept(workspace);
        for folder in [found, &artifacts, &kept] {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let log = File::create(&log_path).with_context(|| log_path.display().to_string())?;
        let mut command = self.command(programs, workspace);
        command.args(LIMITS).arg("-print_final_stats=1").arg(prefix(&artifacts)).args([found, &kept]);
        match bound {
            Bound::Inputs => command.args(["-seed=1".into(), format!("-runs={}", self.inputs)]),
            Bound::Time(time) => command.arg(format!("-max_total_time={}", time.as_secs().max(1))),
        };
        let begun = Instant::now();
        let status = command.stdout(log.try_clone()?).stderr(log).status();
        let status = status.with_context(|| format!("`{}` can't be started", process::shown(&command)))?;
        let seconds = begun.elapsed().as_secs_f32();

        let text = String::from_utf8_lossy(&fs::read(&log_path)?).into_owned();
        let report = Report::read(&text);
        if !status.success() {
            bail!("{}", self.failure(&text, &log_path));
        }
        ensure!(report.coverage > 0, "there is no coverage to lead it: see {}", log_path.display());
        if let Bound::Inputs = bound {
            ensure!(report.executions >= self.inputs, "only {} of {} inputs", report.executions, self.inputs);
        }
        let Report { executions, coverage, at_first } = report;
        println!("{}: {executions} executions in {seconds:.1} s, coverage {at_first} → {coverage}", self.name);
        Ok(executions)
    }

    /// Runs one input, as it was found. Whether it does what it should.
    pub(super) fn try_again(&self, programs: &Path, workspace: &Workspace, input: &Path) -> anyhow::Result<bool> {
        ensure!(input.is_file(), "there is no {}", input.display());
        let mut command = self.command(programs, workspace);
        Ok(command.args(LIMITS).arg(input).status()?.success())
    }

    /// Takes what was found into the repository's corpus, as far as it reaches new code: how often it does is left to chance.
    pub(super) fn keep(&self, programs: &Path, workspace: &Workspace, found: &Path) -> anyhow::Result<()> {
        let log = File::create(self.log_path(workspace))?;
        let mut command = self.command(programs, workspace);
        command.args(LIMITS).args(["-set_cover_merge=1", "-use_counters=0"]).args([&self.kept(workspace), found]);
        process::run(command.stdout(log.try_clone()?).stderr(log))
    }

    fn command(&self, programs: &Path, workspace: &Workspace) -> Command {
        let mut command = Command::new(programs.join(self.name));
        command.env("DRSESSION_COMPONENTS", workspace.components());
        command
    }

    /// The corpus in the repository.
    fn kept(&self, workspace: &Workspace) -> PathBuf {
        workspace.root().join("fuzz/corpus").join(self.name)
    }

    fn artifacts(&self, workspace: &Workspace) -> PathBuf {
        workspace.target().join("fuzz/artifacts").join(self.name)
    }

    fn log_path(&self, workspace: &Workspace) -> PathBuf {
        workspace.target().join("fuzz").join(self.name).with_extension("log")
    }

    /// What went wrong, with which input, and how to see it again.
    fn failure(&self, log: &str, log_path: &Path) -> String {
        let reason = log.lines().find(|line| line.contains("panicked at") || line.starts_with("SUMMARY:"));
        let said = log.lines().skip_while(|line| !line.contains("panicked at")).nth(1).unwrap_or_default();
        let input = log.lines().rev().find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path));
        let again = match input {
            Some(path) => format!("again: cargo xtask fuzz {} --input {path}", self.name),
            None => "it left no input".to_owned(),
        };
        format!("{}\n{said}\n{again}\nlog: {}", reason.unwrap_or("it failed"), log_path.display())
    }
}

fn prefix(artifacts: &Path) -> String {
    format!("-artifact_prefix={}/", artifacts.display())
}

/// What a run of libFuzzer wrote.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    executions: u64,
    /// Branches reached by the kept corpus, and at the end.
    at_first: u64,
    coverage: u64,
}

impl Report {
    fn read(log: &str) -> Self {
        let mut report = Self::default();
        for line in log.lines() {
            if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
                report.executions = count.trim().parse().unwrap_or(0);
            }
            if let Some(coverage) = coverage(line) {
                report.coverage = coverage;
                if line.contains("INITED") {
                    report.at_first = coverage;
                }
            }
        }
        report
    }
}

/// `#1024 INITED cov: 512 ft: …`
fn coverage(line: &str) -> Option<u64> {
    line.split_once(" cov: ")?.1.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn what_was_tried_and_reached_is_read() {
        let log = "INFO: Loaded 1 modules   (5 inline 8-bit counters): 5\n\
            #3\tINITED cov: 12 ft: 13 corp: 2/6b exec/s: 0 rss: 40Mb\n\
            #8\tNEW    cov: 14 ft: 15 corp: 3/8b lim: 4 exec/s: 0 rss: 40Mb L: 2/4 MS: 1 ChangeBit-\n\
            #100\tDONE   cov: 15 ft: 16 corp: 3/8b lim: 4 exec/s: 0 rss: 40Mb\n\
            stat::number_of_executed_units: 100\n";
        assert_eq!(Report::read(log), Report { executions: 100, at_first: 12, coverage: 15 });
        assert_eq!(Report::read("Killed"), Report::default());
    }
}
