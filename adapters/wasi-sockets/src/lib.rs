//! drsession's socket for hosts that have `wasi:sockets` 0.2 and nothing else: a component that exports
//! `drsession:session/socket` and imports WASI.
//!
//! `component` is what is exported. A connection comes from `dial`, which asks the resolver and tries one `address`
//! after another; `connection` sends and receives; every wait of both is held to a `deadline`.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively, there are only the unit tests"))]

mod address;
mod bindings;
mod component;
mod connection;
mod deadline;
mod dial;
mod error;
