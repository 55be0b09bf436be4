//! Calls on a way to Redis that breaks at every byte: the tests say how many points they tried and how many faults that were.

use super::suite::{self, Counts};
use crate::workspace::Workspace;

/// The integration test that breaks the way.
pub(super) const TARGET: &str = "faults";

pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Counts> {
    let mut test = suite::test_command(workspace);
    // Cargo shows what tests print only where they fail.
    Ok(suite::run(test.args(["--test", TARGET, "--", "--show-output"]))?.counts)
}
