//! What wasmtime generates from the contract's socket, once for each flavour.

pub(crate) mod blocking {
    #![allow(clippy::all, missing_docs, unreachable_pub, unsafe_code, reason = "generated")]

    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package drsession:benchmarks; world canned { import drsession:session/socket@0.1.0; }",
        world: "drsession:benchmarks/canned",
        imports: { default: trappable },
        with: { "drsession:session/socket.connection": crate::canned::Connection },
    });
}

pub(crate) mod concurrent {
    #![allow(clippy::all, missing_docs, unreachable_pub, unsafe_code, reason = "generated")]

    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package drsession:benchmarks; world canned { import drsession:session/socket-async@0.1.0; }",
        world: "drsession:benchmarks/canned",
        imports: { default: trappable },
        with: { "drsession:session/socket-async.connection": crate::canned::Connection },
    });
}
