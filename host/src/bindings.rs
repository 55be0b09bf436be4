//! Bindings that wasmtime generates from the contract, one set per flavour.

use std::time::Duration;

use crate::address::Address;
use crate::connection::Timeouts;
use crate::error::Error;

/// For stores that are driven without async.
pub(crate) mod blocking {
    #![allow(clippy::all, missing_docs, unreachable_pub, unsafe_code, reason = "generated")]

    /// The value behind a guest's handle.
    pub type Connection = crate::connection::Connection<crate::runtime::Blocking>;

    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package drsession:host; world host { import drsession:session/socket@0.1.0; }",
        world: "drsession:host/host",
        imports: { default: trappable },
        with: { "drsession:session/socket.connection": crate::bindings::blocking::Connection },
    });
}

/// For async stores.
pub(crate) mod tokio {
    #![allow(clippy::all, missing_docs, unreachable_pub, unsafe_code, reason = "generated")]

    /// The value behind a guest's handle.
    pub type Connection = crate::connection::Connection<crate::runtime::Tokio>;

    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package drsession:host; world host { import drsession:session/socket@0.1.0; }",
        world: "drsession:host/host",
        imports: { default: async | trappable },
        with: { "drsession:session/socket.connection": crate::bindings::tokio::Connection },
    });
}

/// For async components: calls that wait concurrently.
pub(crate) mod concurrent {
    #![allow(clippy::all, missing_docs, unreachable_pub, unsafe_code, reason = "generated")]

    /// The value behind a guest's handle.
    pub type Connection = std::sync::Arc<crate::outgoing::SharedConnection>;

    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package drsession:host; world host { import drsession:session/socket-async@0.1.0; }",
        world: "drsession:host/host",
        imports: { default: trappable },
        with: { "drsession:session/socket-async.connection": crate::bindings::concurrent::Connection },
    });
}

/// Converts between our types and the generated ones, which differ between the flavours only in their path.
macro_rules! translate {
    ($socket:path) => {
        const _: () = {
            use $socket as socket;

            impl From<socket::Address> for Address {
                fn from(address: socket::Address) -> Self {
                    match address {
                        socket::Address::Tcp((host, port)) => Self::Tcp { host, port },
                        socket::Address::Tls((host, port)) => Self::Tls { host, port },
                        socket::Address::Unix(path) => Self::Unix { path },
                    }
                }
            }

            impl From<socket::Timeouts> for Timeouts {
                fn from(timeouts: socket::Timeouts) -> Self {
                    Self {
                        connect: Duration::from_millis(timeouts.connect.into()),
                        answer: Duration::from_millis(timeouts.answer.into()),
                    }
                }
            }

            impl From<Error> for socket::Error {
                fn from(error: Error) -> Self {
                    match error {
                        Error::NameNotFound(name) => Self::NameNotFound(name),
                        Error::Refused => Self::Refused,
                        Error::Unreachable => Self::Unreachable,
                        Error::TimedOut => Self::TimedOut,
                        Error::Closed => Self::Closed,
                        Error::Denied(why) => Self::Denied(why),
                        Error::Tls(why) => Self::Tls(why),
                        Error::Unsupported(instead) => Self::Unsupported(instead),
                        Error::Other(what) => Self::Other(what),
                    }
                }
            }
        };
    };
}

translate!(crate::bindings::blocking::drsession::session::socket);
translate!(crate::bindings::tokio::drsession::session::socket);
translate!(crate::bindings::concurrent::drsession::session::socket_async);
