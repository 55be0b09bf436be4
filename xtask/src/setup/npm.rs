//! npm, which gets what the JavaScript example is made with.

use anyhow::bail;

use super::{packages, say};
use crate::process;

/// Sees to it that npm, and Node.js with it, is on PATH.
pub(crate) fn npm() -> anyhow::Result<()> {
    if process::find("npm").is_none() {
        say("there is no npm on PATH");
        if let Err(error) = packages::install(&["npm"]) {
            bail!("npm is missing and could not be installed ({error:#}): Node.js 20 or later comes with it");
        }
    }
    Ok(())
}
