//! A C++ compiler: libFuzzer is compiled with what is fuzzed.

use std::path::PathBuf;

use anyhow::{Context, bail};

use super::{packages, say};
use crate::process;

const PROGRAM: &str = "c++";

/// Sees to it that there is a C++ compiler on PATH, and returns where.
pub(crate) fn cpp_compiler() -> anyhow::Result<PathBuf> {
    if let Some(found) = process::find(PROGRAM) {
        return Ok(found);
    }
    say("there is no C++ compiler on PATH");
    if let Err(error) = packages::install(&["g++"]) {
        bail!(
            "a C++ compiler is missing and could not be installed ({error:#}): on Debian or Ubuntu, as root, \
             `apt-get install g++`; elsewhere any that is called `{PROGRAM}`"
        );
    }
    process::find(PROGRAM).context("g++ is installed, and c++ still not on PATH: please add its folder")
}
