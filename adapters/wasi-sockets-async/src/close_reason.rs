//! Why one direction of a connection was closed.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};

use wit_bindgen::{FutureRead, FutureReader};

use crate::bindings::wasi::sockets::types::ErrorCode;
use crate::operation::{Operation, complete};

type Outcome = Result<(), ErrorCode>;

/// The host's result for a stream, available once the stream has ended.
pub(crate) struct CloseReason(Cell<Option<FutureReader<Outcome>>>);

impl CloseReason {
    pub(crate) fn new(outcome: FutureReader<Outcome>) -> Self {
        Self(Cell::new(Some(outcome)))
    }

    /// Returns the error, if any. Call it only after the stream has ended. Only the first call gets the error.
    pub(crate) async fn failure(&self) -> Option<ErrorCode> {
        let mut failure = None;
        if let Some(reader) = self.0.take() {
            let reading = ReadReason(Box::pin(reader.into_future()));
            complete(reading, |result| match result {
                Ok(outcome) => failure = outcome.err(),
                Err(reader) => self.0.set(Some(reader)),
            })
            .await;
        }
        failure
    }

    /// Drops the reason: it will not be asked for.
    pub(crate) fn forget(&self) {
        self.0.set(None);
    }
}

struct ReadReason(Pin<Box<FutureRead<Outcome>>>);

impl Future for ReadReason {
    type Output = Result<Outcome, FutureReader<Outcome>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context).map(Ok)
    }
}

impl Operation for ReadReason {
    fn cancel(mut self: Pin<&mut Self>) -> Self::Output {
        self.0.as_mut().cancel()
    }
}
