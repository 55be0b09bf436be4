//! Counts what the component does for each operation.
//!
//! - [`guest`] is a running component, called in one of three ways; [`operation`] is what is measured.
//! - [`canned`] is a socket that answers without a network, so that nothing but the component is left to measure.
//! - [`fuel`] counts exactly what the component does for each operation, and holds it to a budget.

mod bindings;
pub mod canned;
pub mod fuel;
pub mod guest;
pub mod memory;
pub mod operation;
pub mod random;
