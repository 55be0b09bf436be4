//! The socket that the drsession component needs, for programs that embed wasmtime.
//!
//! The component reaches Redis through one import, `drsession:session/socket` or its asynchronous twin
//! `drsession:session/socket-async`. This crate implements both: TCP, [TLS](Tls) and Unix sockets with time limits, and
//! a connection pool that outlives stores. So an instance that serves a single request needs no new connection and no
//! handshake.
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
//! // For async stores use `drsession_host::tokio`, for async components `drsession_host::concurrent`.
//! drsession_host::blocking::add_to_linker(&mut linker)?;
//!
//! // Once per application, which may reach this Redis and nothing else.
//! let sockets = Sockets::builder().allow_tcp("127.0.0.1", 6379).build();
//!
//! // Once per request. Idle connections return to `sockets` when the store is dropped.
//! let state = State { sockets: sockets.clone(), table: ResourceTable::new() };
//! let store = Store::new(&engine, state);
//! # drop(store);
//! # Ok(())
//! # }
//! ```
//!
//! # The path of a call
//!
//! ```text
//! guest ─ bindings ─┬─ blocking.rs or tokio.rs ──────┬─ connection.rs ─┬─ sockets.rs ─ address.rs, pool.rs
//!                   └─ concurrent.rs ─ outgoing.rs ──┘                 ├─ dial.rs
//!                                                                      └─ transport.rs ─ tls.rs, stream.rs
//! ```
//!
//! `connection.rs` implements the contract's rules once. The flavours differ only in how they wait, which is the trait
//! in `runtime.rs`. Pooled sockets belong to no runtime, so a connection made in one flavour or runtime can serve
//! another.
//!
//! # What is pooled
//!
//! wasmtime does not run a guest's destructors when a store ends, so a guest can't return a connection. It marks the
//! connection idle instead. When the store's [`ResourceTable`](wasmtime::component::ResourceTable) is dropped, the
//! connection returns to the pool if it is marked idle, has seen no error and no end of stream, and its state is known.
//! The pool hands it out only for exactly its address and state, and only if the server has neither closed it nor sent
//! anything.

mod address;
mod bindings;
pub mod blocking;
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
