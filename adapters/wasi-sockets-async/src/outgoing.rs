//! What goes to the peer.

use std::cell::{Cell, RefCell};

use wit_bindgen::{StreamResult, StreamWriter};

use crate::bindings::exports::drsession::session::socket_async::Error;
use crate::ending::Ending;
use crate::error;
use crate::operation::complete;
use crate::turn::{Held, Signal, Turn};

pub(crate) struct Outgoing {
    stream: Turn<StreamWriter<u8>>,
    /// The stream was given back.
    released: Signal,
    /// The stream was given back, and there are bytes which nobody sends.
    left: Signal,
    unsent: RefCell<Vec<u8>>,
    /// How many bytes were queued, and how many were sent, since the connection was made.
    queued: Cell<u64>,
    sent: Cell<u64>,
    broken: Cell<bool>,
    ending: Ending,
}

impl Outgoing {
    pub(crate) fn new(stream: StreamWriter<u8>, ending: Ending) -> Self {
        Self {
            stream: Turn::new(stream),
            released: Signal::default(),
            left: Signal::default(),
            unsent: RefCell::default(),
            queued: Cell::new(0),
            sent: Cell::new(0),
            broken: Cell::new(false),
            ending,
        }
    }

    /// Queues the bytes at once, and waits until they are sent. Dropped before, what is left of them stays in the
    /// queue, for the next call, or one that is under way, to send.
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
            match self.take_stream() {
                Some(stream) => self.send(stream).await,
                None => self.released.notified().await,
            }
        }
        Ok(())
    }

    /// Sends what calls that were cancelled have left, whenever there is some. It never ends.
    pub(crate) async fn send_what_is_left<T>(&self) -> T {
        loop {
            let is_left = !self.unsent.borrow().is_empty() && !self.broken.get();
            match is_left.then(|| self.take_stream()).flatten() {
                Some(stream) => self.send(stream).await,
                None => self.left.notified().await,
            }
        }
    }

    /// Sends nothing any more: the peer would take it for the rest of what was not sent.
    pub(crate) fn give_up(&self) {
        self.broken.set(true);
        self.ending.forget();
        self.unsent.take();
        self.released.notify();
    }

    fn take_stream(&self) -> Option<Held<'_, StreamWriter<u8>, impl Fn()>> {
        self.stream.take(|| {
            self.released.notify();
            if !self.unsent.borrow().is_empty() {
                self.left.notify();
            }
        })
    }

    async fn send(&self, mut stream: Held<'_, StreamWriter<u8>, impl Fn()>) {
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
        self.ending.failure().await.map_or_else(error::broken_off, error::sending)
    }
}

/// Puts the bytes behind others; without a copy, where there are none.
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
    fn bytes_go_behind_others() {
        let mut front = Vec::new();
        append(&mut front, b"ab".to_vec());
        append(&mut front, b"c".to_vec());
        append(&mut front, Vec::new());
        assert_eq!(front, b"abc");
    }
}
