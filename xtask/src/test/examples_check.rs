//! The examples in every language.

use super::suite::Counts;
use crate::examples;
use crate::workspace::Workspace;

pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Counts> {
    let checks = examples::run(workspace, &[])?;
    Ok(Counts { passed: checks.passed, failed: checks.failed, ignored: 0 })
}
