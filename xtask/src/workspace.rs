//! Where things lie.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;

use crate::process;

/// The workspace, as cargo knows it.
pub(crate) struct Workspace {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

/// A package, as its manifest describes it.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) repository: Option<String>,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
    /// Whether cargo may run it as a test. What is fuzzed by it would run for ever.
    test: bool,
}

impl Workspace {
    pub(crate) fn find() -> anyhow::Result<Self> {
        let mut cargo = cargo();
        cargo.args(["metadata", "--format-version=1", "--no-deps"]);
        // Not the folder that it was compiled in: with a target folder in common, cargo may run what another clone has built.
        let folder = env::var_os("CARGO_MANIFEST_DIR").context("this runs by `cargo xtask`")?;
        cargo.arg("--manifest-path").arg(Path::new(&folder).with_file_name("Cargo.toml"));
        let metadata = serde_json::from_slice(&process::output(&mut cargo)?).context("what `cargo metadata` says")?;
        Ok(Self { metadata })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.metadata.workspace_root
    }

    /// Cargo's target folder, which the environment may have moved elsewhere.
    pub(crate) fn target(&self) -> &Path {
        &self.metadata.target_directory
    }

    /// Where the components go, wherever cargo's target folder is.
    pub(crate) fn components(&self) -> PathBuf {
        self.root().join("target/components")
    }

    pub(crate) fn package(&self, name: &str) -> anyhow::Result<&Package> {
        let mut packages = self.metadata.packages.iter();
        packages.find(|package| package.name == name).with_context(|| format!("there is no package {name}"))
    }

    /// The manifests of all packages.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = &Path> {
        self.metadata.packages.iter().map(|package| package.manifest_path.as_path())
    }

    /// The names of the integration tests of all packages.
    pub(crate) fn integration_tests(&self) -> BTreeSet<&str> {
        self.tested("test")
    }

    /// The names of the programs of all packages that may hold tests.
    pub(crate) fn tested_programs(&self) -> BTreeSet<&str> {
        self.tested("bin")
    }

    fn tested(&self, kind: &str) -> BTreeSet<&str> {
        let targets = self.metadata.packages.iter().flat_map(|package| &package.targets);
        targets
            .filter(|target| target.test && target.kind.iter().any(|other| other == kind))
            .map(|target| target.name.as_str())
            .collect()
    }

    /// Cargo, in the workspace's root.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = cargo();
        cargo.current_dir(self.root());
        cargo
    }
}

/// The cargo that runs this program.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A folder for what outlives a clone: `$XDG_CACHE_HOME/drsession`, or that in the home folder.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()) {
        Some(cache) => PathBuf::from(cache),
        None => {
            PathBuf::from(std::env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?).join(".cache")
        }
    };
    Ok(base.join("drsession"))
}
