//! cargo-component, by which others may build the component: the tests see that it makes the same one.

use std::path::PathBuf;
use std::process::Command;

use super::say;
use crate::process;
use crate::workspace::{self, Workspace};

const VERSION: &str = "0.21.1";

/// The program, installed if it is missing: into a cache of our own, for the user may have another version.
pub(crate) fn cargo_component(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let root = workspace::cache()?.join("tools");
    let program = root.join("bin/cargo-component");
    if !is_there(&program) {
        say(&format!("installing cargo-component {VERSION}, which takes some minutes"));
        let mut install = workspace.cargo();
        install.args(["install", "cargo-component", "--locked", "--force", "--version", VERSION, "--root"]).arg(&root);
        process::run(&mut install)?;
    }
    Ok(program)
}

fn is_there(program: &PathBuf) -> bool {
    let output = Command::new(program).args(["component", "--version"]).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == VERSION))
}
