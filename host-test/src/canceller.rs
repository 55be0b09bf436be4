//! An application that cancels calls on sessions wherever they wait: the one in canceller/, with the component within.

use std::sync::LazyLock;

use wasmtime::component::{ComponentNamedList, ComponentType, InstancePre, Lift, Lower};

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
    let report = call(bench, "run", (bench.server().url(), scripts, seed, rounds)).await;
    report.unwrap_or_else(|trap| panic!("seed {seed} trapped: {trap:?}"))
}

/// Has it cancel calls and drop all that they were made on at once, in a new instance. The error says who was told what.
pub async fn abandon(bench: &Bench, scripts: bool) -> Result<(), String> {
    call(bench, "abandon", (bench.server().url(), scripts)).await.unwrap_or_else(|trap| panic!("trapped: {trap:?}"))
}

/// Calls one of its functions in a new instance.
async fn call<Arguments, Told>(bench: &Bench, function: &str, arguments: Arguments) -> wasmtime::Result<Told>
where
    Arguments: ComponentNamedList + Lower + Send + Sync + 'static,
    Told: Send + Sync + 'static,
    (Told,): ComponentNamedList + Lift,
{
    static PREPARED: LazyLock<wasmtime::Result<InstancePre<HostState>>> =
        LazyLock::new(|| prepare(&folder().join("canceller.wasm")));
    let prepared = PREPARED.as_ref().unwrap_or_else(|error| panic!("{error:#}"));
    let mut store = new_store(bench.sockets().clone(), MEMORY_LIMIT)?;
    let instance = prepared.instantiate_async(&mut store).await?;
    let function = instance.get_typed_func::<Arguments, (Told,)>(&mut store, function)?;
    let (told,) = function.call_async(&mut store, arguments).await?;
    Ok(told)
}
