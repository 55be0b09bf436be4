//! The bytes from the server.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use wit_bindgen::{StreamReader, StreamResult};

use crate::bindings::exports::drsession::session::socket_async::Error;
use crate::close_reason::CloseReason;
use crate::error;
use crate::operation::complete;
use crate::sync::{Notify, TryMutex, TryMutexGuard};

pub(crate) struct Incoming {
    stream: TryMutex<StreamReader<u8>>,
    /// Notified when the stream is unlocked.
    released: Notify,
    /// Taken from the stream and not read yet.
    buffered: RefCell<Vec<u8>>,
    ended: Cell<bool>,
    close_reason: CloseReason,
}

impl Incoming {
    pub(crate) fn new(stream: StreamReader<u8>, close_reason: CloseReason) -> Self {
        Self {
            stream: TryMutex::new(stream),
            released: Notify::default(),
            buffered: RefCell::default(),
            ended: Cell::new(false),
            close_reason,
        }
    }

    /// Waits for at least one byte. An empty result means that the server has closed the connection.
    pub(crate) async fn read(&self, max: usize) -> Result<Vec<u8>, Error> {
        loop {
            if let Some(bytes) = self.read_buffered(max) {
                if bytes.is_empty()
                    && let Some(code) = self.close_reason.failure().await
                {
                    return Err(error::receiving(code));
                }
                return Ok(bytes);
            }
            match self.try_lock_stream() {
                Some(stream) => self.receive(stream, max).await,
                None => self.released.notified().await,
            }
        }
    }

    /// Reads without the network. `None` if only the network can tell.
    fn read_buffered(&self, max: usize) -> Option<Vec<u8>> {
        let bytes = take_front(&mut self.buffered.borrow_mut(), max);
        (!bytes.is_empty() || self.ended.get()).then_some(bytes)
    }

    /// Whether the server has neither closed nor sent anything, as far as that is known without waiting.
    pub(crate) async fn is_reusable(&self) -> bool {
        if let Some(stream) = self.try_lock_stream() {
            let mut receiving = pin!(self.receive(stream, 1));
            poll_fn(|context| Poll::Ready(receiving.as_mut().poll(context).is_ready())).await;
        }
        self.buffered.borrow().is_empty() && !self.ended.get()
    }

    fn try_lock_stream(&self) -> Option<TryMutexGuard<'_, StreamReader<u8>, impl Fn()>> {
        self.stream.try_lock(|| self.released.notify())
    }

    async fn receive(&self, mut stream: TryMutexGuard<'_, StreamReader<u8>, impl Fn()>, max: usize) {
        complete(stream.read(Vec::with_capacity(max)), |(result, mut bytes)| {
            self.buffered.borrow_mut().append(&mut bytes);
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
