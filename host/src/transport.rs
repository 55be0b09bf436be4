//! A connection's transport: a socket, or TLS over a socket. No call here waits.

use std::io;

use rustix::fd::{AsFd, BorrowedFd};

use crate::pool::Reusable;
use crate::stream::{is_reusable, receive, send};
use crate::tls::Session;

/// A socket with an optional TLS session. Closed when dropped.
pub(crate) struct Transport<S: AsFd> {
    /// `None` only after the socket was moved out.
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

    /// Replaces the socket by what `map` makes of it.
    pub(crate) fn try_map<T: AsFd>(mut self, map: impl FnOnce(S) -> io::Result<T>) -> io::Result<Transport<T>> {
        let socket = self.socket.take().map(map).transpose()?;
        Ok(Transport { socket, tls: self.tls.take() })
    }

    pub(crate) fn socket(&self) -> &S {
        self.socket.as_ref().expect("the socket is present until it is moved out")
    }

    /// Whether the peer has neither closed nor sent anything that is still unread.
    pub(crate) fn is_reusable(&self) -> bool {
        match &self.tls {
            None => is_reusable(self.socket()),
            Some(session) => session.is_reusable(self.as_fd()),
        }
    }

    /// Appends up to `max` bytes that TLS has already decrypted. Returns `None` if it has decrypted none: the
    /// caller then reads the socket.
    pub(crate) fn read_buffered(&self, buffer: &mut Vec<u8>, max: usize) -> Option<io::Result<usize>> {
        self.tls.as_ref()?.read_buffered(buffer, max)
    }

    /// Appends what has arrived, up to the buffer's capacity. Returns the number of bytes, 0 at the end of the stream.
    pub(crate) fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match &self.tls {
            None => receive(self.socket(), buffer),
            Some(session) => session.receive(self.as_fd(), buffer),
        }
    }

    /// Accepts as many bytes as it can now, and returns their number. If it fails, it accepted none. TLS may buffer
    /// what it accepted until [`flush`](Self::flush) or the next `send`.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.tls {
            None => send(self.socket(), bytes),
            Some(session) => session.send(self.as_fd(), bytes),
        }
    }

    /// Passes what TLS has buffered to the operating system.
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

impl<S: AsFd> Reusable for Transport<S> {
    fn is_reusable(&self) -> bool {
        self.is_reusable()
    }
}

impl<S: AsFd> Drop for Transport<S> {
    fn drop(&mut self) {
        if let (Some(socket), Some(session)) = (&self.socket, &self.tls) {
            session.send_close_notify(socket.as_fd());
        }
    }
}
