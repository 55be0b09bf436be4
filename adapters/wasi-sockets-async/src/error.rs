//! Converts WASI's errors to the contract's.

use crate::bindings::exports::drsession::session::socket_async::Error;
use crate::bindings::wasi::sockets::ip_name_lookup::ErrorCode as LookUpCode;
use crate::bindings::wasi::sockets::types::ErrorCode;

const DENIED: &str =
    "the host does not allow outgoing connections to this address: allow them (wasmtime: -S inherit-network)";
const NO_LOOK_UP: &str =
    "the host does not allow name lookups: allow them (wasmtime: -S allow-ip-name-lookup), or use an IP address";

/// Errors of connecting.
pub(crate) fn connecting(code: ErrorCode) -> Error {
    match code {
        ErrorCode::AccessDenied => Error::Denied(DENIED.to_owned()),
        ErrorCode::ConnectionRefused => Error::Refused,
        ErrorCode::ConnectionReset | ErrorCode::ConnectionAborted | ErrorCode::ConnectionBroken => Error::Closed,
        // For example, a host without IPv6 has no route to an IPv6 address.
        ErrorCode::RemoteUnreachable | ErrorCode::NotSupported | ErrorCode::AddressNotBindable => Error::Unreachable,
        ErrorCode::Timeout => Error::TimedOut,
        ErrorCode::InvalidArgument
        | ErrorCode::OutOfMemory
        | ErrorCode::InvalidState
        | ErrorCode::AddressInUse
        | ErrorCode::DatagramTooLarge
        | ErrorCode::Other(_) => named("connecting", code),
    }
}

/// Errors of looking up a name.
pub(crate) fn looking_up(host: &str, code: LookUpCode) -> Error {
    let other = |code: &str| Error::Other(["looking up the name: ", code].concat());
    match code {
        // `InvalidArgument`: not a valid name.
        LookUpCode::NameUnresolvable | LookUpCode::InvalidArgument => Error::NameNotFound(host.to_owned()),
        // wasmtime returns `PermanentResolverFailure` if lookups are not allowed.
        LookUpCode::AccessDenied | LookUpCode::PermanentResolverFailure => Error::Denied(NO_LOOK_UP.to_owned()),
        LookUpCode::TemporaryResolverFailure => other("temporary-resolver-failure"),
        LookUpCode::Other(words) => other(words.as_deref().unwrap_or("other")),
    }
}

/// Errors of writing. Never `closed`, which would mean that nothing was sent.
pub(crate) fn sending(code: ErrorCode) -> Error {
    match code {
        ErrorCode::ConnectionReset | ErrorCode::ConnectionAborted | ErrorCode::ConnectionBroken => broken_off(),
        code => named("sending", code),
    }
}

/// The host accepts no more bytes and gives no reason.
pub(crate) fn broken_off() -> Error {
    Error::Other("the connection was closed or reset".to_owned())
}

/// Errors of reading.
pub(crate) fn receiving(code: ErrorCode) -> Error {
    match code {
        ErrorCode::ConnectionReset | ErrorCode::ConnectionAborted | ErrorCode::ConnectionBroken => Error::Closed,
        ErrorCode::Timeout => Error::TimedOut,
        code => named("receiving", code),
    }
}

fn named(doing: &str, code: ErrorCode) -> Error {
    let name = match code {
        ErrorCode::AccessDenied => "access-denied",
        ErrorCode::NotSupported => "not-supported",
        ErrorCode::InvalidArgument => "invalid-argument",
        ErrorCode::OutOfMemory => "out-of-memory",
        ErrorCode::Timeout => "timeout",
        ErrorCode::InvalidState => "invalid-state",
        ErrorCode::AddressNotBindable => "address-not-bindable",
        ErrorCode::AddressInUse => "address-in-use",
        ErrorCode::RemoteUnreachable => "remote-unreachable",
        ErrorCode::ConnectionRefused => "connection-refused",
        ErrorCode::ConnectionBroken => "connection-broken",
        ErrorCode::ConnectionReset => "connection-reset",
        ErrorCode::ConnectionAborted => "connection-aborted",
        ErrorCode::DatagramTooLarge => "datagram-too-large",
        ErrorCode::Other(ref words) => words.as_deref().unwrap_or("other"),
    };
    Error::Other([doing, ": ", name].concat())
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorCode, LookUpCode, connecting, looking_up, receiving, sending};

    #[test]
    fn errors_of_connecting_have_their_case() {
        for (code, error) in [
            (ErrorCode::ConnectionRefused, Error::Refused),
            (ErrorCode::RemoteUnreachable, Error::Unreachable),
            (ErrorCode::NotSupported, Error::Unreachable),
            (ErrorCode::Timeout, Error::TimedOut),
            (ErrorCode::ConnectionReset, Error::Closed),
            (ErrorCode::AddressInUse, Error::Other("connecting: address-in-use".to_owned())),
            (ErrorCode::Other(Some("EMFILE".to_owned())), Error::Other("connecting: EMFILE".to_owned())),
            (ErrorCode::Other(None), Error::Other("connecting: other".to_owned())),
        ] {
            assert_eq!(format!("{:?}", connecting(code)), format!("{error:?}"));
        }
        assert!(matches!(connecting(ErrorCode::AccessDenied), Error::Denied(why) if why.contains("inherit-network")));
    }

    #[test]
    fn a_name_without_address_is_not_found_and_a_forbidden_lookup_is_denied() {
        for code in [LookUpCode::NameUnresolvable, LookUpCode::InvalidArgument] {
            assert!(matches!(looking_up("redis.example", code), Error::NameNotFound(name) if name == "redis.example"));
        }
        for code in [LookUpCode::AccessDenied, LookUpCode::PermanentResolverFailure] {
            assert!(matches!(looking_up("redis.example", code), Error::Denied(_)));
        }
        assert!(matches!(looking_up("redis.example", LookUpCode::TemporaryResolverFailure), Error::Other(_)));
    }

    #[test]
    fn a_reset_is_closed_for_a_read_and_never_for_a_write() {
        for code in [ErrorCode::ConnectionReset, ErrorCode::ConnectionAborted, ErrorCode::ConnectionBroken] {
            assert!(matches!(receiving(code.clone()), Error::Closed));
            assert!(matches!(sending(code), Error::Other(_)));
        }
    }
}
