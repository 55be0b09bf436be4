//! Generated from the WIT files.

#![allow(unsafe_code, missing_docs, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "drsession:rust-cases/cases",
    generate_all,
});
