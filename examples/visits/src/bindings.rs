//! Generated from the WIT files: HTTP, and the whole of what the application knows of drsession.

#![allow(unsafe_code, missing_docs, unreachable_pub, reason = "generated")]

#[cfg(not(feature = "alone"))]
wit_bindgen::generate!({
    path: ["../../wit", "../../middleware/wit/deps/http.wit", "../../middleware/wit/deps/cli.wit", "wit"],
    world: "drsession:visits/behind",
    generate_all,
    pub_export_macro: true,
});

#[cfg(feature = "alone")]
wit_bindgen::generate!({
    path: ["../../wit", "../../middleware/wit/deps/http.wit", "../../middleware/wit/deps/cli.wit", "wit"],
    world: "drsession:visits/alone",
    generate_all,
    pub_export_macro: true,
});
