//! The shop in a real browser.

use super::suite::{self, Counts};
use crate::setup;
use crate::workspace::Workspace;

/// The integration test that starts the browser.
pub(super) const TARGET: &str = "browser";

pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Counts> {
    println!("chromium {}", setup::chromium()?);
    Ok(suite::run(suite::test_command(workspace).args(["--test", TARGET]))?.counts)
}
