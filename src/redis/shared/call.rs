//! One call that waits for its replies.

use super::super::{connection::ExchangeError, reply::Reply};
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Context, Poll, Waker},
};

/// What became of a call.
pub(super) type Outcome = Result<Vec<Reply>, ExchangeError>;

/// A call, as the connection knows it.
pub(super) struct Call {
    /// Calls are numbered in the order of their commands.
    pub(super) number: u64,
    /// How many bytes its commands are.
    pub(super) length: usize,
    commands: usize,
    replies: RefCell<Vec<Reply>>,
    outcome: RefCell<Option<Outcome>>,
    waker: RefCell<Option<Waker>>,
    waits: Cell<bool>,
    ended: Cell<bool>,
    cancelled: Cell<bool>,
}

impl Call {
    pub(super) fn new(number: u64, length: usize, commands: usize) -> Self {
        Self {
            number,
            length,
            commands,
            replies: RefCell::new(Vec::with_capacity(commands)),
            outcome: RefCell::default(),
            waker: RefCell::default(),
            waits: Cell::new(false),
            ended: Cell::new(false),
            cancelled: Cell::new(false),
        }
    }

    /// Takes what became of it, once that is known.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.outcome.take()
    }

    /// Whether the reply was its last.
    pub(super) fn receive(&self, reply: Reply) -> bool {
        let mut replies = self.replies.borrow_mut();
        replies.push(reply);
        replies.len() == self.commands
    }

    /// All replies are there.
    pub(super) fn complete(&self) {
        self.end(Ok(self.replies.take()));
    }

    /// It has come to an end.
    pub(super) fn end(&self, outcome: Outcome) {
        self.ended.set(true);
        if !self.cancelled.get() {
            self.outcome.replace(Some(outcome));
            self.wake();
        }
    }

    /// Nobody waits for it any more.
    pub(super) fn cancel(&self) {
        self.cancelled.set(true);
        self.waits.set(false);
        // A task that is over must not be woken.
        self.waker.take();
    }

    /// Whether the connection has nothing to do with it any more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.get()
    }

    /// Whether it does nothing but wait, and would look for a duty if it were woken.
    pub(super) fn waits(&self) -> bool {
        self.waits.get()
    }

    pub(super) fn wake(&self) {
        let waker = self.waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Has this task woken when something becomes of the call.
    pub(super) fn wake_by(&self, context: &Context<'_>) {
        self.waker.replace(Some(context.waker().clone()));
    }

    /// Waits to be woken.
    pub(super) async fn wait(&self) {
        poll_fn(|context| {
            if self.waits.replace(true) {
                self.waits.set(false);
                return Poll::Ready(());
            }
            self.wake_by(context);
            Poll::Pending
        })
        .await;
    }
}
