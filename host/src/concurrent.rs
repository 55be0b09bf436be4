//! The asynchronous socket, for async components: many calls of one guest may wait at once, also on one connection.
//!
//! The store has to be driven (`Store::run_concurrent`, `Func::call_async`) within a tokio runtime that has I/O and
//! time enabled.
//!
//! Dropping a call's future cancels the call. A read that has already returned can no longer be cancelled, even if the
//! guest has not seen its result: the bytes are taken from the stream. A guest that must not lose them keeps the read
//! and waits for it again.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Accessor, Linker, Resource};

use crate::bindings::concurrent::Connection;
use crate::bindings::concurrent::drsession::session::socket_async::{
    self as socket, Address, Error, Host, HostConnection, HostConnectionWithStore, HostWithStore, Timeouts,
};
use crate::outgoing::SharedConnection;
use crate::runtime::Runtime;
use crate::runtime::Tokio;
use crate::sockets::{HasSockets, SocketsContext, SocketsView};

/// Adds the import `drsession:session/socket-async` to the linker.
///
/// # Errors
///
/// Fails if the linker already has that import.
pub fn add_to_linker<T: SocketsContext + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    socket::add_to_linker::<T, HasSockets>(linker, T::sockets)
}

impl Host for SocketsView<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.sockets.now())
    }
}

impl<T: Send> HostWithStore<T> for HasSockets {
    async fn wait(_: &Accessor<T, Self>, milliseconds: u32) -> wasmtime::Result<()> {
        Tokio::sleep(Duration::from_millis(milliseconds.into())).await;
        Ok(())
    }
}

impl HostConnection for SocketsView<'_> {
    fn reused(&mut self, this: Resource<Connection>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.reused())
    }

    fn set_state(&mut self, this: Resource<Connection>, state: String) -> wasmtime::Result<()> {
        self.table.get(&this)?.set_state(state);
        Ok(())
    }

    fn set_idle(&mut self, this: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.get(&this)?.set_idle();
        Ok(())
    }

    fn drop(&mut self, this: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionWithStore<T> for HasSockets {
    async fn connect(
        accessor: &Accessor<T, Self>,
        to: Address,
        timeouts: Timeouts,
        state: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let sockets = accessor.with(|mut access| access.get().for_guest())?;
        match crate::connection::Connection::connect(&sockets, to.into(), timeouts.into(), state).await {
            Ok(connection) => {
                let connection = Arc::new(SharedConnection::new(connection));
                Ok(Ok(accessor.with(|mut access| access.get().table.push(connection))?))
            }
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn write(
        accessor: &Accessor<T, Self>,
        this: Resource<Connection>,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        Ok(connection(accessor, &this)?.write(bytes).await.map_err(Error::from))
    }

    async fn read(
        accessor: &Accessor<T, Self>,
        this: Resource<Connection>,
        max: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        Ok(connection(accessor, &this)?.read(max).await.map_err(Error::from))
    }
}

/// Clones the connection out of the table, so that a waiting call does not borrow the store.
fn connection<T>(accessor: &Accessor<T, HasSockets>, this: &Resource<Connection>) -> wasmtime::Result<Connection> {
    accessor.with(|mut access| Ok(Arc::clone(access.get().table.get(this)?)))
}
