//! How to talk to Redis: the URL, commands and replies on the wire, the handshake, what an error reply means, what may be
//! sent again. It knows nothing of sessions, and does no I/O but through the [`Host`] it is given.
//!
//! One exchange, from top to bottom:
//!
//! ```text
//! client     one more try where that is safe, and elsewhere where that is said
//!   servers    which server has the key
//!     slots      the parts of a cluster
//!   node       one server, and connections to it that are ready
//!   handshake  who we are, which database
//!   joint      the connection that concurrent calls share
//!   exclusive  Connection::exchange: one write, then a reply for each command
//!   shared     Connection::exchange for many calls at once
//!     batch      commands as bytes
//!     incoming   what arrives, as replies; the plainest are read at once
//!       scanner    where another one ends, and whether it keeps to the limits
//!       reply      a whole reply, decoded
//!   refusal    what an error reply means
//!   retry      whether to send it again
//! ```

#![forbid(unsafe_code)]

pub mod batch;
pub mod client;
pub mod connection;
pub mod deadline;
pub mod exclusive;
pub mod handshake;
pub mod host;
pub mod incoming;
#[cfg(any(feature = "async", test))]
pub mod joint;
pub mod node;
pub mod refusal;
pub mod replicas;
pub mod reply;
pub mod retry;
pub mod scanner;
pub mod servers;
#[cfg(any(feature = "async", test))]
pub mod shared;
pub mod slots;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(any(feature = "async", test))]
pub mod together;
pub mod url;

pub use batch::Batch;
pub use client::Client;
pub use connection::{Connection, ExchangeError};
pub use host::{Address, Host, Socket, SocketError, Timeouts};
#[cfg(any(feature = "async", test))]
pub use joint::Joint;
pub use node::Apart;
pub use reply::Reply;
pub use retry::Repeat;
