//! componentize-py, which makes components of Python, in an environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::{packages, say};
use crate::process;
use crate::workspace::Workspace;

const VERSION: &str = "0.25.1";

/// The program's file, installed if it is missing.
pub(crate) fn componentize_py(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let environment = workspace.root().join("target/python");
    let program = environment.join("bin/componentize-py");
    if !is_there(&program) {
        say(&format!("installing componentize-py {VERSION}"));
        let create = || process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
        // Debian has Python in parts.
        if create().is_err() {
            if let Err(error) = packages::install(&["python3-venv"]) {
                bail!("`python3 -m venv` fails, and python3-venv could not be installed ({error:#})");
            }
            create()?;
        }
        let mut install = Command::new(environment.join("bin/pip"));
        install.args(["install", "--quiet", &format!("componentize-py=={VERSION}")]);
        process::run(&mut install).context("installing componentize-py")?;
    }
    Ok(program)
}

fn is_there(program: &Path) -> bool {
    let output = Command::new(program).arg("--version").output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == VERSION))
}
