//! Bindings generated from the WIT files: HTTP towards host and application, and sessions.

#![allow(unsafe_code, missing_docs, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: ["../wit", "wit"],
    world: "drsession:middleware/middleware",
    generate_all,
    pub_export_macro: true,
});
