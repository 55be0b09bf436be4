//! Packages from npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{process, setup};

/// What an example's folder is copied without: what a reader's own build has left there.
const LEFT_OUT: [&str; 3] = ["node_modules", "session", ".gitignore"];

/// A copy of an example, with the packages of its package-lock.json.
pub(super) struct Node(PathBuf);

impl Node {
    /// Copies the example; its packages are fetched anew where they are not those that are there.
    pub(super) fn make(source: &Path, folder: &Path) -> anyhow::Result<Self> {
        copy(source, folder)?;
        let wanted = fs::read_to_string(source.join("package-lock.json"))?;
        let made_with = folder.join("node_modules/made-with.json");
        if !fs::read_to_string(&made_with).is_ok_and(|made| made == wanted) {
            setup::npm()?;
            let mut npm = Command::new("npm");
            process::run(npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder))?;
            fs::write(made_with, wanted)?;
        }
        Ok(Self(folder.to_owned()))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// A program that came with a package, to be run in the folder.
    pub(super) fn program(&self, name: &str) -> Command {
        let mut program = Command::new(self.0.join("node_modules/.bin").join(name));
        program.current_dir(&self.0);
        program
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
