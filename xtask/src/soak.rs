//! `soak`: everything that goes wrong, for as long as one likes.

use crate::flags::{Soak, ToolchainName};
use crate::process;
use crate::workspace::Workspace;
use crate::{build, setup};

/// Builds the components, and fails where one of them breaks a promise.
pub(crate) fn run(workspace: &Workspace, toolchain: Option<ToolchainName>, flags: &Soak) -> anyhow::Result<()> {
    setup::redis_server()?;
    build::components(workspace, toolchain)?;
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--package", "host-test", "--bin", "soak", "--", "--minutes", &flags.minutes]);
    if let Some(seed) = flags.seed {
        cargo.args(["--seed", &seed.to_string()]);
    }
    process::run(cargo.env("DRSESSION_COMPONENTS", workspace.components()))
}
