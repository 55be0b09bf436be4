//! The adapter that makes drsession's asynchronous socket out of `wasi:sockets` 0.3.

mod adapter;
mod suite;

const COMPONENT: &str = "wasi-sockets-async.wasm";
