//! What both components have around them.

use std::{
    env,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreLimits, StoreLimitsBuilder,
    component::{Component, ResourceTable},
};

use crate::network::Network;

/// How much memory an instance may have, in bytes.
const MAX_MEMORY: usize = 4 << 20;
/// How much it may compute: roughly so many instructions.
const MAX_FUEL: u64 = 500_000_000;

/// What the host keeps beside an instance.
pub(crate) struct State {
    pub(crate) network: Network,
    pub(crate) table: ResourceTable,
    limits: StoreLimits,
}

impl State {
    pub(crate) fn random(&mut self, length: u64) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(length).expect("a few bytes")];
        self.network.random(&mut bytes);
        bytes
    }
}

/// A connection.
pub struct Connection {
    pub(crate) reused: bool,
}

/// An empty store. Past its limits, everything traps.
pub(crate) fn store(network: Network) -> Store<State> {
    let limits = StoreLimitsBuilder::new().memory_size(MAX_MEMORY).trap_on_grow_failure(true).build();
    let mut store = Store::new(&ENGINE, State { network, table: ResourceTable::new(), limits });
    store.limiter(|state| &mut state.limits);
    store.set_fuel(MAX_FUEL).expect("an engine that counts fuel");
    store
}

pub(crate) static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut config = Config::new();
    config.consume_fuel(true).wasm_component_model_async(true);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_core_instances(8).total_component_instances(2).total_memories(2).total_tables(8).total_stacks(8);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).expect("an engine")
});

/// A component that `cargo xtask build` has made, in the folder that `DRSESSION_COMPONENTS` may name.
pub(crate) fn component(name: &str) -> Component {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target/components");
    let path = env::var_os("DRSESSION_COMPONENTS").map_or_else(built, PathBuf::from).join(name);
    assert!(path.is_file(), "there is no {}: run `cargo xtask build`", path.display());
    Component::from_file(&ENGINE, path).expect("a component")
}

/// The contract's error, in either flavour.
macro_rules! socket_errors {
    ($error:path) => {
        impl From<drsession::redis::SocketError> for $error {
            fn from(error: drsession::redis::SocketError) -> Self {
                use drsession::redis::SocketError;
                match error {
                    SocketError::NameNotFound(name) => Self::NameNotFound(name),
                    SocketError::Refused => Self::Refused,
                    SocketError::Unreachable => Self::Unreachable,
                    SocketError::TimedOut => Self::TimedOut,
                    SocketError::Closed => Self::Closed,
                    SocketError::Denied(why) => Self::Denied(why),
                    SocketError::Tls(why) => Self::Tls(why),
                    SocketError::Unsupported(instead) => Self::Unsupported(instead),
                    SocketError::Other(what) => Self::Other(what),
                }
            }
        }
    };
}
pub(crate) use socket_errors;
