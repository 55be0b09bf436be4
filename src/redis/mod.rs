//! The Redis client: URL, wire format, handshake, error replies, retries. It does not depend on sessions, and does I/O
//! only through the [`Host`] that it is given.
//!
//! One batch, from top to bottom:
//!
//! ```text
//! client                   routes the batch, retries, follows redirects
//!   limits                   the call's deadline and byte budget
//!   servers, slots           the server that owns the key
//!   retry, error_reply       whether to try again, by what the server replied
//! node                     one server, its connections and their handshake
//!   dedicated                a connection for one call at a time
//!   multiplexed              a connection for all calls
//!     multiplexed_connection   which call writes and which reads for all
//!     single_flight            one call connects for all
//! batch                    commands as bytes
//! incoming                 bytes as replies: the fast path, or else
//!   scanner                  finds a reply's end and holds it to the limits
//!   resp3                    rewrites RESP3 as RESP2, for redis-protocol to decode
//! ```

#![forbid(unsafe_code)]

pub mod batch;
pub mod client;
pub mod connection;
pub mod dedicated;
pub mod error_reply;
pub mod handshake;
pub mod host;
pub mod incoming;
pub mod limits;
#[cfg(any(feature = "async", test))]
pub mod multiplexed;
#[cfg(any(feature = "async", test))]
pub mod multiplexed_connection;
pub mod node;
pub mod reply;
mod resp3;
pub mod retry;
pub mod scanner;
pub mod servers;
#[cfg(any(feature = "async", test))]
pub mod single_flight;
pub mod slots;
#[cfg(test)]
pub(crate) mod testing;
pub mod url;

pub use batch::{Batch, Wait};
pub use client::{Client, Replies, Rule};
pub use connection::{Connection, ConnectionError};
pub use dedicated::Dedicated;
pub use host::{Address, Host, Socket, SocketError, Timeouts};
pub use limits::Limits;
#[cfg(any(feature = "async", test))]
pub use multiplexed::Multiplexed;
pub use reply::{Reply, Value};
pub use retry::Repeat;
