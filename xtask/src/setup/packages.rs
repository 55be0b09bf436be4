//! Debian's packages.

use std::process::Command;

use anyhow::{Context, bail};

use super::say;
use crate::process;

/// Installs what is not installed of these packages. An error where this system has no apt-get, or we may not use it.
pub(super) fn install(packages: &[&str]) -> anyhow::Result<()> {
    let missing: Vec<_> = packages.iter().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    process::find("apt-get").context("this system has no apt-get")?;
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--no-install-recommends"]).args(&missing);
    say(&process::shown(&install));
    // A fresh system has no lists of packages yet.
    if run_as_root(&mut install).is_err() {
        run_as_root(Command::new("apt-get").arg("update"))?;
        run_as_root(&mut install)?;
    }
    Ok(())
}

/// Runs a command as root: directly, or by sudo where that asks no password.
pub(super) fn run_as_root(command: &mut Command) -> anyhow::Result<()> {
    if process::succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"])) {
        return process::run(command.env("DEBIAN_FRONTEND", "noninteractive"));
    }
    if process::succeeds(Command::new("sudo").args(["-n", "true"])) {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive"]).arg(command.get_program()).args(command.get_args());
        return process::run(&mut sudo);
    }
    bail!("`{}` needs to be run as root", process::shown(command))
}

fn is_installed(package: &str) -> bool {
    let query = Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]).output();
    query.is_ok_and(|output| output.stdout == b"installed")
}
