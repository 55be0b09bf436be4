//! What the core needs from its host: sockets, a clock and randomness. The component provides them with its imports,
//! and tests simulate them.

use super::node::ConnectionStrategy;
use crate::text::concat;
use std::future::Future;

/// Where Redis listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// Host and port, plain TCP.
    Tcp(String, u16),
    /// Host and port, TLS.
    Tls(String, u16),
    /// The path of a Unix socket.
    Unix(String),
}

/// The socket's time limits, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For connecting.
    pub connect: u32,
    /// For each write and each read.
    pub answer: u32,
}

/// Why a socket operation failed. The contract's `socket.error`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SocketError {
    /// The host name has no address.
    NameNotFound(String),
    /// The server refused the connection.
    Refused,
    /// There is no route to the server, or none of its addresses answered.
    Unreachable,
    /// A time limit has passed.
    TimedOut,
    /// The server has closed the connection. From `write`, it means that no byte was sent.
    Closed,
    /// The host does not allow this address.
    Denied(String),
    /// The TLS handshake failed.
    Tls(String),
    /// The host does not support this kind of address.
    Unsupported(String),
    /// Any other error, in the host's words.
    Other(String),
}

impl SocketError {
    /// The text for an error that is passed on to the caller.
    pub fn text(&self) -> String {
        let (what, detail) = match self {
            SocketError::NameNotFound(name) => ("host name not found", name.as_str()),
            SocketError::Refused => ("connection refused", ""),
            SocketError::Unreachable => ("host unreachable", ""),
            SocketError::TimedOut => ("timed out", ""),
            SocketError::Closed => ("connection closed by the server", ""),
            SocketError::Denied(detail) => ("denied by the host", detail.as_str()),
            SocketError::Tls(detail) => ("TLS", detail.as_str()),
            SocketError::Unsupported(detail) => ("not supported by the host", detail.as_str()),
            SocketError::Other(detail) => ("socket", detail.as_str()),
        };
        match detail {
            "" => what.into(),
            detail => concat(&[what, ": ", detail]),
        }
    }
}

/// The host of the core.
pub trait Host: Sized {
    /// Its sockets.
    type Socket: Socket;

    /// How calls use connections.
    type Strategy: ConnectionStrategy<Self>;

    /// A pooled connection in exactly this state, or a new one.
    fn connect(
        &self,
        to: &Address,
        timeouts: Timeouts,
        state: &str,
    ) -> impl Future<Output = Result<Self::Socket, SocketError>>;

    /// Milliseconds on a monotonic clock.
    fn now(&self) -> u64;

    /// Sleeps for this many milliseconds.
    fn wait(&self, milliseconds: u32) -> impl Future<Output = ()>;

    /// Bytes from a cryptographically secure source.
    fn random<const COUNT: usize>(&self) -> [u8; COUNT];
}

/// A byte stream to a Redis server. Dropping it closes it, unless it is marked idle and the host pools it.
pub trait Socket: 'static {
    /// Milliseconds on the clock of [`Host::now`].
    fn now(&self) -> u64;

    /// Whether it comes from the host's pool and needs no handshake.
    fn reused(&self) -> bool;

    /// Tells the host the state that the handshake left.
    fn set_state(&self, state: &str);

    /// Marks it idle: no answer is outstanding. The next write clears the mark.
    fn set_idle(&self);

    /// Sends all bytes. [`SocketError::Closed`] on a socket marked idle: nothing was sent.
    fn write(&self, bytes: &[u8]) -> impl Future<Output = Result<(), SocketError>>;

    /// Receives at least one byte and at most `max`, or no bytes if the server has closed the connection.
    fn read(&self, max: u32) -> impl Future<Output = Result<Vec<u8>, SocketError>>;
}
