//! TLS within a TCP connection: its place, until it is built.

use crate::error::Error;

pub(crate) fn unsupported() -> Error {
    Error::Unsupported(
        "this host has no TLS: use a plain TCP address of a TLS tunnel on this machine, such as stunnel".into(),
    )
}
