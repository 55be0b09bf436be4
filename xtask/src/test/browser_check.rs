//! The shop in a real browser.

use super::suite::{self, Counts};
use crate::setup;
use crate::workspace::Workspace;

/// The integration test that starts the browser.
pub(super) const TARGET: &str = "browser";

pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Counts> {
    println!("chromium {}", setup::chromium()?);
    // One at a time: a test starts two browsers, and a browser takes all the processors that it can get.
    Ok(suite::run(suite::test_command(workspace).args(["--test", TARGET, "--", "--test-threads=1"]))?.counts)
}
