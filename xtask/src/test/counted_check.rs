//! Tests whose numbers belong to what they show: how much went wrong, and how much was lost.

use super::suite::{self, Counts};
use crate::workspace::Workspace;

/// The integration tests: servers that take over, calls on a way that breaks at every byte, and both for a while.
pub(super) const TARGETS: [&str; 3] = ["cluster", "faults", "soak"];

pub(super) fn tests(workspace: &Workspace, target: &str) -> anyhow::Result<Counts> {
    let mut test = suite::test_command(workspace);
    // Cargo shows what tests print only where they fail.
    Ok(suite::run(test.args(["--test", target, "--", "--show-output"]))?.counts)
}
