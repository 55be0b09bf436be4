//! A guest's connection: what the contract says of it, written once for all flavours.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::dial::dial;
use crate::error::Error;
use crate::pool::Key;
use crate::runtime::{Deadline, Interest, Runtime};
use crate::sockets::{Slot, Sockets};
use crate::stream::{is_quiet, receive, send};

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
    stream: Option<R::Stream>,
    slot: Arc<Slot>,
    address: Address,
    /// What the handshake has made of it; none where nobody said.
    state: Option<String>,
    answer: Duration,
    reused: bool,
    idle: bool,
    broken: bool,
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
        let (slot, stream, reused) = match sockets.reuse(&key) {
            Some((slot, stream)) => {
                let stream = R::register(stream)?;
                slot.counters().count_reuse();
                (slot, stream, true)
            }
            None => {
                let slot = sockets.reserve()?;
                let stream = dial::<R>(&key.address, deadline, &slot).await?;
                slot.counters().count_connect();
                (slot, stream, false)
            }
        };
        // A new connection is in the state of one of which nothing has been asked yet. Where the guest wants another and
        // then doesn't say that it got there, nobody knows what state this is.
        let known = reused || key.state.is_empty();
        Ok(Self {
            stream: Some(stream),
            slot,
            address: key.address,
            state: known.then_some(key.state),
            answer: timeouts.answer,
            reused,
            // The mark that it was left with stands until the first write.
            idle: reused,
            broken: false,
        })
    }

    pub(crate) fn reused(&self) -> bool {
        self.reused
    }

    pub(crate) fn set_state(&mut self, state: String) {
        self.state = (state.len() <= MAX_STATE).then_some(state);
    }

    pub(crate) fn set_idle(&mut self) {
        self.idle = true;
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let was_idle = std::mem::take(&mut self.idle);
        if was_idle && !is_quiet(self.stream()) {
            self.broken = true;
            return Err(Error::Closed);
        }
        self.slot.counters().count_write();
        let mut sent = 0;
        let result = self.send_all(bytes, &mut sent).await;
        self.slot.counters().count_sent(sent);
        result.map_err(|error| {
            self.broken = true;
            match Error::from(error) {
                // `closed` tells the guest that nothing was sent.
                Error::Closed if !was_idle || sent > 0 => Error::Other("the peer closed during a write".into()),
                error => error,
            }
        })
    }

    async fn send_all(&self, bytes: &[u8], sent: &mut usize) -> io::Result<()> {
        let stream = self.stream();
        let deadline = Deadline::after(self.answer);
        while *sent < bytes.len() {
            let rest = &bytes[*sent..];
            // There is nearly always room, so it is tried before anything waits.
            *sent += match send(stream, rest) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    R::when_ready(stream, Interest::Write, deadline, || send(stream, rest)).await?
                }
                result => result?,
            };
        }
        Ok(())
    }

    pub(crate) async fn read(&mut self, max: u32) -> Result<Vec<u8>, Error> {
        let mut buffer = read_buffer(max);
        let stream = self.stream();
        let deadline = Deadline::after(self.answer);
        let received = R::when_ready(stream, Interest::Read, deadline, || receive(stream, &mut buffer)).await;
        self.note_received(received)?;
        Ok(buffer)
    }

    pub(crate) fn read_now(&mut self, max: u32) -> Result<Option<Vec<u8>>, Error> {
        let mut buffer = read_buffer(max);
        match receive(self.stream(), &mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            received => {
                self.note_received(received)?;
                Ok(Some(buffer))
            }
        }
    }

    fn note_received(&mut self, received: io::Result<usize>) -> Result<(), Error> {
        match received {
            Ok(0) => self.broken = true,
            Ok(bytes) => {
                self.slot.counters().count_read(bytes);
                // Bytes for which nobody had asked: where they end, only the guest can tell, by marking it anew.
                self.idle = false;
            }
            Err(error) => {
                self.broken = true;
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn stream(&self) -> &R::Stream {
        self.stream.as_ref().expect("the stream is there until the connection is dropped")
    }
}

impl<R: Runtime> Drop for Connection<R> {
    fn drop(&mut self) {
        if !self.idle || self.broken {
            return;
        }
        let (Some(stream), Some(state)) = (self.stream.take(), self.state.take()) else {
            return;
        };
        if let Ok(stream) = R::unregister(stream) {
            self.slot.keep(Key { address: self.address.clone(), state }, stream);
        }
    }
}

fn read_buffer(max: u32) -> Vec<u8> {
    Vec::with_capacity((max as usize).clamp(1, MAX_READ))
}

#[cfg(test)]
mod reuse_tests;
#[cfg(test)]
mod transfer_tests;
