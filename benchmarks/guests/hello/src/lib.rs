//! Answers every request with "hi".

#![cfg(target_arch = "wasm32")]

#[cfg(not(feature = "async"))]
#[path = "blocking.rs"]
mod flavour;
#[cfg(feature = "async")]
#[path = "concurrent.rs"]
mod flavour;

const BODY: &[u8] = b"hi\n";

struct Hello;
