//! `test`: everything that has to hold, step by step.

mod browser_check;
mod component_check;
mod conformance;
mod counted_check;
mod examples_check;
mod middleware_check;
mod newest_wasmtime;
mod run;
mod sources;
mod suite;
mod wasmtime_check;

use std::process::Command;

use crate::flags::{Fuel, Test, ToolchainName};
use crate::setup::{self, TARGET, Toolchain};
use crate::workspace::Workspace;
use crate::{build, fuel, fuzz, process, wit};

use run::Run;
pub(crate) use suite::{Counts, test_command};

/// What is compiled for wasm, and with which features.
const WASM_PACKAGES: [(&str, &str); 23] = [
    ("drsession", "blocking"),
    ("drsession", "async"),
    ("drsession", "async,blocking"),
    ("wasi-sockets-adapter", ""),
    ("wasi-sockets-async-adapter", ""),
    ("canceller", ""),
    ("greedy", ""),
    ("restless-socket", ""),
    ("shop", ""),
    ("spin-visits", ""),
    ("drsession-middleware", ""),
    ("visits", ""),
    ("visits", "alone"),
    ("rust-cases", ""),
    ("messagepack", ""),
    ("session-encryption", ""),
    ("benchmark-calls", ""),
    ("benchmark-calls", "async"),
    ("benchmark-calls", "client"),
    ("benchmark-hello", ""),
    ("benchmark-hello", "async"),
    ("benchmark-idle", ""),
    ("benchmark-idle", "async"),
];

/// Whether all went well.
pub(crate) fn run(workspace: &Workspace, toolchain: Option<ToolchainName>, flags: &Test) -> anyhow::Result<bool> {
    let toolchain_name = toolchain;
    let toolchain = setup::wasm_toolchain(workspace, toolchain_name)?;
    println!("redis-server {}", setup::redis_server()?);
    println!("c++ {}", setup::cpp_compiler()?.display());
    if flags.bless {
        conformance::bless(workspace)?;
        return Ok(true);
    }

    let mut run = Run::default();
    run.step("formatting", || process::run(workspace.cargo().args(["fmt", "--all", "--check"])));
    run.step("contract", || wit::check(workspace));
    run.step("sources", || sources::check(workspace));
    run.step("lints", || clippy(&mut workspace.cargo(), &["--workspace", "--all-targets", "--all-features"]));
    for (package, features) in WASM_PACKAGES {
        let name = ["lints of ", package, if features.is_empty() { "" } else { ", " }, features, " for wasm"].concat();
        let arguments = ["--target", TARGET, "--package", package, "--no-default-features", "--features", features];
        if toolchain == Toolchain::Own {
            run.step(&name, || clippy(&mut workspace.cargo(), &arguments));
        } else {
            run.leave_out(&format!("{name} (Debian's Rust has no clippy)"));
        }
    }
    if flags.quick {
        run.leave_out("docs");
    } else {
        run.step("docs", || docs(workspace));
    }

    let built = run.step("build", || build::run(workspace, toolchain_name));
    if built {
        run.step("fuel", || fuel::run(workspace, &Fuel::default()));
    } else {
        run.leave_out("fuel, for the build failed");
    }
    run.tests("tests", || suite::tests(workspace));
    run.tests("tests in the docs", || suite::doc_tests(workspace));
    run.tests("conformance", || conformance::tests(workspace));
    for target in counted_check::TARGETS {
        run.tests(target, || counted_check::tests(workspace, target));
    }
    match (flags.quick, built) {
        (true, _) => {
            run.leave_out("fuzzing");
            run.leave_out("browser");
            run.leave_out("wasmtime serve");
            run.leave_out("middleware");
            run.leave_out("examples");
            run.leave_out("cargo component");
            run.leave_out("newest wasmtime");
        }
        (false, false) => {
            run.leave_out("fuzzing, for the build failed");
            run.leave_out("browser, for the build failed");
            run.leave_out("wasmtime serve, for the build failed");
            run.leave_out("middleware, for the build failed");
            run.leave_out("examples, for the build failed");
            run.leave_out("cargo component, for the build failed");
            run.leave_out("newest wasmtime, for the build failed");
        }
        (false, true) => {
            run.tests("fuzzing", || fuzz::tests(workspace));
            run.tests("browser", || browser_check::tests(workspace));
            run.tests("wasmtime serve", || wasmtime_check::tests(workspace));
            run.tests("middleware", || middleware_check::tests(workspace));
            run.tests("examples", || examples_check::tests(workspace));
            run.step("cargo component", || component_check::check(workspace, toolchain));
            run.tests_where_possible("newest wasmtime", || newest_wasmtime::tests(workspace));
        }
    }
    Ok(run.finish())
}

fn clippy(cargo: &mut Command, arguments: &[&str]) -> anyhow::Result<()> {
    process::run(cargo.arg("clippy").args(arguments).args(["--", "-Dwarnings"]))
}

fn docs(workspace: &Workspace) -> anyhow::Result<()> {
    process::run(workspace.cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-Dwarnings"))
}
