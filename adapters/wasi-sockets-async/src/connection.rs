//! Reads and writes over one connection.

use std::cell::Cell;

use crate::bindings::exports::drsession::session::socket_async::Error;
use crate::bindings::wasi::sockets::types::TcpSocket;
use crate::bindings::wit_stream;
use crate::close_reason::CloseReason;
use crate::deadline::{Deadline, race};
use crate::incoming::Incoming;
use crate::outgoing::Outgoing;

/// The most bytes that one read asks for. Each read allocates this much, however little arrives.
const MAX_READ: u32 = 16 * 1024;

/// An open connection.
pub(crate) struct Connection {
    incoming: Incoming,
    outgoing: Outgoing,
    _socket: TcpSocket,
    /// In milliseconds.
    answer_limit: u32,
    idle: Cell<bool>,
    /// The server has closed the connection, or sent something unexpected while it was idle.
    stale: Cell<bool>,
}

impl Connection {
    pub(crate) fn new(socket: TcpSocket, answer_limit: u32) -> Self {
        let (input, received) = socket.receive();
        let (output, bytes) = wit_stream::new();
        let sent = socket.send(bytes);
        Self {
            incoming: Incoming::new(input, CloseReason::new(received)),
            outgoing: Outgoing::new(output, CloseReason::new(sent)),
            _socket: socket,
            answer_limit,
            idle: Cell::new(false),
            stale: Cell::new(false),
        }
    }

    pub(crate) fn set_idle(&self) {
        self.idle.set(true);
    }

    pub(crate) async fn write(&self, bytes: Vec<u8>) -> Result<(), Error> {
        if self.idle.take() && !self.incoming.is_reusable().await {
            self.stale.set(true);
        }
        if self.stale.get() {
            return Err(Error::Closed);
        }
        let result = Deadline::after(self.answer_limit).limit(self.outgoing.write(bytes)).await;
        if result.is_err() {
            self.outgoing.abandon();
        }
        result
    }

    /// While it waits, it also sends what a cancelled write has left: the answer it waits for may depend on it.
    pub(crate) async fn read(&self, max: u32) -> Result<Vec<u8>, Error> {
        let reading = race(self.incoming.read(size(max)), self.outgoing.send_leftovers());
        let bytes = Deadline::after(self.answer_limit).limit(reading).await?;
        if !bytes.is_empty() {
            // On an idle connection these bytes are unexpected. Only the caller can tell where they end, and mark it
            // idle again.
            self.idle.set(false);
        }
        Ok(bytes)
    }
}

fn size(max: u32) -> usize {
    max.clamp(1, MAX_READ) as usize
}
