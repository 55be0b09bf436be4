//! What the component is given: a socket and randomness.

use drsession_host::{Sockets, SocketsContext, SocketsView};
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker, ResourceTable};

#[allow(missing_docs, unreachable_pub, reason = "generated")]
pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "drsession:session/drsession",
    });
}

use bindings::wasi::random::random;

/// What the host keeps beside one instance.
pub(crate) struct State {
    sockets: Sockets,
    table: ResourceTable,
}

impl State {
    pub(crate) fn new(sockets: &Sockets) -> Self {
        Self { sockets: sockets.clone(), table: ResourceTable::new() }
    }
}

impl SocketsContext for State {
    fn sockets(&mut self) -> SocketsView<'_> {
        SocketsView { sockets: &self.sockets, table: &mut self.table }
    }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, length: u64) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(length).expect("drsession asks for a few bytes")];
        getrandom::fill(&mut bytes).expect("the system has randomness");
        bytes
    }
}

/// Once for all applications.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    drsession_host::blocking::add_to_linker(&mut linker)?;
    random::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    Ok(linker)
}
