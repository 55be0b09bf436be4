//! `bench`: what a session costs, beside what people would use instead.

use std::os::unix::process::CommandExt as _;

use anyhow::Context as _;

use crate::build;
use crate::flags::{Bench, ToolchainName};
use crate::setup::{self, Venv, WASMTIME};
use crate::workspace::Workspace;

/// Builds everything and becomes the program that measures: so Ctrl-C and every other signal reach that one.
pub(crate) fn run(workspace: &Workspace, toolchain: Option<ToolchainName>, flags: &Bench) -> anyhow::Result<()> {
    println!("redis-server {}", setup::redis_server()?);
    build::run(workspace, toolchain)?;
    build::benchmark_guests(workspace, toolchain)?;
    let python = workspace.root().join("benchmarks/python");
    let venv = Venv::make(&workspace.root().join("target/benchmarks-python"), &python.join("requirements.txt"))?;
    let wasmtime = WASMTIME.installed(workspace)?;

    let mut bench = workspace.cargo();
    bench.args(["run", "--profile", "measure", "--package", "benchmarks", "--bin", "bench", "--"]);
    if flags.quick {
        bench.arg("--quick");
    }
    if flags.publish {
        bench.arg("--publish");
    }
    if let Some(name) = &flags.alone {
        bench.args(["--alone", name]);
    }
    bench.args(&flags.cases);
    bench.env("DRSESSION_COMPONENTS", workspace.components()).env("DRSESSION_WASMTIME", wasmtime);
    bench.env("DRSESSION_PYTHON", venv.program("python").get_program());
    // cargo becomes what it runs, too.
    Err(bench.exec()).context("cargo can't be started")
}
