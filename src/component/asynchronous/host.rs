//! The world around the component: its imports.

use super::bindings::{
    drsession::session::socket_async::{self as socket, Address, Connection, Timeouts},
    wasi::random::random,
};
use crate::redis::{self, Host, Joint, Socket, SocketError};

/// The component's imports.
pub(super) struct ComponentHost;

impl Host for ComponentHost {
    type Socket = Connection;
    type Link = Joint<Self>;

    async fn connect(
        &self,
        to: &redis::Address,
        timeouts: redis::Timeouts,
        state: &str,
    ) -> Result<Connection, SocketError> {
        let to = match to {
            redis::Address::Tcp(host, port) => Address::Tcp((host.clone(), *port)),
            redis::Address::Tls(host, port) => Address::Tls((host.clone(), *port)),
            redis::Address::Unix(path) => Address::Unix(path.clone()),
        };
        let redis::Timeouts { connect, answer } = timeouts;
        Ok(Connection::connect(to, Timeouts { connect, answer }, state.to_owned()).await?)
    }

    fn now(&self) -> u64 {
        socket::now()
    }

    async fn wait(&self, milliseconds: u32) {
        socket::wait(milliseconds).await;
    }

    fn random<const COUNT: usize>(&self) -> [u8; COUNT] {
        let mut bytes = [0; COUNT];
        // Panics where the host gives another number of bytes: an id that is not random would be worse than none.
        bytes.copy_from_slice(&random::get_random_bytes(COUNT as u64));
        bytes
    }
}

impl Socket for Connection {
    fn now(&self) -> u64 {
        socket::now()
    }

    fn reused(&self) -> bool {
        self.reused()
    }

    fn set_state(&self, state: &str) {
        self.set_state(state);
    }

    fn set_idle(&self) {
        self.set_idle();
    }

    async fn write(&self, bytes: &[u8]) -> Result<(), SocketError> {
        Ok(self.write(bytes.to_vec()).await?)
    }

    async fn read(&self, max: u32) -> Result<Vec<u8>, SocketError> {
        Ok(self.read(max).await?)
    }
}

impl From<socket::Error> for SocketError {
    fn from(error: socket::Error) -> Self {
        match error {
            socket::Error::NameNotFound(name) => SocketError::NameNotFound(name),
            socket::Error::Refused => SocketError::Refused,
            socket::Error::Unreachable => SocketError::Unreachable,
            socket::Error::TimedOut => SocketError::TimedOut,
            socket::Error::Closed => SocketError::Closed,
            socket::Error::Denied(why) => SocketError::Denied(why),
            socket::Error::Tls(why) => SocketError::Tls(why),
            socket::Error::Unsupported(why) => SocketError::Unsupported(why),
            socket::Error::Other(why) => SocketError::Other(why),
        }
    }
}
