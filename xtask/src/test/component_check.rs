//! cargo-component makes the same component: with the same imports and exports. It may name WASI's interfaces by another
//! patch version: it always adds an adapter that knows a later one, and the two become one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::build::DRSESSION;
use crate::build::interface::Interface;
use crate::process;
use crate::setup::{self, TARGET, Toolchain};
use crate::workspace::Workspace;

/// What cargo-component writes beside the component: bindings for those who don't make their own, as we do.
const BINDINGS: &str = "src/bindings.rs";

pub(super) fn check(workspace: &Workspace, toolchain: Toolchain) -> anyhow::Result<()> {
    let ours = workspace.components().join(DRSESSION);
    // A folder of its own: what cargo-component makes lies where cargo puts the core module.
    let target = workspace.target().join("cargo-component");
    let theirs = target.join(TARGET).join("release").join(DRSESSION);

    build(workspace, toolchain, &target)?;
    fs::remove_file(workspace.root().join(BINDINGS)).with_context(|| format!("removing {BINDINGS}"))?;

    let interface = |path: &Path| {
        let component = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        Interface::of(&component).with_context(|| path.display().to_string())
    };
    let (theirs, ours) = (interface(&theirs)?, interface(&ours)?);
    ensure!(theirs.is_compatible(&ours), "cargo-component's has {theirs:?}, ours has {ours:?}");
    println!("the same imports and exports: {theirs:?}");
    Ok(())
}

fn build(workspace: &Workspace, toolchain: Toolchain, target: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(setup::CARGO_COMPONENT.installed(workspace)?);
    command.args(["component", "build", "--release", "--target", TARGET, "--package", "drsession"]);
    command.current_dir(workspace.root()).env("CARGO_TARGET_DIR", target);

    // It starts the cargo that the environment names: the one that builds everything else, in the same environment.
    let cargo = toolchain.cargo(workspace);
    for (name, value) in cargo.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("CARGO", cargo.get_program()).env("RUSTC", toolchain.rustc()?);

    // It insists on an installed wasm32-wasip1, which this build has no use for, and looks for it where the `rustc` on PATH
    // says that Rust lies. This one says so of a folder that has it. Cargo asks the true one, by the variable above.
    let pretence = tempfile::tempdir()?;
    fs::create_dir_all(pretence.path().join("lib/rustlib/wasm32-wasip1"))?;
    let rustc = pretence.path().join("rustc");
    fs::write(&rustc, format!("#!/bin/sh\necho '{}'\n", pretence.path().display()))?;
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(pretence.path().to_owned()).chain(std::env::split_paths(&path));
    process::run(command.env("PATH", std::env::join_paths(folders)?))
}
