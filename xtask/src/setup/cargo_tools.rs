//! Programs that cargo installs, into a cache of our own: the user may have other versions of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::say;
use crate::process;
use crate::workspace::{self, Workspace};

/// cargo-component, by which others may build the component: the tests see that it makes the same one.
pub(crate) const CARGO_COMPONENT: CargoTool = CargoTool {
    package: "cargo-component",
    version: "0.21.1",
    features: &[],
    program: "cargo-component",
    ask_for_version: &["component", "--version"],
};

/// wasmtime's command line, whose `serve` runs applications as they are: with no more than that needs. (Without
/// `component-model-async` it doesn't compile, without `pooling-allocator` it doesn't start.)
pub(crate) const WASMTIME: CargoTool = CargoTool {
    package: "wasmtime-cli",
    version: "48.0.8",
    features: &["--no-default-features", "--features", "run,serve,cranelift,component-model-async,pooling-allocator"],
    program: "wasmtime",
    ask_for_version: &["--version"],
};

/// wac, which composes components: without what it needs for registries.
pub(crate) const WAC: CargoTool = CargoTool {
    package: "wac-cli",
    version: "0.12.0",
    features: &["--no-default-features"],
    program: "wac",
    ask_for_version: &["--version"],
};

/// A program, and where it comes from.
pub(crate) struct CargoTool {
    package: &'static str,
    version: &'static str,
    /// What `cargo install` has to be told of features.
    features: &'static [&'static str],
    pub(crate) program: &'static str,
    ask_for_version: &'static [&'static str],
}

impl CargoTool {
    /// The program's file, installed if it is missing.
    pub(crate) fn installed(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        let root = workspace::cache()?.join("tools");
        let program = root.join("bin").join(self.program);
        if !self.is_there(&program) {
            let Self { package, version, .. } = self;
            say(&format!("installing {package} {version}, which takes some minutes"));
            let mut install = workspace.cargo();
            install.args(["install", package, "--locked", "--force", "--version", version]).args(self.features);
            process::run(install.arg("--root").arg(&root))?;
        }
        Ok(program)
    }

    fn is_there(&self, program: &Path) -> bool {
        let output = Command::new(program).args(self.ask_for_version).output();
        output.is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == self.version)
        })
    }
}
