//! What a connection's bytes travel through: a socket, or TLS within it. None of the calls here waits.

use std::io;

use rustix::fd::{AsFd, BorrowedFd};

use crate::pool::Quiet;
use crate::stream::{is_quiet, receive, send};
use crate::tls::Session;

/// A socket, and the TLS session within it where there is one. Dropped, it is closed.
pub(crate) struct Transport<S: AsFd> {
    /// None only while the socket is moved elsewhere.
    socket: Option<S>,
    tls: Option<Box<Session>>,
}

impl<S: AsFd> Transport<S> {
    pub(crate) fn plain(socket: S) -> Self {
        Self { socket: Some(socket), tls: None }
    }

    pub(crate) fn tls(socket: S, session: Session) -> Self {
        Self { socket: Some(socket), tls: Some(Box::new(session)) }
    }

    /// The same with the socket made into another one.
    pub(crate) fn try_map<T: AsFd>(mut self, map: impl FnOnce(S) -> io::Result<T>) -> io::Result<Transport<T>> {
        let socket = self.socket.take().map(map).transpose()?;
        Ok(Transport { socket, tls: self.tls.take() })
    }

    pub(crate) fn socket(&self) -> &S {
        self.socket.as_ref().expect("the socket is there until it is moved elsewhere")
    }

    /// Whether the peer is still there and nothing of what it sent is unread.
    pub(crate) fn is_quiet(&self) -> bool {
        match &self.tls {
            None => is_quiet(self.socket()),
            Some(session) => session.is_quiet(self.as_fd()),
        }
    }

    /// Appends what was received before and not asked for then, but no more than `max`; none where the socket has to be
    /// asked.
    pub(crate) fn receive_held(&self, buffer: &mut Vec<u8>, max: usize) -> Option<io::Result<usize>> {
        self.tls.as_ref()?.receive_held(buffer, max)
    }

    /// Appends what has arrived to the buffer, as far as it has room; returns how much that was, 0 at the end of the
    /// stream.
    pub(crate) fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match &self.tls {
            None => receive(self.socket(), buffer),
            Some(session) => session.receive(self.as_fd(), buffer),
        }
    }

    /// Takes as many of the bytes as there is room for now. An error says that it took none. TLS may still hold what it
    /// took: that leaves with [`flush`](Self::flush), or with what is sent next.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.tls {
            None => send(self.socket(), bytes),
            Some(session) => session.send(self.as_fd(), bytes),
        }
    }

    /// Hands what was taken and is still held to the operating system.
    pub(crate) fn flush(&self) -> io::Result<()> {
        match &self.tls {
            None => Ok(()),
            Some(session) => session.flush(self.as_fd()),
        }
    }
}

impl<S: AsFd> AsFd for Transport<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl<S: AsFd> Quiet for Transport<S> {
    fn is_quiet(&self) -> bool {
        self.is_quiet()
    }
}

impl<S: AsFd> Drop for Transport<S> {
    fn drop(&mut self) {
        if let (Some(socket), Some(session)) = (&self.socket, &self.tls) {
            session.take_leave(socket.as_fd());
        }
    }
}
