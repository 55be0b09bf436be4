//! The seam: everything above it is written once, below it is a way to use a socket.

use super::{batch::Batch, host::SocketError, reply::Reply, scanner::ScanError};
use crate::{error::Error, joined::joined};
use std::future::Future;

/// A connection that commands can be sent over.
pub trait Connection {
    /// Sends the batch in one write and returns a reply for each of its commands. After an error the connection is of no
    /// more use.
    fn exchange(&self, batch: &Batch) -> impl Future<Output = Result<Vec<Reply>, ExchangeError>>;
}

/// Why there are no replies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExchangeError {
    /// Nothing was sent: the peer had closed, or sent what nobody asked for.
    NotSent,
    /// Nothing was sent: too many calls wait already.
    Busy,
    /// Something was sent, and not every reply came.
    Unanswered(SocketError),
    /// Something was sent, and what came is past a limit or no RESP.
    Unreadable(ScanError),
}

impl ExchangeError {
    /// For a call that writes nothing: its error.
    pub fn of_reading(self) -> Error {
        match self {
            ExchangeError::NotSent => Error::Unavailable(SocketError::Closed.text()),
            ExchangeError::Busy => Error::Busy,
            ExchangeError::Unanswered(error) => Error::Unavailable(error.text()),
            ExchangeError::Unreadable(ScanError::TooLarge(limit)) => Error::TooLarge(limit as u64),
            ExchangeError::Unreadable(ScanError::Malformed(why)) => Error::Protocol(why.into()),
        }
    }

    /// For a call that may have written: its error.
    pub fn of_writing(self) -> Error {
        match self {
            ExchangeError::NotSent => Error::Unavailable(SocketError::Closed.text()),
            ExchangeError::Busy => Error::Busy,
            // In TLS 1.3 a server looks at the client's certificate last, and hears nothing of what was sent behind it.
            ExchangeError::Unanswered(error @ SocketError::Tls(_)) => Error::Unavailable(error.text()),
            ExchangeError::Unanswered(error) => Error::OutcomeUnknown(error.text()),
            ExchangeError::Unreadable(ScanError::TooLarge(_)) => {
                Error::OutcomeUnknown("the reply was too large".into())
            }
            ExchangeError::Unreadable(ScanError::Malformed(why)) => {
                Error::OutcomeUnknown(joined(&["the reply was not RESP: ", why]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_never_heard_was_not_written() {
        let error = |error| ExchangeError::Unanswered(error).of_writing();
        let refusal = SocketError::Tls("the server asks for a client certificate".into());
        assert_eq!(error(refusal.clone()), Error::Unavailable(refusal.text()));
        assert_eq!(error(SocketError::Closed), Error::OutcomeUnknown(SocketError::Closed.text()));
    }
}
