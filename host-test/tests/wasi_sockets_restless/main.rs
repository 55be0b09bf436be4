//! The same adapter below a socket that cancels the calls on it before it waits for them: nobody notices.

#[path = "../wasi_sockets_async/adapter.rs"]
mod adapter;
#[path = "../wasi_sockets_async/suite.rs"]
mod suite;

const COMPONENT: &str = "wasi-sockets-restless.wasm";
