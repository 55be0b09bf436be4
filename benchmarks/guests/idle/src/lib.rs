//! A component that does nothing, as the one with sessions does something: what a call costs in any case.

#![cfg(target_arch = "wasm32")]

#[cfg(not(feature = "async"))]
#[path = "blocking.rs"]
mod flavour;
#[cfg(feature = "async")]
#[path = "concurrent.rs"]
mod flavour;

/// What is returned, as long as what is stored.
const VALUE: &str = "\"a value of thirty bytes or so\"";

struct Idle;
