//! Why a connection could not be made, or does not go on: the cases of the contract.

use std::io::{self, ErrorKind};

use crate::tls;

/// One case for each of the contract's `error`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("the name {0} has no address")]
    NameNotFound(String),
    #[error("the peer refused the connection")]
    Refused,
    #[error("no way leads to the peer")]
    Unreachable,
    #[error("the time limit ran out")]
    TimedOut,
    #[error("the peer has closed")]
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
            // `NotFound`: there is no Unix socket of that path.
            ErrorKind::NotFound
            | ErrorKind::AddrNotAvailable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable => Self::Unreachable,
            // `WouldBlock`: a blocking call's own time limit ran out.
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::TimedOut,
            ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof => Self::Closed,
            ErrorKind::PermissionDenied => Self::Denied(format!("the operating system: {error}")),
            _ => Self::Other(error.to_string()),
        }
    }
}
