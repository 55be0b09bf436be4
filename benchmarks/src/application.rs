//! An application in wasm that makes a benchmark's calls.

use std::time::Instant;

use anyhow::Context as _;
use tokio::runtime::Runtime;
use wasmtime::Store;
use wasmtime::component::{ComponentType, Instance, InstancePre, Lift, Lower, TypedFunc};

use crate::guest::Text;
use crate::host::{self, Kind, State, prepare};
use crate::measure::Contestant;
use crate::operation::ID;

/// What the application is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
pub enum Call {
    /// Reads the field.
    #[component(name = "get")]
    Get,
    /// Writes it.
    #[component(name = "set")]
    Set,
    /// Looks whether it is there.
    #[component(name = "contains")]
    Contains,
    /// Deletes it.
    #[component(name = "delete")]
    Delete,
    /// Counts.
    #[component(name = "increment")]
    Increment,
    /// Does nothing.
    #[component(name = "nothing")]
    Nothing,
}

/// A running application.
pub struct Application {
    store: Store<State>,
    open: TypedFunc<(Text, Text), ()>,
    make: TypedFunc<(Call,), ()>,
}

impl Application {
    /// Starts one that needs no async.
    ///
    /// # Errors
    ///
    /// It was not built, or traps.
    pub fn plain(file: &'static str, state: State, url: Text) -> anyhow::Result<Self> {
        let prepared = prepare(file, Kind::Plain)?;
        let mut store = host::store(&prepared, state);
        let instance = prepared.instantiate(&mut store)?;
        let mut application = Self::of(store, &instance)?;
        application.open.call(&mut application.store, (url, ID))?;
        Ok(application)
    }

    /// Starts one whose calls wait.
    ///
    /// # Errors
    ///
    /// It was not built, or traps.
    pub async fn waiting(file: &'static str, state: State, url: Text) -> anyhow::Result<Self> {
        let prepared: InstancePre<State> = prepare(file, Kind::Tokio)?;
        let mut store = host::store(&prepared, state);
        let instance = prepared.instantiate_async(&mut store).await?;
        let mut application = Self::of(store, &instance)?;
        application.open.call_async(&mut application.store, (url, ID)).await?;
        Ok(application)
    }

    fn of(mut store: Store<State>, instance: &Instance) -> anyhow::Result<Self> {
        let name = "drsession:benchmark-calls/calls";
        let calls = instance.get_export_index(&mut store, None, name).context(name)?;
        let open = instance.get_export_index(&mut store, Some(&calls), "open").context("open")?;
        let make = instance.get_export_index(&mut store, Some(&calls), "make").context("make")?;
        let open = instance.get_typed_func(&mut store, open)?;
        let make = instance.get_typed_func(&mut store, make)?;
        Ok(Self { store, open, make })
    }

    /// Makes this call.
    ///
    /// # Errors
    ///
    /// It fails.
    pub fn make(&mut self, call: Call) -> anyhow::Result<()> {
        Ok(self.make.call(&mut self.store, (call,))?)
    }

    /// Makes this call again and again.
    pub fn contestant(mut self, name: &str, call: Call) -> Contestant<'static> {
        Contestant::each(name, move || self.make(call))
    }

    /// The same, waiting.
    pub fn waiting_contestant(mut self, name: &str, runtime: Runtime, call: Call) -> Contestant<'static> {
        Contestant::new(name, move |slice, recorder| {
            runtime.block_on(async {
                let begun = Instant::now();
                let mut before = begun;
                while before - begun < slice {
                    self.make.call_async(&mut self.store, (call,)).await?;
                    let now = Instant::now();
                    recorder.record(now - before, 1);
                    before = now;
                }
                Ok(())
            })
        })
    }
}
