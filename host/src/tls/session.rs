//! A TLS session over a socket. None of the calls here waits; the handshake does, by its runtime.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fd::{AsFd, BorrowedFd};
use rustls::ClientConnection;

use crate::error::Error;
use crate::runtime::{Deadline, Interest, Runtime};
use crate::stream;
use crate::tls::Tls;
use crate::tls::refusal::once_agreed;
use crate::transport::Transport;

/// How many bytes in a row a peer may send without data in them: tickets without end would hold a thread past every time
/// limit. The longest record has 16 KiB.
const MAX_WITHOUT_DATA: usize = 32 * 1024;

/// A session whose handshake is done.
pub(crate) struct Session {
    tls: Mutex<ClientConnection>,
    /// How many bytes have arrived since there was data in them.
    without_data: AtomicUsize,
}

/// Agrees upon TLS with the peer, whose certificate has to be valid for this host.
pub(crate) async fn handshake<R: Runtime>(
    tls: &Tls,
    host: &str,
    socket: R::Stream,
    deadline: Deadline,
) -> Result<Transport<R::Stream>, Error> {
    let mut session = tls.session(host)?;
    // The last word is the client's own.
    while session.is_handshaking() || session.wants_write() {
        let interest = if session.wants_write() { Interest::Write } else { Interest::Read };
        R::when_ready(&socket, interest, deadline, || go_on(&mut session, socket.as_fd())).await?;
    }
    Ok(Transport::tls(socket, Session { tls: Mutex::new(session), without_data: AtomicUsize::new(0) }))
}

/// Says what is to be said next, or hears it.
fn go_on(session: &mut ClientConnection, socket: BorrowedFd<'_>) -> io::Result<()> {
    if session.wants_write() {
        return emit(session, socket);
    }
    match absorb(session, socket)? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Sends a part of what is held.
fn emit(session: &mut ClientConnection, socket: BorrowedFd<'_>) -> io::Result<()> {
    match session.write_tls(&mut Bare(socket)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(error),
        // A peer that refuses doesn't always hear the end: why it refuses is what it said last.
        Err(error) => Err(last_words(session, socket).unwrap_or(error)),
    }
}

/// What the peer found wrong before it closed.
fn last_words(session: &mut ClientConnection, socket: BorrowedFd<'_>) -> Option<io::Error> {
    loop {
        match absorb(session, socket) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return (error.kind() == ErrorKind::InvalidData).then_some(error),
        }
    }
}

/// Takes up what has arrived at the socket, as it travels; 0 at its end.
fn absorb(session: &mut ClientConnection, socket: BorrowedFd<'_>) -> io::Result<usize> {
    let arrived = session.read_tls(&mut Bare(socket))?;
    if let Err(error) = session.process_new_packets() {
        // The peer is told, where it still listens.
        let _ = session.write_tls(&mut Bare(socket));
        return Err(io::Error::new(ErrorKind::InvalidData, error));
    }
    Ok(arrived)
}

impl Session {
    /// What the peer said as a part of TLS, such as session tickets, is no sign of anything.
    pub(crate) fn is_quiet(&self, socket: BorrowedFd<'_>) -> bool {
        let mut session = self.lock();
        loop {
            match session.process_new_packets() {
                Ok(state) if state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed() => {}
                _ => return false,
            }
            match self.absorb(&mut session, socket) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    pub(crate) fn receive_held(&self, buffer: &mut Vec<u8>, max: usize) -> Option<io::Result<usize>> {
        match self.take_held(&mut self.lock(), buffer, max) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            received => Some(received),
        }
    }

    pub(crate) fn receive(&self, socket: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let mut session = self.lock();
        loop {
            let room = buffer.capacity() - buffer.len();
            match self.take_held(&mut session, buffer, room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                received => return received,
            }
            // At its end the session knows whether the peer has closed or was cut off.
            self.absorb(&mut session, socket)?;
        }
    }

    pub(crate) fn send(&self, socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
        let mut session = self.lock();
        flush(&mut session, socket)?;
        if bytes.is_empty() {
            return Ok(0);
        }
        let taken = session.writer().write(bytes)?;
        match emit(&mut session, socket) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(once_agreed(error)),
            _ => Ok(taken),
        }
    }

    pub(crate) fn flush(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        flush(&mut self.lock(), socket)
    }

    /// Tells the peer that nothing more comes, so that it does not have to think that it was cut off.
    pub(crate) fn take_leave(&self, socket: BorrowedFd<'_>) {
        let mut session = self.lock();
        // What is still held belongs to a write that was given up.
        if !session.wants_write() {
            session.send_close_notify();
            let _ = session.write_tls(&mut Bare(socket));
        }
    }

    /// [`ErrorKind::WouldBlock`] where nothing is held, and 0 at the end of the stream.
    fn take_held(&self, session: &mut ClientConnection, buffer: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        let mut reader = session.reader();
        let held = reader.fill_buf()?;
        let taken = held.len().min(max);
        buffer.extend_from_slice(&held[..taken]);
        reader.consume(taken);
        self.without_data.store(0, Relaxed);
        Ok(taken)
    }

    fn absorb(&self, session: &mut ClientConnection, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let arrived = absorb(session, socket).map_err(once_agreed)?;
        if self.without_data.fetch_add(arrived, Relaxed) > MAX_WITHOUT_DATA {
            return Err(io::Error::other("TLS: the server sends no data"));
        }
        Ok(arrived)
    }

    fn lock(&self) -> MutexGuard<'_, ClientConnection> {
        // A session that was left half done says so at its next use.
        self.tls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn flush(session: &mut ClientConnection, socket: BorrowedFd<'_>) -> io::Result<()> {
    while session.wants_write() {
        emit(session, socket).map_err(once_agreed)?;
    }
    Ok(())
}

/// The socket that carries the session's records.
struct Bare<'a>(BorrowedFd<'a>);

impl Read for Bare<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        stream::receive_into(self.0, buffer)
    }
}

impl Write for Bare<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        stream::send(self.0, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
