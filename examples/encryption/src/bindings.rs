//! Generated from the WIT files: the interface that is asked, and the same one that is offered.

#![allow(unsafe_code, missing_docs, unreachable_pub, reason = "generated")]

#[cfg(target_arch = "wasm32")]
use super::Encryption;

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "drsession:encryption/encryption",
    generate_all,
});

#[cfg(target_arch = "wasm32")]
export!(Encryption with_types_in self);
