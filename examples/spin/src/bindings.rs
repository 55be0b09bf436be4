//! Generated from the WIT files: the whole of what the application knows of drsession.

#![allow(unsafe_code, missing_docs, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "drsession:spin-visits/visits",
    generate_all,
});
