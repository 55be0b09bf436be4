//! Converts WASI's errors to the contract's.

use crate::bindings::exports::drsession::session::socket::Error;
use crate::bindings::wasi::io::streams::StreamError;
use crate::bindings::wasi::sockets::network::ErrorCode;

const DENIED: &str = "the host does not allow outgoing connections to this address: allow them (wasmtime: \
                      -S inherit-network, Spin: allowed_outbound_hosts)";
const NO_LOOK_UP: &str =
    "the host does not allow name lookups: allow them (wasmtime: -S allow-ip-name-lookup), or use an IP address";

/// Errors of connecting.
pub(crate) fn connecting(code: ErrorCode) -> Error {
    match code {
        ErrorCode::AccessDenied => Error::Denied(DENIED.to_owned()),
        ErrorCode::ConnectionRefused => Error::Refused,
        ErrorCode::ConnectionReset | ErrorCode::ConnectionAborted => Error::Closed,
        // For example, a host without IPv6 has no route to an IPv6 address.
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

/// Errors of looking up a name.
pub(crate) fn looking_up(host: &str, code: ErrorCode) -> Error {
    match code {
        // `InvalidArgument`: not a valid name.
        ErrorCode::NameUnresolvable | ErrorCode::InvalidArgument => Error::NameNotFound(host.to_owned()),
        // wasmtime returns `PermanentResolverFailure` if lookups are not allowed.
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

/// Errors of reading and writing. Never `closed`, which would mean for a write that nothing was sent.
pub(crate) fn broken(error: StreamError) -> Error {
    Error::Other(match error {
        StreamError::Closed => "the connection was closed or reset".to_owned(),
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
    fn errors_of_connecting_have_their_case() {
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
    fn a_name_without_address_is_not_found_and_a_forbidden_lookup_is_denied() {
        for code in [ErrorCode::NameUnresolvable, ErrorCode::InvalidArgument] {
            assert!(matches!(looking_up("redis.example", code), Error::NameNotFound(name) if name == "redis.example"));
        }
        for code in [ErrorCode::AccessDenied, ErrorCode::PermanentResolverFailure] {
            assert!(matches!(looking_up("redis.example", code), Error::Denied(_)));
        }
        assert!(matches!(looking_up("redis.example", ErrorCode::TemporaryResolverFailure), Error::Other(_)));
    }

    #[test]
    fn a_closed_stream_is_never_the_error_closed() {
        assert!(matches!(broken(StreamError::Closed), Error::Other(_)));
    }
}
