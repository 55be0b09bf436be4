//! drsession's asynchronous socket for hosts that have `wasi:sockets` 0.3 and nothing else: a component that exports
//! `drsession:session/socket-async` and imports WASI.
//!
//! `component` is what is exported. A connection comes from `dial`, which asks the resolver and tries one `address`
//! after another, each held to a `deadline`. `connection` has two directions, `outgoing` and `incoming`, which know
//! nothing of each other; each is one stream for the connection's whole life, in the hands of one task at a time
//! (`turn`), until its `ending`. No task that is cancelled loses a byte of it (`operation`).

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively, there are only the unit tests"))]

mod address;
mod bindings;
mod component;
mod connection;
mod deadline;
mod dial;
mod ending;
mod error;
mod incoming;
mod operation;
mod outgoing;
mod turn;
