//! `cargo xtask`: the one entry to building, running and testing drsession.

mod bench;
mod build;
mod examples;
mod flags;
mod fuel;
mod fuzz;
mod process;
mod serve;
mod setup;
mod soak;
mod soak_memory;
mod test;
mod wit;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::flags::{Command, Flags};
use crate::workspace::Workspace;

fn main() -> ExitCode {
    match run(Flags::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well; an error where something could not be done at all.
fn run(flags: Flags) -> anyhow::Result<bool> {
    let workspace = Workspace::find()?;
    match flags.command {
        Command::Setup => setup::run(&workspace, flags.wasm_toolchain)?,
        Command::Build => build::run(&workspace, flags.wasm_toolchain)?,
        Command::Serve(serve) => serve::run(&workspace, flags.wasm_toolchain, &serve)?,
        Command::Soak(soak) => soak::run(&workspace, flags.wasm_toolchain, &soak)?,
        Command::SoakMemory => soak_memory::run(&workspace, flags.wasm_toolchain)?,
        Command::Fuzz(fuzz) => return fuzz::run(&workspace, flags.wasm_toolchain, &fuzz),
        Command::Test(test) => return test::run(&workspace, flags.wasm_toolchain, &test),
        Command::Examples(examples) => {
            build::run(&workspace, flags.wasm_toolchain)?;
            println!("redis-server {}", setup::redis_server()?);
            return Ok(examples::run(&workspace, &examples.names)?.failed == 0);
        }
        Command::Bench(bench) => bench::run(&workspace, flags.wasm_toolchain, &bench)?,
        Command::Fuel(flags) => fuel::run(&workspace, &flags)?,
        Command::Wit(flags) => wit::run(&workspace, &flags)?,
    }
    Ok(true)
}
