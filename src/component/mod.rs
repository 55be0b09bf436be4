//! Implements the contract's resources. No other code uses the bindings.
//!
//! There are two flavours, a feature each: `blocking` and `async`. Both can be compiled into one component. What they share is in two
//! places: `session.rs` generates the functions that differ in nothing but `async`, and the files in `both/` are compiled once for each
//! flavour, because each flavour has its own bindings and types.

#![allow(clippy::duplicate_mod, reason = "the files in `both/` are compiled once for each flavour's bindings")]

mod allocator;
#[macro_use]
mod session;

#[cfg(feature = "async")]
mod asynchronous;
#[cfg(feature = "blocking")]
mod blocking;
