//! Chromium and its driver, by which the tests visit the demo as a person would.

use std::process::Command;

use anyhow::{bail, ensure};

use super::{packages, say};
use crate::process;

/// The programs, each with the package that has it.
const PROGRAMS: [(&str, &str); 2] = [("chromium", "chromium"), ("chromedriver", "chromium-driver")];

/// Sees to it that there are a Chromium and a chromedriver on PATH, and returns their version.
pub(crate) fn chromium() -> anyhow::Result<String> {
    let missing: Vec<_> = PROGRAMS.iter().filter(|(program, _)| process::find(program).is_none()).collect();
    for (program, _) in &missing {
        say(&format!("there is no {program} on PATH"));
    }
    let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    if let Err(error) = packages::install(&packages) {
        bail!(
            "a Chromium with its driver is missing and could not be installed ({error:#}): on Debian, as root, \
             `apt-get install chromium chromium-driver`; elsewhere both programs, `chromium` and `chromedriver`, of one version"
        );
    }
    for (program, package) in PROGRAMS {
        ensure!(
            process::find(program).is_some(),
            "{package} is installed, and {program} still not on PATH: please add its folder"
        );
    }
    let said = process::output(Command::new("chromedriver").arg("--version"))?;
    let said = String::from_utf8_lossy(&said);
    Ok(said.split_whitespace().nth(1).unwrap_or(&said).to_owned())
}
