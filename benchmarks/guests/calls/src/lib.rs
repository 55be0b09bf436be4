//! An application that makes a benchmark's calls: on a session, or by a client of the host's.

#![cfg(target_arch = "wasm32")]

#[cfg(not(any(feature = "async", feature = "client")))]
#[path = "blocking.rs"]
mod flavour;
#[cfg(feature = "async")]
#[path = "concurrent.rs"]
mod flavour;
#[cfg(feature = "client")]
#[path = "client.rs"]
mod flavour;

/// The field that is read and written.
const FIELD: &str = "theme";

struct Calls;
