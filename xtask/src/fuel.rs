//! `fuel`: what each operation of the built components takes, beside its budget.

use crate::flags::Fuel;
use crate::process;
use crate::test::test_command;
use crate::workspace::Workspace;

/// The integration test that counts.
pub(crate) const TARGET: &str = "fuel";

/// Measures what lies in target/components, as it is. An error where something is past its budget.
pub(crate) fn run(workspace: &Workspace, flags: &Fuel) -> anyhow::Result<()> {
    let mut test = test_command(workspace);
    test.args(["--quiet", "--test", TARGET]);
    if flags.bless {
        test.args(["--", "--bless"]);
    }
    process::run(&mut test)
}
