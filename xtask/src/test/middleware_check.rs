//! The middleware and applications on wasi:http 0.3, in Rust and in Python, under the real `wasmtime serve`.

use std::process::Command;

use super::suite::{self, Counts};
use super::wasmtime_check;
use crate::workspace::Workspace;
use crate::{process, setup};

/// The integration test that composes and serves them.
pub(super) const TARGET: &str = "middleware";

pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Counts> {
    for way in ["behind", "alone"] {
        python(workspace, way)?;
    }
    let mut test = suite::test_command(workspace);
    wasmtime_check::name_tools(workspace, &mut test)?;
    Ok(suite::run(test.args(["--test", TARGET]))?.counts)
}

/// Makes a component of the application in Python, as its README says.
fn python(workspace: &Workspace, way: &str) -> anyhow::Result<()> {
    let mut componentize = Command::new(setup::componentize_py(workspace)?);
    for path in ["wit", "middleware/wit/deps/http.wit", "examples/python-async/wit"] {
        componentize.args(["-d", path]);
    }
    componentize.args(["-w", &format!("drsession:python-visits/{way}"), "componentize", "app"]);
    for path in ["examples/python-async", &format!("examples/python-async/{way}")] {
        componentize.args(["-p", path]);
    }
    componentize.arg("-o").arg(workspace.components().join(format!("python-{way}-bare.wasm")));
    process::run(componentize.current_dir(workspace.root()))
}
