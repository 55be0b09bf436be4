//! drsession's socket for hosts that have `wasi:sockets` 0.2 and nothing else: a component that exports
//! `drsession:session/socket` and imports WASI.
//!
//! `component` holds the exports. `dial` opens connections: it resolves the name and tries each `address`. `connection`
//! reads and writes. Both wait within a `deadline`.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively, there are only the unit tests"))]

mod address;
mod bindings;
mod component;
mod connection;
mod deadline;
mod dial;
mod error;
