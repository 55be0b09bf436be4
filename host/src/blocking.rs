//! The socket for stores that are driven without async: a guest's call blocks its thread until it is done.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use wasmtime::component::{Linker, Resource};

use crate::bindings::blocking::Connection;
use crate::bindings::blocking::drsession::session::socket::{self, Address, Error, Host, HostConnection, Timeouts};
use crate::runtime::{Blocking, Deadline, Interest, Runtime};
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
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.sockets.now())
    }

    fn wait(&mut self, milliseconds: u32) -> wasmtime::Result<()> {
        complete(Blocking::sleep(Duration::from_millis(milliseconds.into())));
        Ok(())
    }
}

impl HostConnection for SocketsView<'_> {
    fn connect(
        &mut self,
        to: Address,
        timeouts: Timeouts,
        state: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let sockets = self.for_guest()?;
        match complete(Connection::connect(&sockets, to.into(), timeouts.into(), state)) {
            Ok(connection) => Ok(Ok(self.table.push(connection)?)),
            Err(error) => Ok(Err(error.into())),
        }
    }

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

    fn write(&mut self, this: Resource<Connection>, bytes: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        Ok(complete(self.table.get(&this)?.write(&bytes)).map_err(Error::from))
    }

    fn read(&mut self, this: Resource<Connection>, max: u32) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        Ok(complete(self.table.get(&this)?.read(max)).map_err(Error::from))
    }

    fn drop(&mut self, this: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

/// Runs a future of this flavour. It blocks inside its calls, so it is ready when first polled.
pub(crate) fn complete<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("a blocking future is ready when first polled"),
    }
}

impl Runtime for Blocking {
    type Stream = Stream;

    fn register(stream: Stream) -> io::Result<Stream> {
        Ok(stream)
    }

    fn unregister(stream: Stream) -> io::Result<Stream> {
        Ok(stream)
    }

    async fn connect(address: SocketAddr, deadline: Deadline) -> io::Result<Stream> {
        let left = deadline.left();
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        let stream = TcpStream::connect_timeout(&address, left)?;
        stream.set_nonblocking(true)?;
        Ok(stream.into())
    }

    async fn when_ready<T>(
        stream: &Stream,
        interest: Interest,
        deadline: Deadline,
        mut operation: impl FnMut() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        let flags = match interest {
            Interest::Read => PollFlags::IN,
            Interest::Write => PollFlags::OUT,
        };
        loop {
            let left = Timespec::try_from(deadline.left()).map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(stream, flags)], Some(&left)) {
                Ok(0) => return Err(ErrorKind::TimedOut.into()),
                Ok(_) => match operation() {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    result => return result,
                },
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn on_thread<T: Send + 'static>(
        deadline: Deadline,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        thread::Builder::new().name("drsession-host".into()).spawn(move || {
            // The receiver is gone if the time limit has passed.
            let _ = sender.send(operation());
        })?;
        receiver.recv_timeout(deadline.left()).map_err(|_| ErrorKind::TimedOut.into())
    }

    async fn sleep(duration: Duration) {
        thread::sleep(duration);
    }
}
