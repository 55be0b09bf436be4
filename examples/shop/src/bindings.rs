//! Generated from the WIT files: the whole of what the shop knows of drsession.

#![allow(unsafe_code, missing_docs, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "drsession:shop/shop",
    generate_all,
});
