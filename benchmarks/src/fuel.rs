//! What the component does for each operation, in wasmtime's fuel: about an instruction each, exact, and the same on every
//! machine.

mod budget;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use host_test::component::Flavour;
use host_test::redis_server::RedisServer;
use wasmtime::component::{Component, InstancePre, Linker, ResourceAny};
use wasmtime::{Config, Engine, Store};

use crate::canned::{self, Canned, CannedContext};
use crate::guest::{Exports, Functions, Waiting};
use crate::memory::Memory;
use crate::operation::{ID, Operation, seed};
use crate::random;

pub use budget::{Budget, Consumption};

/// How many operations are counted of each kind.
const OPERATIONS: u64 = 100;

/// The components that have a budget.
pub const COMPONENTS: [Flavour; 2] = [Flavour::Blocking, Flavour::Async];

struct State {
    canned: Canned,
    memory: Memory,
}

impl CannedContext for State {
    fn canned(&mut self) -> &mut Canned {
        &mut self.canned
    }
}

/// Counts what this component consumes. Needs a tokio runtime.
///
/// # Errors
///
/// The component was not built, no Redis can be started, or an operation fails.
pub async fn measure(flavour: Flavour) -> anyhow::Result<Consumption> {
    let prepared = prepare(&flavour.path())?;
    let redis = RedisServer::start()?;
    let mut fuel = BTreeMap::new();
    for operation in Operation::COUNTED {
        seed(&mut redis.connection());
        let mut guest = Guest::start(&prepared, &redis).await.with_context(|| operation.name())?;
        let mean = guest.mean(operation, &redis).await.with_context(|| operation.name())?;
        fuel.insert(operation.name().to_owned(), mean);
    }
    seed(&mut redis.connection());
    let mut guest = Guest::start(&prepared, &redis).await?;
    let session = guest.attach().await?;
    for operation in Operation::BUDGETED.iter().cycle().take(OPERATIONS as usize) {
        guest.perform(*operation, session).await?;
    }
    Ok(Consumption { fuel, memory: guest.store.data().memory.bytes() as u64 })
}

fn prepare(path: &Path) -> anyhow::Result<InstancePre<State>> {
    ensure!(path.is_file(), "there is no {}: run `cargo xtask build`", path.display());
    let mut config = Config::new();
    config.consume_fuel(true).wasm_component_model_async(true);
    let engine = Engine::new(&config)?;
    let component = Component::from_file(&engine, path)?;
    let mut linker = Linker::new(&engine);
    random::add_to_linker(&mut linker)?;
    canned::add_to_linker(&mut linker)?;
    canned::add_async_to_linker(&mut linker)?;
    Ok(linker.instantiate_pre(&component)?)
}

struct Guest {
    store: Store<State>,
    functions: Functions,
    sessions: ResourceAny,
}

impl Guest {
    async fn start(prepared: &InstancePre<State>, redis: &RedisServer) -> anyhow::Result<Self> {
        let state = State { canned: Canned::live(redis.port())?, memory: Memory::default() };
        let mut store = Store::new(prepared.engine(), state);
        store.limiter(|state| &mut state.memory);
        store.set_fuel(u64::MAX)?;
        let instance = prepared.instantiate_async(&mut store).await?;
        let exports = Exports::of(prepared.component())?;
        let functions = Functions::of(&mut store, &instance, &exports)?;
        let sessions = functions.open(&mut Waiting(&mut store), "redis://127.0.0.1", true).await?;
        Ok(Self { store, functions, sessions })
    }

    async fn attach(&mut self) -> anyhow::Result<ResourceAny> {
        self.functions.attach(&mut Waiting(&mut self.store), self.sessions, ID).await
    }

    async fn perform(&mut self, operation: Operation, session: ResourceAny) -> anyhow::Result<()> {
        operation.perform(&mut Waiting(&mut self.store), &self.functions, session).await
    }

    /// The fuel that such an operation takes, on an average of a hundred.
    async fn mean(&mut self, operation: Operation, redis: &RedisServer) -> anyhow::Result<u64> {
        let mut session = self.attach().await?;
        // Redis learns the script, and the handle that its session stands.
        self.perform(operation, session).await?;
        if operation.ends_session() {
            seed(&mut redis.connection());
        }
        session = self.next(operation, session).await?;
        self.store.data_mut().canned.forget();
        self.perform(operation, session).await?;
        let writes = self.store.data().canned.exchanges().len();
        ensure!(writes == 1, "{writes} round trips, where one is to be measured");

        self.store.data_mut().canned.keep();
        let mut sum = 0;
        for _ in 0..OPERATIONS {
            session = self.next(operation, session).await?;
            let before = self.store.get_fuel()?;
            self.perform(operation, session).await?;
            sum += before - self.store.get_fuel()?;
        }
        Ok(sum.div_ceil(OPERATIONS))
    }

    /// The handle for the next operation: a new one where its first call is what is counted.
    async fn next(&mut self, operation: Operation, session: ResourceAny) -> anyhow::Result<ResourceAny> {
        if !operation.is_first() {
            return Ok(session);
        }
        session.resource_drop_async(&mut self.store).await?;
        self.attach().await
    }
}
