//! From what WASI says went wrong to what the contract says.

use crate::bindings::exports::drsession::session::socket::Error;
use crate::bindings::wasi::io::streams::StreamError;
use crate::bindings::wasi::sockets::network::ErrorCode;

const DENIED: &str =
    "the host's rules for outgoing connections (wasmtime: -S inherit-network, Spin: allowed_outbound_hosts)";
const NO_LOOK_UP: &str = "the host looks up no names (wasmtime: -S allow-ip-name-lookup); an address needs no look-up";

/// Why a connection could not be made.
pub(crate) fn connecting(code: ErrorCode) -> Error {
    match code {
        ErrorCode::AccessDenied => Error::Denied(DENIED.to_owned()),
        ErrorCode::ConnectionRefused => Error::Refused,
        ErrorCode::ConnectionReset | ErrorCode::ConnectionAborted => Error::Closed,
        // No IPv6, for example: then no way leads to that address.
        ErrorCode::RemoteUnreachable | ErrorCode::NotSupported | ErrorCode::AddressNotBindable => Error::Unreachable,
        ErrorCode::Timeout => Error::TimedOut,
        ErrorCode::Unknown
        | ErrorCode::InvalidArgument
        | ErrorCode::OutOfMemory
        | ErrorCode::ConcurrencyConflict
        | ErrorCode::NotInProgress
        | ErrorCode::WouldBlock
        | ErrorCode::InvalidState
        | ErrorCode::NewSocketLimit
        | ErrorCode::AddressInUse
        | ErrorCode::DatagramTooLarge
        | ErrorCode::NameUnresolvable
        | ErrorCode::TemporaryResolverFailure
        | ErrorCode::PermanentResolverFailure => named("connecting", code),
    }
}

/// Why a name led to no address.
pub(crate) fn looking_up(host: &str, code: ErrorCode) -> Error {
    match code {
        // Not even the form of a name.
        ErrorCode::NameUnresolvable | ErrorCode::InvalidArgument => Error::NameNotFound(host.to_owned()),
        // wasmtime says the latter where look-up is not allowed.
        ErrorCode::AccessDenied | ErrorCode::PermanentResolverFailure => Error::Denied(NO_LOOK_UP.to_owned()),
        ErrorCode::Timeout => Error::TimedOut,
        ErrorCode::Unknown
        | ErrorCode::NotSupported
        | ErrorCode::OutOfMemory
        | ErrorCode::ConcurrencyConflict
        | ErrorCode::NotInProgress
        | ErrorCode::WouldBlock
        | ErrorCode::InvalidState
        | ErrorCode::NewSocketLimit
        | ErrorCode::AddressNotBindable
        | ErrorCode::AddressInUse
        | ErrorCode::RemoteUnreachable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionReset
        | ErrorCode::ConnectionAborted
        | ErrorCode::DatagramTooLarge
        | ErrorCode::TemporaryResolverFailure => named("looking up the name", code),
    }
}

/// Why a connection does not go on. Never `closed`: from a write that would say that nothing was sent.
pub(crate) fn broken(error: StreamError) -> Error {
    Error::Other(match error {
        StreamError::Closed => "the connection broke off".to_owned(),
        StreamError::LastOperationFailed(error) => error.to_debug_string(),
    })
}

fn named(doing: &str, code: ErrorCode) -> Error {
    Error::Other([doing, ": ", code.name()].concat())
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorCode, StreamError, broken, connecting, looking_up};

    #[test]
    fn what_the_contract_knows_of_connecting_has_its_case() {
        for (code, error) in [
            (ErrorCode::ConnectionRefused, Error::Refused),
            (ErrorCode::RemoteUnreachable, Error::Unreachable),
            (ErrorCode::NotSupported, Error::Unreachable),
            (ErrorCode::Timeout, Error::TimedOut),
            (ErrorCode::ConnectionReset, Error::Closed),
            (ErrorCode::NewSocketLimit, Error::Other("connecting: new-socket-limit".to_owned())),
        ] {
            assert_eq!(format!("{:?}", connecting(code)), format!("{error:?}"));
        }
        assert!(matches!(connecting(ErrorCode::AccessDenied), Error::Denied(why) if why.contains("inherit-network")));
    }

    #[test]
    fn a_name_without_address_is_named_and_a_forbidden_look_up_is_denied() {
        for code in [ErrorCode::NameUnresolvable, ErrorCode::InvalidArgument] {
            assert!(matches!(looking_up("redis.example", code), Error::NameNotFound(name) if name == "redis.example"));
        }
        for code in [ErrorCode::AccessDenied, ErrorCode::PermanentResolverFailure] {
            assert!(matches!(looking_up("redis.example", code), Error::Denied(_)));
        }
        assert!(matches!(looking_up("redis.example", ErrorCode::TemporaryResolverFailure), Error::Other(_)));
    }

    #[test]
    fn a_stream_that_is_closed_is_no_proof_that_nothing_was_sent() {
        assert!(matches!(broken(StreamError::Closed), Error::Other(_)));
    }
}
