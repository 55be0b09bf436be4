//! `soak-memory`: what takes minutes, and no test has the time for.

use crate::flags::ToolchainName;
use crate::process;
use crate::workspace::Workspace;
use crate::{build, setup};

/// Builds the components, and fails where an instance of the asynchronous one needs more memory the more it is called.
pub(crate) fn run(workspace: &Workspace, toolchain: Option<ToolchainName>) -> anyhow::Result<()> {
    setup::redis_server()?;
    build::components(workspace, toolchain)?;
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--package", "host-test", "--bin", "soak_memory"]);
    process::run(cargo.env("DRSESSION_COMPONENTS", workspace.components()))
}
