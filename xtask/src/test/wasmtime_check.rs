//! The shop under the real `wasmtime serve`, by the commands that the README names.

use std::process::Command;

use super::suite::{self, Counts};
use crate::setup::{WAC, WASMTIME};
use crate::workspace::Workspace;

/// The integration test that runs those commands.
pub(super) const TARGET: &str = "wasmtime_serve";

pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Counts> {
    let mut test = suite::test_command(workspace);
    name_tools(workspace, &mut test)?;
    Ok(suite::run(test.args(["--test", TARGET]))?.counts)
}

/// Tells a test where the programs are.
pub(super) fn name_tools(workspace: &Workspace, test: &mut Command) -> anyhow::Result<()> {
    for tool in [WASMTIME, WAC] {
        test.env(format!("DRSESSION_{}", tool.program.to_uppercase()), tool.installed(workspace)?);
    }
    Ok(())
}
