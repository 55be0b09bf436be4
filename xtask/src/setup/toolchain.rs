//! Which Rust builds the components: one that has the standard library for wasm.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::{debian, say};
use crate::flags::ToolchainName;
use crate::process;
use crate::workspace::Workspace;

/// What the components are built for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// A cargo and its rustc.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The one that runs this program.
    Own,
    /// Debian's packages. Their rustc is of another version, so what one of the two has built the other can't use.
    Debian,
}

impl Toolchain {
    /// This toolchain's cargo, in the workspace's root, with the flags of .cargo/config.toml alone: `RUSTFLAGS` would put
    /// them out of force, and the components would not be the same everywhere.
    pub(crate) fn cargo(self, workspace: &Workspace) -> Command {
        let mut cargo = match self {
            Self::Own => workspace.cargo(),
            Self::Debian => {
                let mut cargo = debian::cargo();
                cargo.current_dir(workspace.root());
                cargo
            }
        };
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo
    }

    /// This toolchain's rustc itself, which no proxy stands before.
    pub(crate) fn rustc(self) -> anyhow::Result<PathBuf> {
        if self == Self::Debian {
            return Ok(debian::RUSTC.into());
        }
        let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
        Ok(Path::new(String::from_utf8(sysroot)?.trim()).join("bin/rustc"))
    }

    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Own => "the workspace's own Rust",
            Self::Debian => "Debian's Rust (rustc-web)",
        }
    }

    /// Whether an empty crate compiles for wasm. That the standard library is there says too little: it has to be of this
    /// very rustc.
    fn has_target(self) -> bool {
        let rustc = match self {
            Self::Own => "rustc",
            Self::Debian => debian::RUSTC,
        };
        let mut compile = Command::new(rustc);
        compile.args(["--crate-type=lib", "--emit=dep-info=-", "--target", TARGET, "-"]);
        process::succeeds(compile.stdin(Stdio::null()))
    }
}

/// The toolchain for the components, made ready if there is none yet.
pub(crate) fn wasm_toolchain(workspace: &Workspace, wanted: Option<ToolchainName>) -> anyhow::Result<Toolchain> {
    let candidates: &[Toolchain] = match wanted {
        None => &[Toolchain::Own, Toolchain::Debian],
        Some(ToolchainName::Own) => &[Toolchain::Own],
        Some(ToolchainName::Debian) => &[Toolchain::Debian],
    };
    if let Some(ready) = candidates.iter().find(|toolchain| toolchain.has_target()) {
        return Ok(*ready);
    }
    say(&format!("no Rust here has the target {TARGET} yet"));
    for toolchain in candidates {
        let made = match toolchain {
            Toolchain::Own => add_by_rustup(workspace),
            Toolchain::Debian => debian::make_target(),
        };
        match made {
            Ok(()) if toolchain.has_target() => return Ok(*toolchain),
            Ok(()) => say("that went well, and the target is missing all the same"),
            Err(error) => say(&format!("{error:#}")),
        }
    }
    bail!(
        "the target {TARGET} is missing and could not be had.\n\
         With rustup and a network: rustup target add {TARGET}\n\
         On Debian, as root: apt-get install --no-install-recommends {}; then again: cargo xtask setup",
        debian::PACKAGES.join(" ")
    )
}

fn add_by_rustup(workspace: &Workspace) -> anyhow::Result<()> {
    let rustup = process::find("rustup").context("there is no rustup")?;
    say(&format!("rustup target add {TARGET}"));
    process::run(
        Command::new(rustup).args(["target", "add", TARGET]).env_remove("RUST_BACKTRACE").current_dir(workspace.root()),
    )
}
