//! Shows that an instance of the asynchronous component takes no more memory after ten million calls than after one.

use std::process::ExitCode;

use host_test::{bench::Bench, component::Flavour, memory::memory_after};

const CALLS: [u64; 2] = [1_000_000, 10_000_000];

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let sizes = memory_after(&Bench::start(Flavour::Async)?, CALLS).await;
    for (calls, bytes) in CALLS.iter().zip(&sizes) {
        println!("{bytes} bytes after {calls} calls");
    }
    let well = sizes[0] == sizes[1];
    println!("{}", if well { "All is well." } else { "The memory has grown." });
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
