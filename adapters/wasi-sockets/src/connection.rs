//! Reads and writes over one connection.

use std::cell::Cell;

use crate::bindings::exports::drsession::session::socket::Error;
use crate::bindings::wasi::io::poll::Pollable;
use crate::bindings::wasi::io::streams::StreamError;
use crate::deadline::Deadline;
use crate::dial::Stream;
use crate::error;

/// The most bytes that one read asks for. The host zeroes this much each time, however little arrives.
const MAX_READ: u32 = 16 * 1024;

/// An open connection. WASI requires the fields to be dropped in this order.
pub(crate) struct Connection {
    readable: Pollable,
    writable: Pollable,
    stream: Stream,
    /// In milliseconds.
    answer_limit: u32,
    idle: Cell<bool>,
    /// The server has closed the connection, or sent something unexpected while it was idle.
    stale: Cell<bool>,
}

impl Connection {
    pub(crate) fn new(stream: Stream, answer_limit: u32) -> Self {
        Self {
            readable: stream.input.subscribe(),
            writable: stream.output.subscribe(),
            stream,
            answer_limit,
            idle: Cell::new(false),
            stale: Cell::new(false),
        }
    }

    pub(crate) fn set_idle(&self) {
        self.idle.set(true);
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        if self.idle.take() && !self.is_reusable() {
            self.stale.set(true);
        }
        if self.stale.get() {
            return Err(Error::Closed);
        }
        let deadline = Deadline::after(self.answer_limit);
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.wait_for_room(deadline)?;
            let (now, later) = rest.split_at(rest.len().min(room));
            self.stream.output.write(now).map_err(error::broken)?;
            rest = later;
        }
        self.stream.output.flush().map_err(error::broken)?;
        self.wait_for_room(deadline)?;
        Ok(())
    }

    /// Whether the server has neither closed nor sent anything. A read of zero bytes would not report the end.
    fn is_reusable(&self) -> bool {
        self.stream.input.read(1).is_ok_and(|bytes| bytes.is_empty())
    }

    /// Waits until bytes may be written, and returns how many. After a flush, waits until all earlier bytes are sent.
    fn wait_for_room(&self, deadline: Deadline) -> Result<usize, Error> {
        deadline.attempt(&self.writable, || {
            let room = self.stream.output.check_write().map_err(error::broken)?;
            Ok((room > 0).then(|| usize::try_from(room).unwrap_or(usize::MAX)))
        })
    }

    pub(crate) fn read(&self, max: u32) -> Result<Vec<u8>, Error> {
        Deadline::after(self.answer_limit).attempt(&self.readable, || self.try_read(max))
    }

    /// Reads what has arrived. Returns `None` if nothing has.
    fn try_read(&self, max: u32) -> Result<Option<Vec<u8>>, Error> {
        match self.stream.input.read(max.clamp(1, MAX_READ).into()) {
            Ok(bytes) if bytes.is_empty() => Ok(None),
            Ok(bytes) => {
                // On an idle connection these bytes are unexpected. Only the caller can tell where they end, and mark
                // it idle again.
                self.idle.set(false);
                Ok(Some(bytes))
            }
            Err(StreamError::Closed) => Ok(Some(Vec::new())),
            Err(error) => Err(error::broken(error)),
        }
    }
}
