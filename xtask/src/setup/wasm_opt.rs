//! Binaryen's wasm-opt, which makes the components smaller by what the compiler cannot see.

use std::path::PathBuf;

use anyhow::{Context, bail};

use super::{packages, say};
use crate::process;

const PROGRAM: &str = "wasm-opt";

/// Sees to it that there is a wasm-opt on PATH, and returns where.
pub(crate) fn wasm_opt() -> anyhow::Result<PathBuf> {
    if let Some(found) = process::find(PROGRAM) {
        return Ok(found);
    }
    say("there is no wasm-opt on PATH");
    if let Err(error) = packages::install(&["binaryen"]) {
        bail!(
            "wasm-opt is missing and could not be installed ({error:#}): on Debian or Ubuntu, as root, \
             `apt-get install binaryen`; elsewhere see https://github.com/WebAssembly/binaryen/releases"
        );
    }
    process::find(PROGRAM).context("binaryen is installed, and wasm-opt still not on PATH: please add its folder")
}
