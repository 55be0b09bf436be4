//! What comes from the peer.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use wit_bindgen::{StreamReader, StreamResult};

use crate::bindings::exports::drsession::session::socket_async::Error;
use crate::ending::Ending;
use crate::error;
use crate::operation::complete;
use crate::turn::{Held, Signal, Turn};

pub(crate) struct Incoming {
    stream: Turn<StreamReader<u8>>,
    /// The stream was given back.
    released: Signal,
    /// What was taken from the stream and is not read yet.
    kept: RefCell<Vec<u8>>,
    ended: Cell<bool>,
    ending: Ending,
}

impl Incoming {
    pub(crate) fn new(stream: StreamReader<u8>, ending: Ending) -> Self {
        Self {
            stream: Turn::new(stream),
            released: Signal::default(),
            kept: RefCell::default(),
            ended: Cell::new(false),
            ending,
        }
    }

    /// Waits for at least one byte. Nothing says that the peer has closed.
    pub(crate) async fn read(&self, max: usize) -> Result<Vec<u8>, Error> {
        loop {
            if let Some(bytes) = self.read_kept(max) {
                if bytes.is_empty()
                    && let Some(code) = self.ending.failure().await
                {
                    return Err(error::receiving(code));
                }
                return Ok(bytes);
            }
            match self.take_stream() {
                Some(stream) => self.receive(stream, max).await,
                None => self.released.notified().await,
            }
        }
    }

    /// What needs no look at the network; none where only that could tell.
    fn read_kept(&self, max: usize) -> Option<Vec<u8>> {
        let bytes = take_front(&mut self.kept.borrow_mut(), max);
        (!bytes.is_empty() || self.ended.get()).then_some(bytes)
    }

    /// Whether there is nothing to read, not even the end, as far as that can be told without waiting.
    pub(crate) async fn is_quiet(&self) -> bool {
        if let Some(stream) = self.take_stream() {
            let mut receiving = pin!(self.receive(stream, 1));
            poll_fn(|context| Poll::Ready(receiving.as_mut().poll(context).is_ready())).await;
        }
        self.kept.borrow().is_empty() && !self.ended.get()
    }

    fn take_stream(&self) -> Option<Held<'_, StreamReader<u8>, impl Fn()>> {
        self.stream.take(|| self.released.notify())
    }

    async fn receive(&self, mut stream: Held<'_, StreamReader<u8>, impl Fn()>, max: usize) {
        complete(stream.read(Vec::with_capacity(max)), |(result, mut bytes)| {
            self.kept.borrow_mut().append(&mut bytes);
            if result == StreamResult::Dropped {
                self.ended.set(true);
            }
        })
        .await;
    }
}

fn take_front(bytes: &mut Vec<u8>, max: usize) -> Vec<u8> {
    if bytes.len() <= max {
        return std::mem::take(bytes);
    }
    let rest = bytes.split_off(max);
    std::mem::replace(bytes, rest)
}

#[cfg(test)]
mod tests {
    use super::take_front;

    #[test]
    fn the_front_is_taken_and_the_rest_stays() {
        let mut bytes = b"abcde".to_vec();
        assert_eq!(take_front(&mut bytes, 2), b"ab");
        assert_eq!(take_front(&mut bytes, 3), b"cde");
        assert_eq!(take_front(&mut bytes, 1), b"");
    }
}
