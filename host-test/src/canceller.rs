//! An application that cancels calls on sessions wherever they wait: the one in canceller/, with the component within.

use std::sync::LazyLock;

use wasmtime::component::{ComponentType, InstancePre, Lift};

use crate::{
    bench::Bench,
    component::{HostState, folder, new_store, prepare},
};

const MEMORY_LIMIT: usize = 64 * 1024 * 1024;

/// What became of the calls.
#[derive(Clone, Copy, Debug, ComponentType, Lift)]
#[component(record)]
pub struct Report {
    /// Waited for to the end.
    pub completed: u32,
    /// Cancelled before they began.
    pub unpolled: u32,
    /// Cancelled while they waited.
    pub cancelled: u32,
}

/// Runs it in a new instance, for so many rounds, by the lot that this seed draws. The error says who was told what.
pub async fn run(bench: &Bench, scripts: bool, seed: u64, rounds: u32) -> Result<Report, String> {
    let report = try_run(bench, scripts, seed, rounds).await;
    report.unwrap_or_else(|trap| panic!("seed {seed} trapped: {trap:?}"))
}

async fn try_run(bench: &Bench, scripts: bool, seed: u64, rounds: u32) -> wasmtime::Result<Result<Report, String>> {
    static PREPARED: LazyLock<wasmtime::Result<InstancePre<HostState>>> =
        LazyLock::new(|| prepare(&folder().join("canceller.wasm")));
    let prepared = PREPARED.as_ref().unwrap_or_else(|error| panic!("{error:#}"));
    let mut store = new_store(bench.sockets().clone(), MEMORY_LIMIT)?;
    let instance = prepared.instantiate_async(&mut store).await?;
    let run = instance.get_typed_func::<_, (Result<Report, String>,)>(&mut store, "run")?;
    let (report,) = run.call_async(&mut store, (bench.server().url(), scripts, seed, rounds)).await?;
    Ok(report)
}
