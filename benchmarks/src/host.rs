//! Hosts for the components: engines as one would configure them for speed, and what a store keeps.

use std::collections::BTreeMap;
use std::sync::Mutex;

use anyhow::ensure;
use drsession_host::{Sockets, SocketsContext, SocketsView};
use host_test::component::Flavour;
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, ProfilingStrategy, Store};

use crate::canned::{self, Canned, CannedContext};
use crate::client::{self, Client, ClientContext};
use crate::measure;
use crate::memory::Memory;
use crate::random;

/// What is kept beside one instance.
pub struct State {
    sockets: Sockets,
    table: ResourceTable,
    canned: Option<Canned>,
    client: Option<Client>,
    memory: Memory,
}

impl SocketsContext for State {
    fn sockets(&mut self) -> SocketsView<'_> {
        SocketsView { sockets: &self.sockets, table: &mut self.table }
    }
}

impl CannedContext for State {
    fn canned(&mut self) -> &mut Canned {
        self.canned.as_mut().expect("a store with a canned socket")
    }
}

impl ClientContext for State {
    fn client(&mut self) -> &Client {
        self.client.as_ref().expect("a store with a client")
    }
}

impl State {
    /// With sockets that lead to Redis.
    pub fn connected(sockets: &Sockets) -> Self {
        Self {
            sockets: sockets.clone(),
            table: ResourceTable::new(),
            canned: None,
            client: None,
            memory: Memory::default(),
        }
    }

    /// How many bytes of memory the guest has.
    pub fn memory(&self) -> usize {
        self.memory.bytes()
    }

    /// With a canned socket.
    pub fn canned(canned: Canned) -> Self {
        Self { canned: Some(canned), ..Self::connected(&anywhere()) }
    }

    /// With a client of the host's.
    pub fn client(client: Client) -> Self {
        Self { client: Some(client), ..Self::connected(&anywhere()) }
    }
}

/// Sockets that lead anywhere, and keep as many connections as there are.
pub fn anywhere() -> Sockets {
    Sockets::builder().allow(|_| true).max_idle(2048).max_open(4096).build()
}

/// What a component's socket is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Its calls hold their thread; so the host needs no async at all.
    Plain,
    /// Its calls wait on tokio; the component is a blocking one.
    Tokio,
    /// Calls wait side by side; the component is an async one.
    Concurrent,
    /// Canned, and plain.
    Canned,
    /// Canned, for async components.
    CannedConcurrent,
}

/// A component of target/components, compiled once and ready to be instantiated.
///
/// # Errors
///
/// It was not built, or is not what it should be.
pub fn prepare(file: &'static str, kind: Kind) -> anyhow::Result<InstancePre<State>> {
    static PREPARED: Mutex<BTreeMap<(&str, Kind), InstancePre<State>>> = Mutex::new(BTreeMap::new());
    let mut prepared = PREPARED.lock().expect("nobody panics while it is locked");
    if let Some(ready) = prepared.get(&(file, kind)) {
        return Ok(ready.clone());
    }
    let ready = compile(file, kind)?;
    prepared.insert((file, kind), ready.clone());
    Ok(ready)
}

fn compile(file: &str, kind: Kind) -> anyhow::Result<InstancePre<State>> {
    let path = Flavour::Blocking.path().with_file_name(file);
    ensure!(path.is_file(), "there is no {}: run `cargo xtask bench`, which builds it", path.display());
    let engine = engine(kind)?;
    let component = Component::from_file(&engine, path)?;
    let mut linker = Linker::new(&engine);
    random::add_to_linker(&mut linker)?;
    match kind {
        Kind::Plain => drsession_host::blocking::add_to_linker(&mut linker)?,
        Kind::Tokio => {
            drsession_host::tokio::add_to_linker(&mut linker)?;
            client::add_to_linker(&mut linker)?;
        }
        Kind::Concurrent => drsession_host::concurrent::add_to_linker(&mut linker)?,
        Kind::Canned => canned::add_to_linker(&mut linker)?,
        Kind::CannedConcurrent => canned::add_async_to_linker(&mut linker)?,
    }
    Ok(linker.instantiate_pre(&component)?)
}

/// A store for one instance.
pub fn store(prepared: &InstancePre<State>, state: State) -> Store<State> {
    let mut store = Store::new(prepared.engine(), state);
    store.limiter(|state| &mut state.memory);
    store
}

/// How many instances there may be at once.
const INSTANCES: u32 = 1100;

/// How many bytes of an instance's memory stay with the process for the next one.
const KEPT: usize = 512 << 10;

fn engine(kind: Kind) -> anyhow::Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES).total_core_instances(4 * INSTANCES);
    pool.total_memories(INSTANCES).total_tables(4 * INSTANCES);
    // What an instance has touched is wiped, not given back to the system: the next one takes no page faults.
    pool.linear_memory_keep_resident(KEPT).table_keep_resident(KEPT);
    let concurrent = matches!(kind, Kind::Tokio | Kind::Concurrent | Kind::CannedConcurrent);
    // Each takes two of the mappings that a process may have, so that there are none where none is needed.
    pool.total_stacks(if concurrent { 2 * INSTANCES } else { 1 });
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.concurrency_support(concurrent);
    if measure::is_profiled() {
        config.profiler(ProfilingStrategy::PerfMap);
    }
    Ok(Engine::new(&config)?)
}
