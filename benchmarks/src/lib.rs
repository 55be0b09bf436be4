//! Measures what a session costs, beside what people would use instead.
//!
//! - [`guest`] is a running component, called in one of three ways; [`operation`] is what is measured, [`session`] does it again
//!   and again. [`host`] has the engines, [`application`] calls it from a guest.
//! - [`raw`] and [`client`] are what it is compared with, besides redis-rs, fred and drsession itself.
//! - [`canned`] is a socket that answers without a network, so that nothing but the component is left to measure.
//! - [`fuel`] counts exactly what the component does for each operation, and holds it to a budget.
//! - [`cases`] are what is measured. [`measure`] lets all have their turns, in short rounds; [`results`] keeps what came
//!   out, [`prices`] says what one pays, [`goals`] what was to be reached, and [`report`] and [`plots`] show it.

pub mod application;
mod bindings;
pub mod canned;
pub mod cases;
pub mod client;
pub mod fuel;
pub mod goals;
pub mod guest;
pub mod host;
pub mod http;
pub mod machine;
pub mod measure;
pub mod memory;
pub mod operation;
pub mod plots;
pub mod prices;
pub mod random;
pub mod raw;
pub mod report;
pub mod results;
pub mod session;
