//! drsession's asynchronous socket for hosts that have `wasi:sockets` 0.3 and nothing else: a component that exports
//! `drsession:session/socket-async` and imports WASI.
//!
//! `component` holds the exports. `dial` opens connections: it resolves the name and tries each `address` within a
//! `deadline`. A `connection` has two independent directions, `outgoing` and `incoming`. Each is one stream for the
//! connection's whole life. One task at a time uses it (`sync`), and a cancelled task loses no bytes (`operation`).
//! Once a stream has ended, `close_reason` tells why.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively, there are only the unit tests"))]

mod address;
mod bindings;
mod close_reason;
mod component;
mod connection;
mod deadline;
mod dial;
mod error;
mod incoming;
mod operation;
mod outgoing;
mod sync;
