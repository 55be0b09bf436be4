//! The socket that the drsession component needs, for programs that embed wasmtime.
//!
//! The component imports one interface to reach Redis, `drsession:session/socket` or its asynchronous twin
//! `drsession:session/socket-async`. This crate supplies both: TCP, [TLS](Tls) and Unix sockets with time limits, and a
//! pool that carries connections from one store to the next, so that an instance that lives for a single request does not
//! pay for a new connection and its handshake.
//!
//! ```
//! use drsession_host::{Sockets, SocketsContext, SocketsView};
//! use wasmtime::component::{Linker, ResourceTable};
//! use wasmtime::{Engine, Store};
//!
//! struct State {
//!     sockets: Sockets,
//!     table: ResourceTable,
//! }
//!
//! impl SocketsContext for State {
//!     fn sockets(&mut self) -> SocketsView<'_> {
//!         SocketsView { sockets: &self.sockets, table: &mut self.table }
//!     }
//! }
//!
//! # fn main() -> wasmtime::Result<()> {
//! let engine = Engine::default();
//! let mut linker = Linker::<State>::new(&engine);
//! // Or `drsession_host::tokio`, for async stores; or `drsession_host::concurrent`, for async components.
//! drsession_host::blocking::add_to_linker(&mut linker)?;
//!
//! // Once for each application. It reaches this one Redis, and nothing else.
//! let sockets = Sockets::builder().allow_tcp("127.0.0.1", 6379).build();
//!
//! // For each request. Connections that the guest leaves idle go back to `sockets` when the store is dropped.
//! let state = State { sockets: sockets.clone(), table: ResourceTable::new() };
//! let store = Store::new(&engine, state);
//! # drop(store);
//! # Ok(())
//! # }
//! ```
//!
//! # How a call passes through
//!
//! ```text
//! guest ─ bindings ─┬─ blocking.rs or tokio.rs ──────┬─ connection.rs ─┬─ sockets.rs ─ address.rs, budget.rs, pool.rs, statistics.rs
//!                   └─ concurrent.rs ─ outgoing.rs ──┘                 ├─ dial.rs
//!                                                                      └─ transport.rs ─ tls.rs, stream.rs
//! ```
//!
//! `connection.rs` holds what the contract says, written once; what the flavours differ in is how they wait, and that is
//! the trait in `runtime.rs`. The pool keeps plain sockets that belong to no runtime: a connection made in one flavour or
//! runtime can serve another.
//!
//! # What is kept
//!
//! wasmtime runs no destructors of the guest when a store ends. So a connection is not given back, it is marked idle by
//! the guest, and goes to the pool when its entry in the store's [`ResourceTable`](wasmtime::component::ResourceTable) is
//! dropped: if it is marked, no error and no end was seen on it, and its state is known. It is handed out again only for
//! exactly the address and the state that it has, and only if its peer is still there and has sent nothing since.

mod address;
mod bindings;
pub mod blocking;
mod budget;
pub mod concurrent;
mod connection;
mod dial;
mod error;
mod outgoing;
mod pool;
mod runtime;
mod sockets;
mod statistics;
mod stream;
#[cfg(test)]
mod testing;
mod tls;
pub mod tokio;
mod transport;

pub use address::Address;
pub use sockets::{Sockets, SocketsBuilder, SocketsContext, SocketsView};
pub use statistics::Statistics;
pub use tls::{Tls, TlsBuilder, TlsError};
