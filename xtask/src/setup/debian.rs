//! The wasm target without rustup: Debian's packages hold a Rust and the source of its standard library, which is built
//! here and put where that Rust looks for it. From then on the target is one like any other.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use super::toolchain::TARGET;
use super::{packages, say};
use crate::process;

pub(super) const PACKAGES: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"];
pub(super) const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
/// The crates that the standard library is made with: they come with its source, so nothing has to be downloaded.
const CRATES: &str = "/usr/lib/rustlib/src/rust/library/vendor";
/// The crate that is built for its standard library's sake.
const NAME: &str = "empty";

/// Debian's cargo with Debian's rustc, whatever else is on PATH.
pub(super) fn cargo() -> Command {
    let mut cargo = Command::new(CARGO);
    cargo.env("RUSTC", RUSTC).env_remove("RUSTDOC").env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    cargo
}

/// Installs the packages, builds the standard library and puts it in its place.
pub(super) fn make_target() -> anyhow::Result<()> {
    packages::install(&PACKAGES)?;
    let libraries = target_folder()?;
    say("building the standard library for wasm with Debian's Rust");
    let folder = tempfile::tempdir()?;
    write_crate(folder.path())?;
    // The bitcode is for link-time optimisation. Nightly features are what `-Z` wants: the version is one that we know.
    process::run(
        cargo()
            .current_dir(folder.path())
            .args(["build", "--release", "--offline", "-Zbuild-std=std,panic_abort"])
            .args(["--target", TARGET, "--target-dir", "target"])
            .args(["--config", "source.crates-io.replace-with='vendored'"])
            .args(["--config", &format!("source.vendored.directory='{CRATES}'")])
            .env("RUSTFLAGS", "-Cembed-bitcode=yes")
            .env("RUSTC_BOOTSTRAP", "1")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR"),
    )?;
    let built = folder.path().join("target").join(TARGET).join("release/deps");
    let mut files = Vec::new();
    for file in built.read_dir()? {
        let file = file?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".rlib") && !name.starts_with(&format!("lib{NAME}")) {
            files.push(file);
        }
    }
    ensure!(!files.is_empty(), "{} holds no libraries", built.display());
    say(&format!("putting it into {libraries}"));
    packages::run_as_root(Command::new("install").args(["-d", &libraries]))?;
    packages::run_as_root(Command::new("find").args([&libraries, "-name", "*.rlib", "-delete"]))?;
    packages::run_as_root(Command::new("install").args(["-m", "644"]).args(&files).arg(&libraries))
}

/// Where Debian's rustc looks for the target's libraries.
fn target_folder() -> anyhow::Result<String> {
    let folder = process::output(Command::new(RUSTC).args(["--print=target-libdir", "--target", TARGET]))?;
    Ok(String::from_utf8(folder).context("a folder's name")?.trim().to_owned())
}

fn write_crate(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let manifest = format!(
        "[package]\nname = \"{NAME}\"\nedition = \"2024\"\n\n[profile.release]\npanic = \"abort\"\n\n[workspace]\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    Ok(())
}
