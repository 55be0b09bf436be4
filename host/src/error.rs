//! Why a connection could not be made or has failed: the cases of the contract's `error`.

use std::io::{self, ErrorKind};

use crate::tls;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("host name {0} has no address")]
    NameNotFound(String),
    #[error("connection refused")]
    Refused,
    #[error("server is unreachable")]
    Unreachable,
    #[error("timed out")]
    TimedOut,
    #[error("the server closed the connection")]
    Closed,
    #[error("{0}")]
    Denied(String),
    #[error("TLS: {0}")]
    Tls(String),
    #[error("{0}")]
    Unsupported(String),
    #[error("{0}")]
    Other(String),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if let Some(refusal) = tls::refusal(&error) {
            return Self::Tls(refusal);
        }
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            // `NotFound`: no Unix socket at that path.
            ErrorKind::NotFound
            | ErrorKind::AddrNotAvailable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable => Self::Unreachable,
            // `WouldBlock`: the time limit of a blocking call has passed.
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::TimedOut,
            ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof => Self::Closed,
            ErrorKind::PermissionDenied => Self::Denied(format!("the operating system denied the connection: {error}")),
            _ => Self::Other(error.to_string()),
        }
    }
}
