//! One call that waits for its replies.

use super::super::{
    connection::ConnectionError,
    limits::Limits,
    reply::Reply,
    scanner::{MAX_BYTES, ScanError},
};
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Context, Poll, Waker},
};

/// The result of a call.
pub(super) type Outcome = Result<Vec<Reply>, ConnectionError>;

/// A call, as the connection sees it.
pub(super) struct Call {
    /// Calls are numbered in the order of their commands.
    pub(super) number: u64,
    /// The length of its commands, in bytes.
    pub(super) length: usize,
    /// In milliseconds on the socket's clock.
    pub(super) deadline: u64,
    /// The replies that have not arrived yet.
    missing: Cell<usize>,
    /// The bytes that its replies may still have. `None`: they had too many, and are dropped.
    budget: Cell<Option<usize>>,
    replies: RefCell<Vec<Reply>>,
    outcome: RefCell<Option<Outcome>>,
    waker: RefCell<Option<Waker>>,
    waits: Cell<bool>,
    ended: Cell<bool>,
    cancelled: Cell<bool>,
}

impl Call {
    pub(super) fn new(number: u64, length: usize, commands: usize, limits: &Limits) -> Self {
        Self {
            number,
            length,
            deadline: limits.deadline(),
            missing: Cell::new(commands),
            budget: Cell::new(Some(limits.bytes_left())),
            replies: RefCell::new(Vec::with_capacity(commands)),
            outcome: RefCell::default(),
            waker: RefCell::default(),
            waits: Cell::new(false),
            ended: Cell::new(false),
            cancelled: Cell::new(false),
        }
    }

    /// Takes its result, once there is one.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.outcome.take()
    }

    /// The bytes that are left of its budget.
    pub(super) fn bytes_left(&self) -> usize {
        self.budget.get().unwrap_or(0)
    }

    /// Adds a reply. Returns whether it was the last.
    pub(super) fn receive(&self, reply: Reply) -> bool {
        let left = self.budget.get().and_then(|left| left.checked_sub(reply.length()));
        self.budget.set(left);
        if left.is_some() && !self.is_cancelled() {
            self.replies.borrow_mut().push(reply);
        } else {
            self.replies.take();
        }
        self.missing.update(|missing| missing - 1);
        self.missing.get() == 0
    }

    /// Ends it with its replies.
    pub(super) fn complete(&self) {
        let too_large = ConnectionError::Unreadable(ScanError::TooLarge(MAX_BYTES));
        self.end(self.budget.get().map(|_| self.replies.take()).ok_or(too_large));
    }

    /// Ends it with this result.
    pub(super) fn end(&self, outcome: Outcome) {
        self.ended.set(true);
        if !self.cancelled.get() {
            self.outcome.replace(Some(outcome));
            self.wake();
        }
    }

    /// Notes that its task no longer waits for it.
    pub(super) fn cancel(&self) {
        self.cancelled.set(true);
        self.waits.set(false);
        // A finished task must not be woken.
        self.waker.take();
    }

    /// Whether it has its result.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// Whether it was cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.get()
    }

    /// Whether it is waiting, and would take over a role if it were woken.
    pub(super) fn waits(&self) -> bool {
        self.waits.get()
    }

    /// Wakes its task.
    pub(super) fn wake(&self) {
        let waker = self.waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Sets the task to wake.
    pub(super) fn wake_by(&self, context: &Context<'_>) {
        self.waker.replace(Some(context.waker().clone()));
    }

    /// Waits until it is woken.
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
