//! The program that embeds the component, by tests of its own.

use super::checks::Checks;
use super::site::Site;
use crate::process;
use crate::test::test_command;

/// The integration test that runs the program.
pub(crate) const TARGET: &str = "embed";

pub(super) fn check(site: &Site, checks: &mut Checks) -> anyhow::Result<()> {
    checks.check("its own tests", || process::run(test_command(site.workspace).args(["--test", TARGET])));
    Ok(())
}
