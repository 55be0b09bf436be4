//! The asynchronous socket, for async components: many calls of one guest wait at the same time, on one connection too.
//!
//! The store has to be driven (`Store::run_concurrent`, `Func::call_async`) within a tokio runtime that has I/O and time
//! enabled.
//!
//! A call is cancelled when its future is dropped here. A read that had returned by then has not been cancelled, even where
//! the guest did not know yet: its bytes are the guest's. One that may cancel a read keeps it instead, and waits for it again.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Accessor, Linker, Resource};

use crate::bindings::concurrent::Connection;
use crate::bindings::concurrent::drsession::session::socket_async::{
    self as socket, Address, Error, Host, HostConnection, HostConnectionWithStore, HostWithStore, Timeouts,
};
use crate::outgoing::SharedConnection;
use crate::runtime::Runtime;
use crate::sockets::{HasSockets, SocketsContext, SocketsView};
use crate::tokio::Tokio;

/// Gives guests the import `drsession:session/socket-async`.
///
/// # Errors
///
/// The linker has that import already.
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
        let sockets = accessor.with(|mut access| access.get().of_guest())?;
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

/// The connection itself, so that nothing of the store is held while a call waits.
fn connection<T>(accessor: &Accessor<T, HasSockets>, this: &Resource<Connection>) -> wasmtime::Result<Connection> {
    accessor.with(|mut access| Ok(Arc::clone(access.get().table.get(this)?)))
}
