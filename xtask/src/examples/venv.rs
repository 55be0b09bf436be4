//! Python's virtual environments.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;

/// A virtual environment with what a requirements.txt names.
pub(super) struct Venv(PathBuf);

impl Venv {
    /// Made anew where the requirements are not those that it was made with.
    pub(super) fn make(folder: &Path, requirements: &Path) -> anyhow::Result<Self> {
        let wanted = fs::read_to_string(requirements)?;
        let made_with = folder.join("requirements.txt");
        if !fs::read_to_string(&made_with).is_ok_and(|made| made == wanted) {
            process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
            let mut pip = Command::new(folder.join("bin/pip"));
            process::run(pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements))?;
            fs::write(made_with, wanted)?;
        }
        Ok(Self(folder.to_owned()))
    }

    /// A program that came with a package, or Python itself.
    pub(super) fn program(&self, name: &str) -> Command {
        Command::new(self.0.join("bin").join(name))
    }
}
