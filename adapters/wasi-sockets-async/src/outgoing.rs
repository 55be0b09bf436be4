//! The bytes to the server.

use std::cell::{Cell, RefCell};

use wit_bindgen::{StreamResult, StreamWriter};

use crate::bindings::exports::drsession::session::socket_async::Error;
use crate::close_reason::CloseReason;
use crate::error;
use crate::operation::complete;
use crate::sync::{Notify, TryMutex, TryMutexGuard};

pub(crate) struct Outgoing {
    stream: TryMutex<StreamWriter<u8>>,
    /// Notified when the stream is unlocked.
    released: Notify,
    /// Notified when the stream is unlocked while bytes are unsent.
    leftovers: Notify,
    unsent: RefCell<Vec<u8>>,
    /// The number of bytes queued since the connection was made.
    queued: Cell<u64>,
    /// The number of bytes sent since the connection was made.
    sent: Cell<u64>,
    broken: Cell<bool>,
    close_reason: CloseReason,
}

impl Outgoing {
    pub(crate) fn new(stream: StreamWriter<u8>, close_reason: CloseReason) -> Self {
        Self {
            stream: TryMutex::new(stream),
            released: Notify::default(),
            leftovers: Notify::default(),
            unsent: RefCell::default(),
            queued: Cell::new(0),
            sent: Cell::new(0),
            broken: Cell::new(false),
            close_reason,
        }
    }

    /// Queues the bytes at once, and waits until they are sent. If dropped earlier, the unsent bytes stay in the queue,
    /// and another call sends them.
    pub(crate) async fn write(&self, bytes: Vec<u8>) -> Result<(), Error> {
        if self.broken.get() {
            return Err(self.failure().await);
        }
        self.queued.set(self.queued.get() + bytes.len() as u64);
        append(&mut self.unsent.borrow_mut(), bytes);
        let end = self.queued.get();
        while self.sent.get() < end {
            if self.broken.get() {
                return Err(self.failure().await);
            }
            match self.try_lock_stream() {
                Some(stream) => self.send(stream).await,
                None => self.released.notified().await,
            }
        }
        Ok(())
    }

    /// Sends what cancelled calls have left, whenever there is any. Never returns.
    pub(crate) async fn send_leftovers<T>(&self) -> T {
        loop {
            let has_leftovers = !self.unsent.borrow().is_empty() && !self.broken.get();
            match has_leftovers.then(|| self.try_lock_stream()).flatten() {
                Some(stream) => self.send(stream).await,
                None => self.leftovers.notified().await,
            }
        }
    }

    /// Stops sending for good: the server would take later bytes for the rest of the failed write.
    pub(crate) fn abandon(&self) {
        self.broken.set(true);
        self.close_reason.forget();
        self.unsent.take();
        self.released.notify();
    }

    fn try_lock_stream(&self) -> Option<TryMutexGuard<'_, StreamWriter<u8>, impl Fn()>> {
        self.stream.try_lock(|| {
            self.released.notify();
            if !self.unsent.borrow().is_empty() {
                self.leftovers.notify();
            }
        })
    }

    async fn send(&self, mut stream: TryMutexGuard<'_, StreamWriter<u8>, impl Fn()>) {
        let bytes = self.unsent.take();
        let length = bytes.len();
        complete(stream.write(bytes), |(result, rest)| {
            let mut rest = rest.into_vec();
            self.sent.set(self.sent.get() + (length - rest.len()) as u64);
            let mut unsent = self.unsent.borrow_mut();
            append(&mut rest, unsent.split_off(0));
            *unsent = rest;
            if result == StreamResult::Dropped {
                self.broken.set(true);
            }
        })
        .await;
    }

    async fn failure(&self) -> Error {
        self.close_reason.failure().await.map_or_else(error::broken_off, error::sending)
    }
}

/// Appends the bytes, without a copy if `front` is empty.
fn append(front: &mut Vec<u8>, mut bytes: Vec<u8>) {
    if front.is_empty() {
        *front = bytes;
    } else {
        front.append(&mut bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn bytes_are_appended() {
        let mut front = Vec::new();
        append(&mut front, b"ab".to_vec());
        append(&mut front, b"c".to_vec());
        append(&mut front, Vec::new());
        assert_eq!(front, b"abc");
    }
}
