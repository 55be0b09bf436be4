//! The conformance suite, held against a list of its cases: none may be lost without somebody noticing.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use super::suite::{self, Counts};
use crate::process;
use crate::workspace::Workspace;

/// The integration test that holds the suite.
pub(super) const TARGET: &str = "conformance";

/// Runs the suite. It has failed where a case of the list did not pass, or one that passed is not on the list.
pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Counts> {
    run(workspace, suite::test_command(workspace).args(["--test", TARGET]))
}

/// The same, by another command.
pub(super) fn run(workspace: &Workspace, tests: &mut Command) -> anyhow::Result<Counts> {
    let path = list_path(workspace);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("{}, which `cargo xtask test --bless` writes", path.display()))?;
    let listed: BTreeSet<String> = text.lines().map(str::to_owned).collect();
    let mut report = suite::run(tests)?;
    if let Err(error) = compare(&listed, &report.passed.into_iter().collect()) {
        println!("{error}");
        report.counts.failed = report.counts.failed.max(1);
    }
    Ok(report.counts)
}

/// Writes the list anew, as the suite stands.
pub(super) fn bless(workspace: &Workspace) -> anyhow::Result<()> {
    let mut list = suite::test_command(workspace);
    list.args(["--test", TARGET, "--", "--list", "--format", "terse"]);
    let output = String::from_utf8(process::output(&mut list)?).context("the names of the cases")?;
    let names: BTreeSet<&str> = output.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let path = list_path(workspace);
    fs::write(&path, names.iter().map(|name| format!("{name}\n")).collect::<String>())?;
    println!("{} cases are in {}", names.len(), path.display());
    Ok(())
}

fn list_path(workspace: &Workspace) -> PathBuf {
    workspace.root().join("host-test/conformance.txt")
}

fn compare(listed: &BTreeSet<String>, passed: &BTreeSet<String>) -> anyhow::Result<()> {
    if listed.is_empty() {
        bail!("the list of conformance cases is empty");
    }
    let without: Vec<_> = listed.difference(passed).map(String::as_str).collect();
    if !without.is_empty() {
        bail!("listed, and not passed (failed, missing, ignored or filtered out):\n  {}", without.join("\n  "));
    }
    let unlisted: Vec<_> = passed.difference(listed).map(String::as_str).collect();
    if !unlisted.is_empty() {
        bail!("not on the list, which `cargo xtask test --bless` brings up to date:\n  {}", unlisted.join("\n  "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::compare;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_list_and_what_passed_have_to_be_the_same() {
        assert!(compare(&names(&["a", "b"]), &names(&["a", "b"])).is_ok());
        assert!(compare(&names(&["a", "b"]), &names(&["a"])).is_err());
        assert!(compare(&names(&["a"]), &names(&["a", "b"])).is_err());
        assert!(compare(&names(&[]), &names(&[])).is_err());
    }
}
