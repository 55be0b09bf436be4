//! A connected socket, and the calls on it that never wait.
//!
//! The calls go to the operating system directly, not through a runtime: what a runtime believes about a socket is only
//! as fresh as its last turn, and a close that has just arrived would be missed.

use std::io;
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;

use rustix::buffer::spare_capacity;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendFlags};

/// A socket that belongs to no runtime. It is in non-blocking mode, so that either flavour can take it up.
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

/// Whether the peer is still there and nothing of what it sent is unread.
pub(crate) fn is_quiet(socket: impl AsFd) -> bool {
    let mut byte = [0; 1];
    let found = retry_on_intr(|| rustix::net::recv(&socket, &mut byte, RecvFlags::PEEK | DONT_WAIT));
    matches!(found, Err(Errno::AGAIN))
}

/// Appends what has arrived to the buffer, as far as it has room; returns how much that was, 0 at the end of the stream.
pub(crate) fn receive(socket: impl AsFd, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let (received, _) = retry_on_intr(|| rustix::net::recv(&socket, spare_capacity(buffer), DONT_WAIT))?;
    Ok(received)
}

/// The same for a buffer that holds something already, which is written over.
pub(crate) fn receive_into(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let (received, _) = retry_on_intr(|| rustix::net::recv(&socket, &mut *buffer, DONT_WAIT))?;
    Ok(received)
}

/// Sends as much as the operating system takes now.
pub(crate) fn send(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| rustix::net::send(&socket, bytes, NO_SIGNAL))?)
}

#[cfg(not(windows))]
const DONT_WAIT: RecvFlags = RecvFlags::DONTWAIT;
#[cfg(windows)]
const DONT_WAIT: RecvFlags = RecvFlags::empty();

/// A peer that has closed is an error to return, not a signal that ends the process. Where there is no such flag, the
/// standard library has set the socket up that way.
#[cfg(not(any(windows, target_vendor = "apple")))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
#[cfg(any(windows, target_vendor = "apple"))]
const NO_SIGNAL: SendFlags = SendFlags::empty();
