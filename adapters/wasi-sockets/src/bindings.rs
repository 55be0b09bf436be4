//! Bindings generated from the WIT files.

#![allow(unsafe_code, missing_docs, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "drsession:wasi-sockets/adapter",
    generate_all,
    pub_export_macro: true,
});
