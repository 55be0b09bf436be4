//! The socket for async stores: while one guest waits, its thread can serve others.
//!
//! The store must be driven within a tokio runtime that has I/O and time enabled.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use ::tokio::io::Interest as TokioInterest;
use ::tokio::net::TcpStream;
#[cfg(unix)]
use ::tokio::net::UnixStream;
use ::tokio::task::spawn_blocking;
use ::tokio::time::{sleep, timeout_at};
use rustix::fd::{AsFd, BorrowedFd};
use wasmtime::component::{Linker, Resource};

use crate::bindings::tokio::Connection;
use crate::bindings::tokio::drsession::session::socket::{self, Address, Error, Host, HostConnection, Timeouts};
use crate::runtime::{Deadline, Interest, Runtime, Tokio};
use crate::sockets::{HasSockets, SocketsContext, SocketsView};
use crate::stream::Stream;

/// Adds the import `drsession:session/socket` to the linker.
///
/// # Errors
///
/// Fails if the linker already has that import.
pub fn add_to_linker<T: SocketsContext + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    socket::add_to_linker::<T, HasSockets>(linker, T::sockets)
}

impl Host for SocketsView<'_> {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.sockets.now())
    }

    async fn wait(&mut self, milliseconds: u32) -> wasmtime::Result<()> {
        Tokio::sleep(Duration::from_millis(milliseconds.into())).await;
        Ok(())
    }
}

impl HostConnection for SocketsView<'_> {
    async fn connect(
        &mut self,
        to: Address,
        timeouts: Timeouts,
        state: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let sockets = self.for_guest()?;
        match Connection::connect(&sockets, to.into(), timeouts.into(), state).await {
            Ok(connection) => Ok(Ok(self.table.push(connection)?)),
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn reused(&mut self, this: Resource<Connection>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.reused())
    }

    async fn set_state(&mut self, this: Resource<Connection>, state: String) -> wasmtime::Result<()> {
        self.table.get(&this)?.set_state(state);
        Ok(())
    }

    async fn set_idle(&mut self, this: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.get(&this)?.set_idle();
        Ok(())
    }

    async fn write(&mut self, this: Resource<Connection>, bytes: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.table.get(&this)?.write(&bytes).await.map_err(Error::from))
    }

    async fn read(&mut self, this: Resource<Connection>, max: u32) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        Ok(self.table.get(&this)?.read(max).await.map_err(Error::from))
    }

    async fn drop(&mut self, this: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

/// A stream attached to a tokio runtime.
pub(crate) enum Watched {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            #[cfg(unix)]
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Runtime for Tokio {
    type Stream = Watched;

    fn register(stream: Stream) -> io::Result<Watched> {
        Ok(match stream {
            Stream::Tcp(stream) => Watched::Tcp(TcpStream::from_std(stream)?),
            #[cfg(unix)]
            Stream::Unix(stream) => Watched::Unix(UnixStream::from_std(stream)?),
        })
    }

    fn unregister(stream: Watched) -> io::Result<Stream> {
        Ok(match stream {
            Watched::Tcp(stream) => stream.into_std()?.into(),
            #[cfg(unix)]
            Watched::Unix(stream) => stream.into_std()?.into(),
        })
    }

    async fn connect(address: SocketAddr, deadline: Deadline) -> io::Result<Watched> {
        within(deadline, TcpStream::connect(address)).await?.map(Watched::Tcp)
    }

    async fn when_ready<T>(
        stream: &Watched,
        interest: Interest,
        deadline: Deadline,
        operation: impl FnMut() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        let interest = match interest {
            Interest::Read => TokioInterest::READABLE,
            Interest::Write => TokioInterest::WRITABLE,
        };
        match stream {
            Watched::Tcp(stream) => within(deadline, stream.async_io(interest, operation)).await?,
            #[cfg(unix)]
            Watched::Unix(stream) => within(deadline, stream.async_io(interest, operation)).await?,
        }
    }

    async fn on_thread<T: Send + 'static>(
        deadline: Deadline,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        within(deadline, spawn_blocking(operation)).await?.map_err(io::Error::other)
    }

    async fn sleep(duration: Duration) {
        sleep(duration).await;
    }
}

async fn within<T>(deadline: Deadline, future: impl Future<Output = T>) -> io::Result<T> {
    timeout_at(deadline.0.into(), future).await.map_err(|_| ErrorKind::TimedOut.into())
}
