//! The same types, once as the socket below has them and once as this one has.

use crate::bindings::drsession::session::socket_async as below;
use crate::bindings::exports::drsession::session::socket_async::{Address, Error, Timeouts};

impl From<Address> for below::Address {
    fn from(address: Address) -> Self {
        match address {
            Address::Tcp(host_and_port) => Self::Tcp(host_and_port),
            Address::Tls(host_and_port) => Self::Tls(host_and_port),
            Address::Unix(path) => Self::Unix(path),
        }
    }
}

impl From<Timeouts> for below::Timeouts {
    fn from(Timeouts { connect, answer }: Timeouts) -> Self {
        Self { connect, answer }
    }
}

impl From<below::Error> for Error {
    fn from(error: below::Error) -> Self {
        match error {
            below::Error::NameNotFound(name) => Self::NameNotFound(name),
            below::Error::Refused => Self::Refused,
            below::Error::Unreachable => Self::Unreachable,
            below::Error::TimedOut => Self::TimedOut,
            below::Error::Closed => Self::Closed,
            below::Error::Denied(why) => Self::Denied(why),
            below::Error::Tls(why) => Self::Tls(why),
            below::Error::Unsupported(why) => Self::Unsupported(why),
            below::Error::Other(why) => Self::Other(why),
        }
    }
}
