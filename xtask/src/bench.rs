//! `bench`: what a session costs, beside what people would use instead.

use crate::build;
use crate::flags::{Bench, ToolchainName};
use crate::process;
use crate::setup::{self, Venv, WASMTIME};
use crate::workspace::Workspace;

/// Builds everything and becomes the program that measures.
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
    bench.args(&flags.cases);
    bench.env("DRSESSION_COMPONENTS", workspace.components()).env("DRSESSION_WASMTIME", wasmtime);
    process::run(bench.env("DRSESSION_PYTHON", venv.program("python").get_program()))
}
