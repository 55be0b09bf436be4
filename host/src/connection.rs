//! A guest's connection: what the contract says of it, written once for all flavours.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::address::Address;
use crate::budget::Share;
use crate::dial::dial;
use crate::error::Error;
use crate::pool::Key;
use crate::runtime::{Deadline, Interest, Runtime};
use crate::sockets::{Slot, Sockets};
use crate::transport::Transport;

/// What one read returns at most, whatever the guest asks for.
const MAX_READ: usize = 64 * 1024;

/// The longest state of a connection that is kept: a guest shall not fill the host's memory.
const MAX_STATE: usize = 4096;

/// How long a guest is ready to wait.
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) answer: Duration,
}

/// Dropped, by the guest or with the store's table, it goes back to the pool if it is marked idle and fit for it.
pub(crate) struct Connection<R: Runtime> {
    /// None only while it is dropped.
    transport: Option<Transport<R::Stream>>,
    slot: Arc<Slot>,
    address: Address,
    answer: Duration,
    reused: bool,
    marks: Mutex<Marks>,
}

/// What becomes of a connection.
struct Marks {
    /// What the handshake has made of it; none where nobody said.
    state: Option<String>,
    idle: bool,
    broken: bool,
    /// Something was written, and nothing was read since: the answer is still to come.
    unanswered: bool,
    /// A write failed half-way: what is sent now, the peer would take for the rest of it.
    torn: bool,
}

/// How far a write has got.
pub(crate) struct Write {
    was_idle: bool,
    sent: usize,
    deadline: Deadline,
}

impl<R: Runtime> Connection<R> {
    pub(crate) async fn connect(
        sockets: &Sockets,
        address: Address,
        timeouts: Timeouts,
        state: String,
    ) -> Result<Self, Error> {
        sockets.check(&address)?;
        let deadline = Deadline::after(timeouts.connect);
        let key = Key { address, state };
        let (slot, transport, reused) = match sockets.reuse(&key)? {
            Some((slot, transport)) => {
                let transport = transport.try_map(R::register)?;
                slot.counters().count_reuse();
                (slot, transport, true)
            }
            None => {
                let slot = sockets.reserve()?;
                let transport = dial::<R>(&key.address, deadline, &slot).await?;
                slot.counters().count_connect();
                (slot, transport, false)
            }
        };
        // A new connection is in the state of one of which nothing has been asked yet. Where the guest wants another and
        // then doesn't say that it got there, nobody knows what state this is.
        let known = reused || key.state.is_empty();
        Ok(Self {
            transport: Some(transport),
            slot,
            address: key.address,
            answer: timeouts.answer,
            reused,
            marks: Mutex::new(Marks {
                state: known.then_some(key.state),
                // The mark that it was left with stands until the first write.
                idle: reused,
                broken: false,
                unanswered: false,
                torn: false,
            }),
        })
    }

    pub(crate) fn reused(&self) -> bool {
        self.reused
    }

    pub(crate) fn set_state(&self, state: String) {
        self.marks().state = (state.len() <= MAX_STATE).then_some(state);
    }

    pub(crate) fn set_idle(&self) {
        self.marks().idle = true;
    }

    /// Nothing more is to become of it: it is not kept.
    pub(crate) fn give_up(&self) {
        self.marks().broken = true;
    }

    /// Room for bytes that wait to be sent.
    pub(crate) fn hold_unsent(&self, bytes: usize) -> Result<Share, Error> {
        self.slot.hold_unsent(bytes)
    }

    pub(crate) async fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut write = self.begin_write()?;
        self.finish_write(&mut write, bytes).await
    }

    /// Looks first where the connection is marked idle, and takes the mark away.
    pub(crate) fn begin_write(&self) -> Result<Write, Error> {
        let mut marks = self.marks();
        let was_idle = std::mem::take(&mut marks.idle);
        if marks.torn || was_idle && !self.transport().is_quiet() {
            marks.broken = true;
            return Err(Error::Closed);
        }
        marks.unanswered = true;
        self.slot.counters().count_write();
        Ok(Write { was_idle, sent: 0, deadline: Deadline::after(self.answer) })
    }

    /// Sends what there is room for, without waiting; true where that was the rest.
    pub(crate) fn send_now(&self, write: &mut Write, bytes: &[u8]) -> Result<bool, Error> {
        let done = loop {
            if write.sent == bytes.len() {
                break self.transport().flush();
            }
            match self.transport().send(&bytes[write.sent..]) {
                Ok(sent) => self.note_sent(write, sent),
                Err(error) => break Err(error),
            }
        };
        match done {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(self.note_failed(write, error)),
        }
    }

    /// Sends the rest, waiting for room.
    pub(crate) async fn finish_write(&self, write: &mut Write, bytes: &[u8]) -> Result<(), Error> {
        let transport = self.transport();
        // There is nearly always room, so it is tried before anything waits.
        while !self.send_now(write, bytes)? {
            let rest = &bytes[write.sent..];
            let send = || transport.send(rest);
            match R::when_ready(transport.socket(), Interest::Write, write.deadline, send).await {
                Ok(sent) => self.note_sent(write, sent),
                Err(error) => return Err(self.note_failed(write, error)),
            }
        }
        Ok(())
    }

    fn note_sent(&self, write: &mut Write, sent: usize) {
        write.sent += sent;
        self.slot.counters().count_sent(sent);
    }

    fn note_failed(&self, write: &Write, error: io::Error) -> Error {
        let mut marks = self.marks();
        marks.broken = true;
        marks.torn = true;
        match Error::from(error) {
            // `closed` tells the guest that nothing was sent.
            Error::Closed if !write.was_idle || write.sent > 0 => Error::Other("the peer closed during a write".into()),
            error => error,
        }
    }

    pub(crate) async fn read(&self, max: u32) -> Result<Vec<u8>, Error> {
        let transport = self.transport();
        // Room is made when there is something for it: many reads may wait.
        let mut buffer = Vec::new();
        let received = match transport.receive_held(&mut buffer, read_size(max)) {
            Some(received) => received,
            None => {
                let deadline = Deadline::after(self.answer);
                let receive = || {
                    buffer.reserve_exact(read_size(max));
                    let received = transport.receive(&mut buffer);
                    if received.is_err() {
                        buffer = Vec::new();
                    }
                    received
                };
                R::when_ready(transport.socket(), Interest::Read, deadline, receive).await
            }
        };
        self.note_received(received)?;
        Ok(buffer)
    }

    fn note_received(&self, received: io::Result<usize>) -> Result<(), Error> {
        let mut marks = self.marks();
        match received {
            Ok(0) => marks.broken = true,
            Ok(bytes) => {
                self.slot.counters().count_read(bytes);
                // Bytes for which nobody had asked: where they end, only the guest can tell, by marking it anew.
                marks.idle = false;
                marks.unanswered = false;
            }
            Err(error) => {
                marks.broken = true;
                return Err(error.into());
            }
        }
        Ok(())
    }

    pub(crate) fn transport(&self) -> &Transport<R::Stream> {
        self.transport.as_ref().expect("the transport is there until the connection is dropped")
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        // Nothing that is done under the lock leaves it half done.
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Runtime> Drop for Connection<R> {
    fn drop(&mut self) {
        let marks = self.marks.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !marks.idle || marks.broken || marks.unanswered {
            return;
        }
        let (Some(transport), Some(state)) = (self.transport.take(), marks.state.take()) else {
            return;
        };
        if let Ok(transport) = transport.try_map(R::unregister) {
            self.slot.keep(Key { address: self.address.clone(), state }, transport);
        }
    }
}

fn read_size(max: u32) -> usize {
    (max as usize).clamp(1, MAX_READ)
}

#[cfg(test)]
mod reuse_tests;
#[cfg(test)]
mod transfer_tests;
