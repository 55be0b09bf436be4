//! A connection that several calls of a guest write to and read from at the same time.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::tokio::sync::oneshot;
use ::tokio::task::AbortHandle;

use crate::budget::Share;
use crate::connection::{Connection, Write};
use crate::error::Error;
use crate::tokio::Tokio;

/// A connection whose writes are sent in the order of the calls, whether or not anybody still waits for them.
pub(crate) struct SharedConnection {
    connection: Arc<Connection<Tokio>>,
    outgoing: Arc<Mutex<Outgoing>>,
}

/// What there was no room for yet.
#[derive(Default)]
struct Outgoing {
    waiting: VecDeque<Waiting>,
    /// The task that sends what waits. It ends when nothing does.
    sender: Option<AbortHandle>,
}

struct Waiting {
    bytes: Vec<u8>,
    /// A guest that cancels its writes shall not fill the host's memory.
    held: Share,
    write: Write,
    done: oneshot::Sender<Result<(), Error>>,
}

impl SharedConnection {
    pub(crate) fn new(connection: Connection<Tokio>) -> Self {
        Self { connection: Arc::new(connection), outgoing: Arc::default() }
    }

    /// Writes as the contract says. Its place among all writes is that of its first poll; dropped after that, it is sent
    /// all the same.
    pub(crate) async fn write(&self, bytes: Vec<u8>) -> Result<(), Error> {
        match self.begin(bytes)? {
            Some(done) => done.await.unwrap_or(Err(Error::Closed)),
            None => Ok(()),
        }
    }

    /// Sends at once if that can be; else there is something to wait for.
    fn begin(&self, bytes: Vec<u8>) -> Result<Option<oneshot::Receiver<Result<(), Error>>>, Error> {
        let mut outgoing = lock(&self.outgoing);
        let held = self.connection.hold_unsent(bytes.len())?;
        let mut write = self.connection.begin_write()?;
        if outgoing.sender.is_none() && self.connection.send_now(&mut write, &bytes)? {
            return Ok(None);
        }
        let (done, receiver) = oneshot::channel();
        outgoing.waiting.push_back(Waiting { bytes, held, write, done });
        if outgoing.sender.is_none() {
            let sender = send_waiting(Arc::clone(&self.connection), Arc::clone(&self.outgoing));
            outgoing.sender = Some(::tokio::spawn(sender).abort_handle());
        }
        Ok(Some(receiver))
    }
}

impl Deref for SharedConnection {
    type Target = Connection<Tokio>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl Drop for SharedConnection {
    fn drop(&mut self) {
        if let Some(sender) = lock(&self.outgoing).sender.take() {
            self.connection.give_up();
            sender.abort();
        }
    }
}

async fn send_waiting(connection: Arc<Connection<Tokio>>, outgoing: Arc<Mutex<Outgoing>>) {
    while let Some(Waiting { bytes, held, mut write, done }) = next(&outgoing) {
        let result = connection.finish_write(&mut write, &bytes).await;
        drop((bytes, held));
        if result.is_err() {
            // Of those behind it nothing was sent, and nothing can be: so their receivers are told by this drop.
            *lock(&outgoing) = Outgoing::default();
        }
        // Nobody waits for a write that was cancelled.
        let _ = done.send(result);
    }
}

/// The next write to send. Where there is none, the sender's task is over.
fn next(outgoing: &Mutex<Outgoing>) -> Option<Waiting> {
    let mut outgoing = lock(outgoing);
    let next = outgoing.waiting.pop_front();
    if next.is_none() {
        outgoing.sender = None;
    }
    next
}

fn lock(outgoing: &Mutex<Outgoing>) -> MutexGuard<'_, Outgoing> {
    // Nothing that is done under the lock leaves it half done.
    outgoing.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
