//! Conversions between the socket's types in the bindings and the core's.

use super::{
    bindings::wasi::random::random,
    imports::{Address, Error},
};
use crate::redis::{self, SocketError};

pub(super) fn address(address: &redis::Address) -> Address {
    match address {
        redis::Address::Tcp(host, port) => Address::Tcp((host.clone(), *port)),
        redis::Address::Tls(host, port) => Address::Tls((host.clone(), *port)),
        redis::Address::Unix(path) => Address::Unix(path.clone()),
    }
}

/// Random bytes. Panics if the host returns another number of bytes: a predictable id would be worse than no id.
pub(super) fn random_bytes<const COUNT: usize>() -> [u8; COUNT] {
    let mut bytes = [0; COUNT];
    bytes.copy_from_slice(&random::get_random_bytes(COUNT as u64));
    bytes
}

impl From<Error> for SocketError {
    fn from(error: Error) -> Self {
        match error {
            Error::NameNotFound(name) => SocketError::NameNotFound(name),
            Error::Refused => SocketError::Refused,
            Error::Unreachable => SocketError::Unreachable,
            Error::TimedOut => SocketError::TimedOut,
            Error::Closed => SocketError::Closed,
            Error::Denied(why) => SocketError::Denied(why),
            Error::Tls(why) => SocketError::Tls(why),
            Error::Unsupported(why) => SocketError::Unsupported(why),
            Error::Other(why) => SocketError::Other(why),
        }
    }
}
