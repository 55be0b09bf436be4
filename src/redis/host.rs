//! What the core needs of the world: a socket, a clock, randomness. The component gets them from its imports, a native
//! test makes them up.

use super::node::Link;
use crate::joined::joined;
use std::future::Future;

/// Where Redis listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// Host and port; bytes travel as they are.
    Tcp(String, u16),
    /// Host and port, within TLS.
    Tls(String, u16),
    /// The path of a Unix socket.
    Unix(String),
}

/// How long to wait, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For a connection to stand.
    pub connect: u32,
    /// For each write and each read.
    pub answer: u32,
}

/// Why a socket could not be had, or does not go on. The contract's `socket.error`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SocketError {
    /// The host's name has no address.
    NameNotFound(String),
    /// The peer refused the connection.
    Refused,
    /// No way leads to the peer.
    Unreachable,
    /// The time limit ran out.
    TimedOut,
    /// The peer has closed; from a write on a socket marked idle: before a byte was sent.
    Closed,
    /// The host does not let us reach that address.
    Denied(String),
    /// TLS was not agreed upon.
    Tls(String),
    /// The host has no such kind of address.
    Unsupported(String),
    /// Anything else.
    Other(String),
}

impl SocketError {
    /// In words, for the text of an error.
    pub fn text(&self) -> String {
        let (what, detail) = match self {
            SocketError::NameNotFound(name) => ("no address for the host", name.as_str()),
            SocketError::Refused => ("connection refused", ""),
            SocketError::Unreachable => ("host unreachable", ""),
            SocketError::TimedOut => ("timed out", ""),
            SocketError::Closed => ("connection closed by the server", ""),
            SocketError::Denied(detail) => ("not allowed by the host", detail.as_str()),
            SocketError::Tls(detail) => ("TLS", detail.as_str()),
            SocketError::Unsupported(detail) => ("not supported by the host", detail.as_str()),
            SocketError::Other(detail) => ("socket", detail.as_str()),
        };
        match detail {
            "" => what.into(),
            detail => joined(&[what, ": ", detail]),
        }
    }
}

/// The world around the core.
pub trait Host: Sized {
    /// The sockets that this host makes.
    type Socket: Socket;

    /// Whether calls have a connection each, or share one.
    type Link: Link<Self>;

    /// A socket that was left idle in exactly this state, or a new one.
    fn connect(
        &self,
        to: &Address,
        timeouts: Timeouts,
        state: &str,
    ) -> impl Future<Output = Result<Self::Socket, SocketError>>;

    /// Milliseconds on a clock that never runs backwards.
    fn now(&self) -> u64;

    /// Returns after so many milliseconds.
    fn wait(&self, milliseconds: u32) -> impl Future<Output = ()>;

    /// So many bytes from a cryptographically secure source.
    fn random<const COUNT: usize>(&self) -> [u8; COUNT];
}

/// A byte stream to a Redis server; dropping it closes it, unless the host keeps it because it is marked idle.
pub trait Socket: 'static {
    /// Milliseconds on the clock of [`Host::now`].
    fn now(&self) -> u64;

    /// Whether it was left idle in the wanted state, so that it needs no handshake.
    fn reused(&self) -> bool;

    /// Says what the handshake has made of it.
    fn set_state(&self, state: &str);

    /// Marks it idle: no answer is outstanding.
    fn set_idle(&self);

    /// Sends all of it. [`SocketError::Closed`] on a socket marked idle: nothing was sent.
    fn write(&self, bytes: &[u8]) -> impl Future<Output = Result<(), SocketError>>;

    /// At least one byte and at most `max`; none where the peer has closed.
    fn read(&self, max: u32) -> impl Future<Output = Result<Vec<u8>, SocketError>>;
}
