//! What wasmtime makes of the contract's types. Its functions are called by their names: every flavour has the same.
#![allow(missing_docs, unreachable_pub)]

wasmtime::component::bindgen!({
    inline: "
        package drsession:host-test;

        world types {
            import drsession:session/types@0.1.0;
        }
    ",
    path: "../wit",
    additional_derives: [PartialEq],
});
