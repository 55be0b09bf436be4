//! What wasmtime makes of the contract.
#![allow(missing_docs, unreachable_pub)]

wasmtime::component::bindgen!({
    inline: "
        package drsession:host-test;

        world sessions {
            export drsession:session/types@0.1.0;
            export drsession:session/session@0.1.0;
        }
    ",
    path: "../wit",
    exports: { default: async },
    additional_derives: [PartialEq],
});
