//! The host of the core, as the component's imports provide it.

use super::{
    imports::{self, Connection, Timeouts},
    socket::{address, random_bytes},
};
use crate::redis::{self, Address, Dedicated, Host, Socket, SocketError};

/// Calls the component's imports.
pub(super) struct ComponentHost;

impl Host for ComponentHost {
    type Socket = Connection;
    type Strategy = Dedicated;

    async fn connect(&self, to: &Address, timeouts: redis::Timeouts, state: &str) -> Result<Connection, SocketError> {
        let redis::Timeouts { connect, answer } = timeouts;
        Ok(Connection::connect(&address(to), Timeouts { connect, answer }, state)?)
    }

    fn now(&self) -> u64 {
        imports::now()
    }

    async fn wait(&self, milliseconds: u32) {
        imports::wait(milliseconds);
    }

    fn random<const COUNT: usize>(&self) -> [u8; COUNT] {
        random_bytes()
    }
}

impl Socket for Connection {
    fn now(&self) -> u64 {
        imports::now()
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
        Ok(self.write(bytes)?)
    }

    async fn read(&self, max: u32) -> Result<Vec<u8>, SocketError> {
        Ok(self.read(max)?)
    }
}
