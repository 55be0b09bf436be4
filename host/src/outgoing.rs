//! A connection that several calls of a guest read and write concurrently.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::tokio::sync::{OwnedSemaphorePermit, oneshot};
use ::tokio::task::AbortHandle;

use crate::connection::{Connection, Write};
use crate::error::Error;
use crate::runtime::Tokio;

/// A connection that sends writes in the order of the calls, even those whose call was cancelled.
#[allow(unreachable_pub, reason = "the bindings of wasmtime 50 want it")]
pub struct SharedConnection {
    connection: Arc<Connection<Tokio>>,
    outgoing: Arc<Mutex<Outgoing>>,
}

/// The writes for which the send buffer had no room.
#[derive(Default)]
struct Outgoing {
    queue: VecDeque<QueuedWrite>,
    /// The task that sends the queue. It ends when the queue is empty.
    sender: Option<AbortHandle>,
}

struct QueuedWrite {
    bytes: Vec<u8>,
    /// Counts the bytes, so that a guest that cancels its writes can't fill the host's memory.
    permit: OwnedSemaphorePermit,
    write: Write,
    done: oneshot::Sender<Result<(), Error>>,
}

impl SharedConnection {
    pub(crate) fn new(connection: Connection<Tokio>) -> Self {
        Self { connection: Arc::new(connection), outgoing: Arc::default() }
    }

    /// Writes as the contract says. The first poll decides its place among all writes; from then on it is sent even if
    /// this future is dropped.
    pub(crate) async fn write(&self, bytes: Vec<u8>) -> Result<(), Error> {
        match self.start(bytes)? {
            Some(done) => done.await.unwrap_or(Err(Error::Closed)),
            None => Ok(()),
        }
    }

    /// Sends at once if possible. Otherwise queues the write and returns a receiver for its result.
    fn start(&self, bytes: Vec<u8>) -> Result<Option<oneshot::Receiver<Result<(), Error>>>, Error> {
        let mut outgoing = lock(&self.outgoing);
        let permit = self.connection.reserve_unsent(bytes.len())?;
        let mut write = self.connection.begin_write()?;
        if outgoing.sender.is_none() && self.connection.send_now(&mut write, &bytes)? {
            return Ok(None);
        }
        let (done, receiver) = oneshot::channel();
        outgoing.queue.push_back(QueuedWrite { bytes, permit, write, done });
        if outgoing.sender.is_none() {
            let sender = send_queue(Arc::clone(&self.connection), Arc::clone(&self.outgoing));
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

async fn send_queue(connection: Arc<Connection<Tokio>>, outgoing: Arc<Mutex<Outgoing>>) {
    while let Some(QueuedWrite { bytes, permit, mut write, done }) = next(&outgoing) {
        let result = connection.finish_write(&mut write, &bytes).await;
        drop((bytes, permit));
        if result.is_err() {
            // Later writes were not sent and can't be. Dropping them tells their receivers.
            *lock(&outgoing) = Outgoing::default();
        }
        // The receiver is gone if the call was cancelled.
        let _ = done.send(result);
    }
}

/// Takes the next write to send. `None` ends the sender's task.
fn next(outgoing: &Mutex<Outgoing>) -> Option<QueuedWrite> {
    let mut outgoing = lock(outgoing);
    let next = outgoing.queue.pop_front();
    if next.is_none() {
        outgoing.sender = None;
    }
    next
}

fn lock(outgoing: &Mutex<Outgoing>) -> MutexGuard<'_, Outgoing> {
    // No code panics half-way through a change under this lock.
    outgoing.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
