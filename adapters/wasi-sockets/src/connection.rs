//! Sending and receiving over one connection.

use std::cell::Cell;

use crate::bindings::exports::drsession::session::socket::Error;
use crate::bindings::wasi::io::poll::Pollable;
use crate::bindings::wasi::io::streams::StreamError;
use crate::deadline::Deadline;
use crate::dial::Stream;
use crate::error;

/// What one read asks for at most: the host fills so much with zeros each time, whatever comes.
const MAX_READ: u32 = 16 * 1024;

/// An open connection. The fields are in the order in which WASI wants them dropped.
pub(crate) struct Connection {
    readable: Pollable,
    writable: Pollable,
    stream: Stream,
    /// Milliseconds.
    answer_limit: u32,
    idle: Cell<bool>,
    /// The peer was seen to have closed, or to have sent what nobody asked for.
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
        if self.idle.take() && !self.is_quiet() {
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

    /// Whether there is nothing to read, not even the end. Asked for nothing, a stream would not tell of its end.
    fn is_quiet(&self) -> bool {
        self.stream.input.read(1).is_ok_and(|bytes| bytes.is_empty())
    }

    /// How many bytes may be written; not before all earlier ones are sent, where they were flushed.
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
                // Bytes for which nobody had asked: where they end, only who reads them can tell, by marking it anew.
                self.idle.set(false);
                Ok(Some(bytes))
            }
            Err(StreamError::Closed) => Ok(Some(Vec::new())),
            Err(error) => Err(error::broken(error)),
        }
    }
}
