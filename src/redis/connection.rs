//! What every kind of connection does, and how it fails.

use super::{batch::Batch, host::SocketError, limits::Limits, reply::Reply, scanner::ScanError};
use crate::{error::Error, text::concat};
use std::future::Future;

/// A connection that commands can be sent over.
pub trait Connection {
    /// Sends the batch in one write and returns a reply for each of its commands. After an error the connection must not be used
    /// again.
    fn round_trip(&self, batch: &Batch, limits: &Limits) -> impl Future<Output = Result<Vec<Reply>, ConnectionError>>;
}

/// Why there are no replies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConnectionError {
    /// Nothing was sent: the peer had closed the connection, or bytes had arrived that answer no command.
    NotSent,
    /// Nothing was sent: too many calls are waiting already.
    Busy,
    /// Something was sent, and not every reply arrived.
    Unanswered(SocketError),
    /// Something was sent, and a reply exceeds a limit or is not RESP.
    Unreadable(ScanError),
}

impl ConnectionError {
    /// The error of the call. If the call writes, it may have been applied, unless nothing was sent.
    pub fn into_error(self, writes: bool) -> Error {
        match self {
            ConnectionError::NotSent => Error::Unavailable(SocketError::Closed.text()),
            ConnectionError::Busy => Error::Busy,
            // In TLS 1.3, the client may send commands before the server has checked its certificate. If the server
            // refuses the certificate, it has not read them.
            ConnectionError::Unanswered(error @ SocketError::Tls(_)) => Error::Unavailable(error.text()),
            ConnectionError::Unanswered(error) if writes => Error::OutcomeUnknown(error.text()),
            ConnectionError::Unanswered(error) => Error::Unavailable(error.text()),
            ConnectionError::Unreadable(ScanError::TooLarge(_)) if writes => {
                Error::OutcomeUnknown("the reply exceeds its limit".into())
            }
            ConnectionError::Unreadable(ScanError::TooLarge(limit)) => Error::TooLarge(limit as u64),
            ConnectionError::Unreadable(ScanError::Malformed(why)) if writes => {
                Error::OutcomeUnknown(concat(&["the reply is not RESP: ", why]))
            }
            ConnectionError::Unreadable(ScanError::Malformed(why)) => Error::Protocol(why.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_the_server_never_read_was_not_applied() {
        let error = |error| ConnectionError::Unanswered(error).into_error(true);
        let alert = SocketError::Tls("the server asks for a client certificate".into());
        assert_eq!(error(alert.clone()), Error::Unavailable(alert.text()));
        assert_eq!(error(SocketError::Closed), Error::OutcomeUnknown(SocketError::Closed.text()));
    }
}
