//! Where an example lies, and what it is built with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use super::page::Page;
use crate::build::DRSESSION_WASI;
use crate::process;
use crate::setup::{WAC, WASMTIME};
use crate::workspace::Workspace;

/// Where `wasmtime serve` listens here, for the tests run side by side.
const FREE_PORT: &str = "--addr 127.0.0.1:0";

/// One example's folders, and the tools that all of them share.
pub(crate) struct Site<'a> {
    pub(super) workspace: &'a Workspace,
    /// The repository.
    pub(super) root: PathBuf,
    /// The example's own folder, of which nothing is changed.
    pub(super) source: PathBuf,
    /// Where its set-up and its results go: target/examples/NAME.
    pub(super) work: PathBuf,
    /// Where `cargo xtask build` has left the components.
    pub(super) components: PathBuf,
    wasmtime: PathBuf,
    wac: PathBuf,
}

impl<'a> Site<'a> {
    pub(super) fn new(workspace: &'a Workspace, name: &str) -> anyhow::Result<Self> {
        let root = workspace.root().to_owned();
        let work = root.join("target/examples").join(name);
        fs::create_dir_all(&work)?;
        Ok(Self {
            workspace,
            source: root.join("examples").join(name),
            work,
            components: workspace.components(),
            wasmtime: WASMTIME.installed(workspace)?,
            wac: WAC.installed(workspace)?,
            root,
        })
    }

    /// The application with drsession-wasi.wasm within, as `wasmtime serve` runs it.
    pub(super) fn compose(&self, application: &Path, composed: &Path) -> anyhow::Result<()> {
        process::run(&mut self.plug(application, composed))
    }

    fn plug(&self, application: &Path, composed: &Path) -> Command {
        let mut wac = Command::new(&self.wac);
        wac.arg("plug").arg(application).arg("--plug").arg(self.components.join(DRSESSION_WASI));
        wac.arg("-o").arg(composed);
        wac
    }

    /// Fails unless the page, which speaks in the example's folder of these two files, composes and serves as it is done here.
    pub(super) fn check_commands(&self, page: &Page, application: &str, composed: &str) -> anyhow::Result<()> {
        let (application, composed) = (Path::new(application), Path::new(composed));
        let serve = process::shown(&self.serve(composed, "redis://127.0.0.1:6379"));
        let commands = [process::shown(&self.plug(application, composed)), serve.replace(FREE_PORT, "")];
        for command in commands {
            let command = command.replace(&self.root.display().to_string(), "../..");
            let words: Vec<_> = command.split_whitespace().collect();
            let said = page.command(&words[..2])?;
            ensure!(said == words, "the page says `{}`, and here it is `{command}`", said.join(" "));
        }
        Ok(())
    }

    /// What a .wac document of the example describes; each of these packages is one of our components.
    pub(super) fn compose_by(&self, document: &str, packages: &[(&str, &str)], composed: &Path) -> anyhow::Result<()> {
        let mut wac = Command::new(&self.wac);
        wac.arg("compose").arg(self.source.join(document));
        for (package, component) in packages {
            wac.arg("--dep").arg(format!("{package}={}", self.components.join(component).display()));
        }
        process::run(wac.arg("-o").arg(composed))
    }

    /// `wasmtime serve`, on a free port, with the network and this Redis in the environment.
    pub(super) fn serve(&self, composed: &Path, redis_url: &str) -> Command {
        let mut serve = Command::new(&self.wasmtime);
        serve.args(["serve", "-S", "cli", "-S", "inherit-network"]).args(FREE_PORT.split(' '));
        serve.args(["--env", &format!("REDIS_URL={redis_url}")]).arg(composed);
        serve
    }
}
