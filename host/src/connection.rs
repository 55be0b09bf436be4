//! A guest's connection: the contract's rules, written once for all flavours.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::tokio::sync::OwnedSemaphorePermit;

use crate::address::Address;
use crate::dial::dial;
use crate::error::Error;
use crate::pool::Key;
use crate::runtime::{Deadline, Interest, Runtime};
use crate::sockets::{ConnectionPermit, Sockets};
use crate::transport::Transport;

/// The most bytes that one read returns, whatever the guest asks for.
const MAX_READ: usize = 64 * 1024;

/// The longest state of a pooled connection, so that a guest can't fill the host's memory.
const MAX_STATE: usize = 4096;

/// A guest's time limits.
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) answer: Duration,
}

/// A guest's connection. When the guest or the store's table drops it, it returns to the pool if it is idle and
/// reusable.
#[allow(unreachable_pub, reason = "the bindings of wasmtime 50 want it")]
pub struct Connection<R: Runtime> {
    /// `None` only during `drop`.
    transport: Option<Transport<R::Stream>>,
    permit: Arc<ConnectionPermit>,
    address: Address,
    answer: Duration,
    reused: bool,
    status: Mutex<Status>,
}

/// Decides whether the connection may return to the pool.
struct Status {
    /// The state that the handshake left. `None` if the guest has not set it.
    state: Option<String>,
    idle: bool,
    broken: bool,
    /// Written to, and not read since: the answer is still outstanding.
    unanswered: bool,
    /// A write failed half-way. The peer would take the next bytes for the rest of it.
    partial_write: bool,
}

/// The progress of a write.
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
        let (permit, transport, reused) = match sockets.reuse(&key)? {
            Some((permit, transport)) => {
                let transport = transport.try_map(R::register)?;
                permit.counters().count_reuse();
                (permit, transport, true)
            }
            None => {
                let permit = sockets.reserve()?;
                let transport = dial::<R>(&key.address, deadline, &permit).await?;
                permit.counters().count_connect();
                (permit, transport, false)
            }
        };
        // A new connection is in the empty state. If the guest asked for another state and never confirms it with
        // `set-state`, the connection's state is unknown.
        let known = reused || key.state.is_empty();
        Ok(Self {
            transport: Some(transport),
            permit,
            address: key.address,
            answer: timeouts.answer,
            reused,
            status: Mutex::new(Status {
                state: known.then_some(key.state),
                // A pooled connection was marked idle. The mark holds until the first write.
                idle: reused,
                broken: false,
                unanswered: false,
                partial_write: false,
            }),
        })
    }

    pub(crate) fn reused(&self) -> bool {
        self.reused
    }

    pub(crate) fn set_state(&self, state: String) {
        self.status().state = (state.len() <= MAX_STATE).then_some(state);
    }

    pub(crate) fn set_idle(&self) {
        self.status().idle = true;
    }

    /// Keeps the connection out of the pool.
    pub(crate) fn give_up(&self) {
        self.status().broken = true;
    }

    /// Reserves memory for bytes that wait to be sent.
    pub(crate) fn reserve_unsent(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Error> {
        self.permit.reserve_unsent(bytes)
    }

    pub(crate) async fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut write = self.begin_write()?;
        self.finish_write(&mut write, bytes).await
    }

    /// Clears the idle mark. If the connection was idle, checks first that it is still reusable.
    pub(crate) fn begin_write(&self) -> Result<Write, Error> {
        let mut status = self.status();
        let was_idle = std::mem::take(&mut status.idle);
        if status.partial_write || was_idle && !self.transport().is_reusable() {
            status.broken = true;
            return Err(Error::Closed);
        }
        status.unanswered = true;
        self.permit.counters().count_write();
        Ok(Write { was_idle, sent: 0, deadline: Deadline::after(self.answer) })
    }

    /// Sends as much as possible without waiting. Returns true once everything is sent.
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
        // The send buffer nearly always has room, so try before waiting.
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
        self.permit.counters().count_sent(sent);
    }

    fn note_failed(&self, write: &Write, error: io::Error) -> Error {
        let mut status = self.status();
        status.broken = true;
        status.partial_write = true;
        match Error::from(error) {
            // `closed` would tell the guest that nothing was sent.
            Error::Closed if !write.was_idle || write.sent > 0 => {
                Error::Other("the server closed the connection during a write".into())
            }
            error => error,
        }
    }

    pub(crate) async fn read(&self, max: u32) -> Result<Vec<u8>, Error> {
        let transport = self.transport();
        // Allocated only once there is something to read: many reads may wait.
        let mut buffer = Vec::new();
        let received = match transport.read_buffered(&mut buffer, read_size(max)) {
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
        let mut status = self.status();
        match received {
            Ok(0) => status.broken = true,
            Ok(bytes) => {
                self.permit.counters().count_read(bytes);
                // On an idle connection these bytes are unexpected. Only the guest can tell where they end, and mark it
                // idle again.
                status.idle = false;
                status.unanswered = false;
            }
            Err(error) => {
                status.broken = true;
                return Err(error.into());
            }
        }
        Ok(())
    }

    pub(crate) fn transport(&self) -> &Transport<R::Stream> {
        self.transport.as_ref().expect("the transport is present until `drop`")
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        // No code panics half-way through a change under this lock.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Runtime> Drop for Connection<R> {
    fn drop(&mut self) {
        let status = self.status.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !status.idle || status.broken || status.unanswered {
            return;
        }
        let (Some(transport), Some(state)) = (self.transport.take(), status.state.take()) else {
            return;
        };
        if let Ok(transport) = transport.try_map(R::unregister) {
            self.permit.return_to_pool(Key { address: self.address.clone(), state }, transport);
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
