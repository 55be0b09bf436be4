//! The contract's resources, and what they are made of: the only code that knows the bindings, one thin file a flavour.
//! The feature `async` chooses.

mod allocator;
#[cfg(feature = "async")]
mod asynchronous;
#[cfg(not(feature = "async"))]
mod blocking;
mod convert;
mod options;

#[cfg(feature = "async")]
use asynchronous::{bindings, bindings::exports::drsession::session::session_async as interface};
#[cfg(not(feature = "async"))]
use blocking::{bindings, bindings::exports::drsession::session::session as interface};
