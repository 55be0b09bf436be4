//! A connected socket, and non-blocking calls on it.
//!
//! These are system calls, not calls of a runtime: a runtime's view of a socket is only as fresh as its last poll, and
//! it would miss a close that has just arrived.

use std::io;
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;

use rustix::buffer::spare_capacity;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendFlags};

/// A socket that belongs to no runtime. It is non-blocking, so either flavour can use it.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

#[cfg(unix)]
impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Self::Unix(stream)
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            #[cfg(unix)]
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

/// Whether the peer has neither closed nor sent anything that is still unread.
pub(crate) fn is_reusable(socket: impl AsFd) -> bool {
    let mut byte = [0; 1];
    let found = retry_on_intr(|| rustix::net::recv(&socket, &mut byte, RecvFlags::PEEK | DONT_WAIT));
    matches!(found, Err(Errno::AGAIN))
}

/// Appends what has arrived, up to the buffer's capacity. Returns the number of bytes, 0 at the end of the stream.
pub(crate) fn receive(socket: impl AsFd, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let (received, _) = retry_on_intr(|| rustix::net::recv(&socket, spare_capacity(buffer), DONT_WAIT))?;
    Ok(received)
}

/// Like [`receive`], but overwrites the buffer.
pub(crate) fn receive_into(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let (received, _) = retry_on_intr(|| rustix::net::recv(&socket, &mut *buffer, DONT_WAIT))?;
    Ok(received)
}

/// Sends as much as the operating system accepts now.
pub(crate) fn send(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| rustix::net::send(&socket, bytes, NO_SIGNAL))?)
}

#[cfg(not(windows))]
const DONT_WAIT: RecvFlags = RecvFlags::DONTWAIT;
#[cfg(windows)]
const DONT_WAIT: RecvFlags = RecvFlags::empty();

/// Makes a closed peer an error, not a signal that ends the process. Systems without this flag have a socket option,
/// which the standard library sets.
#[cfg(not(any(windows, target_vendor = "apple")))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
#[cfg(any(windows, target_vendor = "apple"))]
const NO_SIGNAL: SendFlags = SendFlags::empty();
