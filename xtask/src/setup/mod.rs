//! `setup`: gets what is missing.

mod cargo_tools;
mod chromium;
mod cpp_compiler;
mod debian;
mod npm;
mod packages;
mod redis;
mod toolchain;
mod venv;
mod wasm_opt;

use crate::flags::ToolchainName;
use crate::workspace::Workspace;

pub(crate) use cargo_tools::{CARGO_COMPONENT, WAC, WASMTIME};
pub(crate) use chromium::chromium;
pub(crate) use cpp_compiler::cpp_compiler;
pub(crate) use npm::npm;
pub(crate) use redis::redis_server;
pub(crate) use toolchain::{TARGET, Toolchain, wasm_toolchain};
pub(crate) use venv::{Venv, componentize_py};
pub(crate) use wasm_opt::wasm_opt;

pub(crate) fn run(workspace: &Workspace, wasm_toolchain: Option<ToolchainName>) -> anyhow::Result<()> {
    let toolchain = toolchain::wasm_toolchain(workspace, wasm_toolchain)?;
    println!("setup: {TARGET}: with {}", toolchain.description());
    println!("setup: wasm-opt: {}", wasm_opt()?.display());
    println!("setup: c++: {}", cpp_compiler()?.display());
    println!("setup: redis-server: {}", redis_server()?);
    println!("setup: chromium: {}", chromium()?);
    for tool in [CARGO_COMPONENT, WASMTIME, WAC] {
        println!("setup: {}: {}", tool.program, tool.installed(workspace)?.display());
    }
    println!("setup: componentize-py: {}", componentize_py(workspace)?.display());
    Ok(())
}

/// Says what set-up is about to do.
fn say(what: &str) {
    eprintln!("setup: {what}");
}
