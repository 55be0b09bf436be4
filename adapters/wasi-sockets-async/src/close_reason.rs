//! How one direction of a connection has ended.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};

use wit_bindgen::{FutureRead, FutureReader};

use crate::bindings::wasi::sockets::types::ErrorCode;
use crate::operation::{Operation, complete};

type Outcome = Result<(), ErrorCode>;

/// What the host will say of it.
pub(crate) struct Ending(Cell<Option<FutureReader<Outcome>>>);

impl Ending {
    pub(crate) fn new(outcome: FutureReader<Outcome>) -> Self {
        Self(Cell::new(Some(outcome)))
    }

    /// What went wrong, if something did; told to the first who asks. To be asked only after the direction has ended.
    pub(crate) async fn failure(&self) -> Option<ErrorCode> {
        let mut failure = None;
        if let Some(reader) = self.0.take() {
            let telling = Telling(Box::pin(reader.into_future()));
            complete(telling, |told| match told {
                Ok(outcome) => failure = outcome.err(),
                Err(reader) => self.0.set(Some(reader)),
            })
            .await;
        }
        failure
    }

    /// Whatever the host says, nobody will ask any more.
    pub(crate) fn forget(&self) {
        self.0.set(None);
    }
}

struct Telling(Pin<Box<FutureRead<Outcome>>>);

impl Future for Telling {
    type Output = Result<Outcome, FutureReader<Outcome>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context).map(Ok)
    }
}

impl Operation for Telling {
    fn cancel(mut self: Pin<&mut Self>) -> Self::Output {
        self.0.as_mut().cancel()
    }
}
