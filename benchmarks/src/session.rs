//! One session of one running component, by itself.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::FutureExt as _;
use wasmtime::Store;
use wasmtime::component::{InstancePre, ResourceAny};

use crate::canned::{Canned, CannedContext as _};
use crate::guest::{Caller, Exports, Functions, Plain, Text, Waiting, told};
use crate::host::{self, State};
use crate::measure::Recorder;
use crate::operation::{FIELD, ID, Operation};

/// An instance with a store and a handle.
pub struct Session {
    /// What the instance lives in.
    pub store: Store<State>,
    /// Its functions.
    pub functions: Functions,
    sessions: ResourceAny,
    handle: ResourceAny,
}

/// How sessions begin.
#[derive(Clone, Copy)]
pub struct Opening {
    /// Where Redis is.
    pub url: Text,
    /// Whether there are guard and lifetimes.
    pub guarded: bool,
}

impl Session {
    /// Starts one that needs no async.
    ///
    /// # Errors
    ///
    /// The component traps or refuses.
    pub fn plain(
        prepared: &InstancePre<State>,
        exports: &Exports,
        state: State,
        opening: Opening,
    ) -> anyhow::Result<Self> {
        let mut store = host::store(prepared, state);
        let instance = prepared.instantiate(&mut store)?;
        let functions = Functions::of(&mut store, &instance, exports)?;
        let (sessions, handle) = ready(begin(&mut Plain(&mut store), &functions, opening))?;
        Ok(Self { store, functions, sessions, handle })
    }

    /// Starts one whose calls wait.
    ///
    /// # Errors
    ///
    /// The component traps or refuses.
    pub async fn waiting(
        prepared: &InstancePre<State>,
        exports: &Exports,
        state: State,
        opening: Opening,
    ) -> anyhow::Result<Self> {
        let mut store = host::store(prepared, state);
        let instance = prepared.instantiate_async(&mut store).await?;
        let functions = Functions::of(&mut store, &instance, exports)?;
        let (sessions, handle) = begin(&mut Waiting(&mut store), &functions, opening).await?;
        Ok(Self { store, functions, sessions, handle })
    }

    /// Makes the call once.
    ///
    /// # Errors
    ///
    /// It fails.
    pub fn once(&mut self, operation: Operation) -> anyhow::Result<()> {
        ready(operation.perform(&mut Plain(&mut self.store), &self.functions, self.handle))
    }

    /// Makes the call once, waiting.
    ///
    /// # Errors
    ///
    /// It fails.
    pub async fn once_waiting(&mut self, operation: Operation) -> anyhow::Result<()> {
        operation.perform(&mut Waiting(&mut self.store), &self.functions, self.handle).await
    }

    /// Makes the call again and again, as the first of a new handle each time where that is what is measured.
    ///
    /// # Errors
    ///
    /// A call fails.
    pub fn repeat(&mut self, operation: Operation, slice: Duration, recorder: &mut Recorder) -> anyhow::Result<()> {
        let Self { store, functions, sessions, handle } = self;
        ready(repeat(&mut Plain(store), functions, *sessions, handle, operation, slice, recorder))
    }

    /// The same, waiting.
    ///
    /// # Errors
    ///
    /// A call fails.
    pub async fn repeat_waiting(
        &mut self,
        operation: Operation,
        slice: Duration,
        recorder: &mut Recorder,
    ) -> anyhow::Result<()> {
        let Self { store, functions, sessions, handle } = self;
        repeat(&mut Waiting(store), functions, *sessions, handle, operation, slice, recorder).await
    }

    /// Reads the field, which holds this.
    ///
    /// # Errors
    ///
    /// It holds something else, or the call fails.
    pub fn get(&mut self, value: Text) -> anyhow::Result<()> {
        let (stored,) = self.functions.get.call(&mut self.store, (self.handle, FIELD))?;
        anyhow::ensure!(told(stored)?.as_deref() == Some(value), "another value");
        Ok(())
    }

    /// Writes the field.
    ///
    /// # Errors
    ///
    /// The call fails.
    pub fn set(&mut self, value: Text) -> anyhow::Result<()> {
        let (done,) = self.functions.set.call(&mut self.store, (self.handle, FIELD, value))?;
        told(done)
    }

    /// Reads all fields, and says how many there are.
    ///
    /// # Errors
    ///
    /// The call fails.
    pub fn items(&mut self) -> anyhow::Result<usize> {
        let (items,) = self.functions.items.call(&mut self.store, (self.handle,))?;
        Ok(told(items)?.len())
    }

    /// How many bytes of memory the guest has.
    pub fn memory(&self) -> usize {
        self.store.data().memory()
    }

    /// Its socket, where that is a canned one.
    ///
    /// # Panics
    ///
    /// If it is another.
    pub fn canned(&mut self) -> &mut Canned {
        self.store.data_mut().canned()
    }

    /// So many handles more.
    ///
    /// # Errors
    ///
    /// The component traps.
    pub async fn handles(&mut self, count: usize) -> anyhow::Result<Vec<ResourceAny>> {
        let mut handles = Vec::new();
        for _ in 0..count {
            handles.push(self.functions.attach(&mut Waiting(&mut self.store), self.sessions, ID).await?);
        }
        Ok(handles)
    }
}

async fn begin(
    caller: &mut impl Caller,
    functions: &Functions,
    opening: Opening,
) -> anyhow::Result<(ResourceAny, ResourceAny)> {
    let sessions = functions.open(caller, opening.url, opening.guarded).await?;
    let handle = functions.attach(caller, sessions, ID).await?;
    Ok((sessions, handle))
}

async fn repeat(
    caller: &mut impl Caller,
    functions: &Functions,
    sessions: ResourceAny,
    handle: &mut ResourceAny,
    operation: Operation,
    slice: Duration,
    recorder: &mut Recorder,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut before = begun;
    while before - begun < slice {
        if operation.is_first() {
            caller.drop(*handle).await?;
            *handle = functions.attach(caller, sessions, ID).await?;
            before = Instant::now();
        }
        operation.perform(caller, functions, *handle).await?;
        let now = Instant::now();
        recorder.record(now - before, 1);
        before = now;
    }
    Ok(())
}

/// The result of a future that never waits.
fn ready<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    future.now_or_never().context("a plain call waits")?
}
