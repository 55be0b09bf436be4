//! `soak`: everything that goes wrong, for as long as one likes.

use std::os::unix::process::CommandExt as _;

use anyhow::Context as _;

use crate::flags::{Soak, ToolchainName};
use crate::workspace::Workspace;
use crate::{build, setup};

/// Builds the components and becomes the program that fails where one of them breaks a promise: so every signal reaches that one.
pub(crate) fn run(workspace: &Workspace, toolchain: Option<ToolchainName>, flags: &Soak) -> anyhow::Result<()> {
    setup::redis_server()?;
    build::components(workspace, toolchain)?;
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--package", "host-test", "--bin", "soak", "--", "--minutes", &flags.minutes]);
    if let Some(seed) = flags.seed {
        cargo.args(["--seed", &seed.to_string()]);
    }
    // cargo becomes what it runs, too.
    Err(cargo.env("DRSESSION_COMPONENTS", workspace.components()).exec()).context("cargo can't be started")
}
