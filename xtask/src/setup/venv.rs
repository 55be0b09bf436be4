//! Python's virtual environments.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::{packages, say};
use crate::process;
use crate::workspace::Workspace;

/// A virtual environment with what a requirements.txt names.
pub(crate) struct Venv(PathBuf);

/// componentize-py, which makes components of Python, as the example of an asynchronous one wants it.
pub(crate) fn componentize_py(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let requirements = workspace.root().join("examples/python-async/requirements.txt");
    Ok(Venv::make(&workspace.root().join("target/python"), &requirements)?.path("componentize-py"))
}

impl Venv {
    /// Made anew where the requirements are not those that it was made with.
    pub(crate) fn make(folder: &Path, requirements: &Path) -> anyhow::Result<Self> {
        let wanted = fs::read_to_string(requirements)?;
        let made_with = folder.join("requirements.txt");
        if !fs::read_to_string(&made_with).is_ok_and(|made| made == wanted) {
            say(&format!("installing {}", wanted.split_whitespace().collect::<Vec<_>>().join(", ")));
            create(folder)?;
            let mut pip = Command::new(folder.join("bin/pip"));
            pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements);
            process::run(&mut pip).context("installing from PyPI")?;
            fs::write(made_with, wanted)?;
        }
        Ok(Self(folder.to_owned()))
    }

    /// A program that came with a package, or Python itself.
    pub(crate) fn program(&self, name: &str) -> Command {
        Command::new(self.path(name))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }
}

fn create(folder: &Path) -> anyhow::Result<()> {
    let create = || process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder));
    if create().is_ok() {
        return Ok(());
    }
    // Debian has Python in parts.
    if let Err(error) = packages::install(&["python3-venv"]) {
        bail!("`python3 -m venv` fails, and python3-venv could not be installed ({error:#})");
    }
    create()
}
