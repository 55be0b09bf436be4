//! `wit`: the contract in wit/, and its asynchronous twins.

mod documented;
mod twin;

use crate::{flags, workspace::Workspace};

pub(crate) fn run(workspace: &Workspace, flags: &flags::Wit) -> anyhow::Result<()> {
    if flags.check { check(workspace) } else { twin::write(workspace) }
}

/// The contract parses, says what each item is, and its twins are what they should be.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    documented::check(workspace)?;
    twin::check(workspace)
}
