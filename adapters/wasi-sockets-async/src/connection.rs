//! Sending and receiving over one connection.

use std::cell::Cell;

use crate::bindings::exports::drsession::session::socket_async::Error;
use crate::bindings::wasi::sockets::types::TcpSocket;
use crate::bindings::wit_stream;
use crate::deadline::{Deadline, first};
use crate::ending::Ending;
use crate::incoming::Incoming;
use crate::outgoing::Outgoing;

/// What one read asks for at most: so much memory is taken each time, whatever comes.
const MAX_READ: u32 = 16 * 1024;

/// An open connection.
pub(crate) struct Connection {
    incoming: Incoming,
    outgoing: Outgoing,
    _socket: TcpSocket,
    /// Milliseconds.
    answer_limit: u32,
    idle: Cell<bool>,
    /// The peer was seen to have closed, or to have sent what nobody asked for.
    stale: Cell<bool>,
}

impl Connection {
    pub(crate) fn new(socket: TcpSocket, answer_limit: u32) -> Self {
        let (input, received) = socket.receive();
        let (output, bytes) = wit_stream::new();
        let sent = socket.send(bytes);
        Self {
            incoming: Incoming::new(input, Ending::new(received)),
            outgoing: Outgoing::new(output, Ending::new(sent)),
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
        if self.idle.take() && !self.incoming.is_quiet().await {
            self.stale.set(true);
        }
        if self.stale.get() {
            return Err(Error::Closed);
        }
        let result = Deadline::after(self.answer_limit).limit(self.outgoing.write(bytes)).await;
        if result.is_err() {
            self.outgoing.give_up();
        }
        result
    }

    /// While it waits it also sends what a write that was cancelled has left: what it waits for may be the answer to
    /// that.
    pub(crate) async fn read(&self, max: u32) -> Result<Vec<u8>, Error> {
        let reading = first(self.incoming.read(size(max)), self.outgoing.send_what_is_left());
        let bytes = Deadline::after(self.answer_limit).limit(reading).await?;
        if !bytes.is_empty() {
            // Bytes for which nobody had asked: where they end, only who reads them can tell, by marking it anew.
            self.idle.set(false);
        }
        Ok(bytes)
    }
}

fn size(max: u32) -> usize {
    max.clamp(1, MAX_READ) as usize
}
