//! Generated from the WIT files.

#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated")]

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "drsession:greedy/greedy",
    generate_all,
    pub_export_macro: true,
});
