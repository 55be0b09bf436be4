//! A TLS session over a socket. No call here waits, except the handshake, which waits through its runtime.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fd::{AsFd, BorrowedFd};
use rustls::ClientConnection;

use crate::error::Error;
use crate::runtime::{Deadline, Interest, Runtime};
use crate::stream;
use crate::tls::Tls;
use crate::tls::refusal::after_handshake;
use crate::transport::Transport;

/// The most bytes that a peer may send in a row without any data in them. Endless session tickets would otherwise keep
/// a thread busy past every time limit. The longest record has 16 KiB.
const MAX_WITHOUT_DATA: usize = 32 * 1024;

/// A session after its handshake.
pub(crate) struct Session {
    tls: Mutex<ClientConnection>,
    /// The number of bytes received since the last data.
    without_data: AtomicUsize,
}

/// Performs the TLS handshake. The peer's certificate must be valid for this host.
pub(crate) async fn handshake<R: Runtime>(
    tls: &Tls,
    host: &str,
    socket: R::Stream,
    deadline: Deadline,
) -> Result<Transport<R::Stream>, Error> {
    let mut session = tls.session(host)?;
    // The client sends the last message of the handshake.
    while session.is_handshaking() || session.wants_write() {
        let interest = if session.wants_write() { Interest::Write } else { Interest::Read };
        R::when_ready(&socket, interest, deadline, || drive_handshake(&mut session, socket.as_fd())).await?;
    }
    Ok(Transport::tls(socket, Session { tls: Mutex::new(session), without_data: AtomicUsize::new(0) }))
}

/// Sends or receives the next part of the handshake.
fn drive_handshake(session: &mut ClientConnection, socket: BorrowedFd<'_>) -> io::Result<()> {
    if session.wants_write() {
        return write_records(session, socket);
    }
    match read_records(session, socket)? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Sends buffered records, as many as the operating system accepts.
fn write_records(session: &mut ClientConnection, socket: BorrowedFd<'_>) -> io::Result<()> {
    match session.write_tls(&mut RawSocket(socket)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(error),
        // A peer that refuses may close while we still write. Its alert says why it refuses.
        Err(error) => Err(received_alert(session, socket).unwrap_or(error)),
    }
}

/// Looks for an alert that the peer sent before it closed.
fn received_alert(session: &mut ClientConnection, socket: BorrowedFd<'_>) -> Option<io::Error> {
    loop {
        match read_records(session, socket) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return (error.kind() == ErrorKind::InvalidData).then_some(error),
        }
    }
}

/// Receives encrypted records. Returns the number of bytes, 0 at the end of the stream.
fn read_records(session: &mut ClientConnection, socket: BorrowedFd<'_>) -> io::Result<usize> {
    let arrived = session.read_tls(&mut RawSocket(socket))?;
    if let Err(error) = session.process_new_packets() {
        // Send our alert, if the peer still listens.
        let _ = session.write_tls(&mut RawSocket(socket));
        return Err(io::Error::new(ErrorKind::InvalidData, error));
    }
    Ok(arrived)
}

impl Session {
    /// Like [`stream::is_reusable`], but ignores records without data, such as session tickets.
    pub(crate) fn is_reusable(&self, socket: BorrowedFd<'_>) -> bool {
        let mut session = self.lock();
        loop {
            match session.process_new_packets() {
                Ok(state) if state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed() => {}
                _ => return false,
            }
            match self.read_records(&mut session, socket) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    pub(crate) fn read_buffered(&self, buffer: &mut Vec<u8>, max: usize) -> Option<io::Result<usize>> {
        match self.take_plaintext(&mut self.lock(), buffer, max) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            received => Some(received),
        }
    }

    pub(crate) fn receive(&self, socket: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let mut session = self.lock();
        loop {
            let room = buffer.capacity() - buffer.len();
            match self.take_plaintext(&mut session, buffer, room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                received => return received,
            }
            // At the end of the stream the session tells a close from a cut connection.
            self.read_records(&mut session, socket)?;
        }
    }

    pub(crate) fn send(&self, socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
        let mut session = self.lock();
        flush(&mut session, socket)?;
        if bytes.is_empty() {
            return Ok(0);
        }
        let taken = session.writer().write(bytes)?;
        match write_records(&mut session, socket) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(after_handshake(error)),
            _ => Ok(taken),
        }
    }

    pub(crate) fn flush(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        flush(&mut self.lock(), socket)
    }

    /// Sends TLS's close message, so that the peer can tell a close from a cut connection.
    pub(crate) fn send_close_notify(&self, socket: BorrowedFd<'_>) {
        let mut session = self.lock();
        // Buffered records belong to a write that failed.
        if !session.wants_write() {
            session.send_close_notify();
            let _ = session.write_tls(&mut RawSocket(socket));
        }
    }

    /// Fails with [`ErrorKind::WouldBlock`] if no decrypted data is buffered. Returns 0 at the end of the stream.
    fn take_plaintext(&self, session: &mut ClientConnection, buffer: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        let mut reader = session.reader();
        let held = reader.fill_buf()?;
        let taken = held.len().min(max);
        buffer.extend_from_slice(&held[..taken]);
        reader.consume(taken);
        self.without_data.store(0, Relaxed);
        Ok(taken)
    }

    fn read_records(&self, session: &mut ClientConnection, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let arrived = read_records(session, socket).map_err(after_handshake)?;
        if self.without_data.fetch_add(arrived, Relaxed) > MAX_WITHOUT_DATA {
            return Err(io::Error::other("TLS: the server sends records without data"));
        }
        Ok(arrived)
    }

    fn lock(&self) -> MutexGuard<'_, ClientConnection> {
        // A session that a panic left broken reports that itself.
        self.tls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn flush(session: &mut ClientConnection, socket: BorrowedFd<'_>) -> io::Result<()> {
    while session.wants_write() {
        write_records(session, socket).map_err(after_handshake)?;
    }
    Ok(())
}

/// The socket below TLS.
struct RawSocket<'a>(BorrowedFd<'a>);

impl Read for RawSocket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        stream::receive_into(self.0, buffer)
    }
}

impl Write for RawSocket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        stream::send(self.0, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
