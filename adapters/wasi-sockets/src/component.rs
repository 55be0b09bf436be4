//! The component's exports.

use crate::bindings::exports::drsession::session::socket::{self as contract, Address, Error, Guest, GuestConnection};
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::connection::Connection;
use crate::deadline::{Deadline, NANOSECONDS_PER_MILLISECOND};
use crate::dial::dial;

struct Adapter;

impl Guest for Adapter {
    type Connection = Connection;

    fn now() -> u64 {
        monotonic_clock::now() / NANOSECONDS_PER_MILLISECOND
    }

    fn wait(milliseconds: u32) {
        monotonic_clock::subscribe_duration(u64::from(milliseconds) * NANOSECONDS_PER_MILLISECOND).block();
    }
}

impl GuestConnection for Connection {
    /// Always opens a new connection, in the empty state: connections do not outlive their instance.
    fn connect(to: Address, timeouts: contract::Timeouts, _: String) -> Result<contract::Connection, Error> {
        let (host, port) = match to {
            Address::Tcp(host_and_port) => host_and_port,
            Address::Tls(_) => return Err(Error::Unsupported(NO_TLS.to_owned())),
            Address::Unix(_) => return Err(Error::Unsupported(NO_UNIX_SOCKETS.to_owned())),
        };
        let stream = dial(&host, port, Deadline::after(timeouts.connect))?;
        Ok(contract::Connection::new(Connection::new(stream, timeouts.answer)))
    }

    fn reused(&self) -> bool {
        false
    }

    fn set_state(&self, _: String) {}

    fn set_idle(&self) {
        self.set_idle();
    }

    fn write(&self, bytes: Vec<u8>) -> Result<(), Error> {
        self.write(&bytes)
    }

    fn read(&self, max: u32) -> Result<Vec<u8>, Error> {
        self.read(max)
    }
}

const NO_TLS: &str = "wasi:sockets has no TLS: use the plain TCP address (redis://) of a TLS tunnel next to the \
                      application, such as stunnel, or of a Redis on a private network";
const NO_UNIX_SOCKETS: &str = "wasi:sockets has no Unix sockets: use a TCP address (redis://host:port)";

/// The exported functions. Native linkers reject their names.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, unreachable_pub, reason = "generated")]
mod export {
    use super::Adapter;

    crate::bindings::export!(Adapter with_types_in crate::bindings);
}
