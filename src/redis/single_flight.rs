//! A result that several tasks need at the same time, and that one of them obtains for all.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

/// Runs one task at a time, and gives its result to every task that waits meanwhile.
pub struct SingleFlight<T> {
    /// The tasks that wait. `None`: no task is running.
    waiting: RefCell<Option<Vec<Rc<Waiter<T>>>>>,
}

struct Waiter<T> {
    /// The outcome, once there is one. `Some(None)`: the running task was cancelled.
    result: Cell<Option<Option<T>>>,
    waker: RefCell<Option<Waker>>,
}

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        Self { waiting: RefCell::new(None) }
    }
}

impl<T: Clone> SingleFlight<T> {
    /// Runs `get`, or waits for the result of the task that is running. If that task is cancelled, a waiting one runs
    /// its own.
    pub async fn get(&self, get: impl AsyncFnOnce() -> T) -> T {
        while let Some(waiter) = self.join() {
            if let Some(result) = waiter.wait().await {
                return result;
            }
        }
        let mut running = Running { flight: self, result: None };
        let result = get().await;
        running.result = Some(result.clone());
        result
    }

    /// The number of tasks that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.borrow().as_ref().map_or(0, Vec::len)
    }

    /// Waits with the others. `None`: no task was running, so the caller's task runs now.
    fn join(&self) -> Option<Rc<Waiter<T>>> {
        match &mut *self.waiting.borrow_mut() {
            Some(waiting) => {
                let waiter = Rc::new(Waiter { result: Cell::new(None), waker: RefCell::default() });
                waiting.push(waiter.clone());
                Some(waiter)
            }
            idle => {
                *idle = Some(Vec::new());
                None
            }
        }
    }
}

impl<T> Waiter<T> {
    async fn wait(&self) -> Option<T> {
        // A finished task must not be woken.
        let _forget = ForgetWaker(&self.waker);
        poll_fn(|context| match self.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                self.waker.replace(Some(context.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}

struct ForgetWaker<'a>(&'a RefCell<Option<Waker>>);

impl Drop for ForgetWaker<'_> {
    fn drop(&mut self) {
        self.0.take();
    }
}

/// The running task. Dropping it hands its result to the others, or none if it is cancelled.
struct Running<'a, T: Clone> {
    flight: &'a SingleFlight<T>,
    result: Option<T>,
}

impl<T: Clone> Drop for Running<'_, T> {
    fn drop(&mut self) {
        for waiter in self.flight.waiting.take().into_iter().flatten() {
            waiter.result.set(Some(self.result.clone()));
            let waker = waiter.waker.take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, executor::block_on, future::join_all};
    use std::{future::Future, pin::pin, task::Context};

    /// Ready when polled for the second time.
    async fn later() {
        let mut is_later = false;
        poll_fn(|context| {
            if std::mem::replace(&mut is_later, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[test]
    fn one_gets_it_for_all_that_wait() {
        let flight = SingleFlight::default();
        let count = Cell::new(0);
        let get = || {
            flight.get(async || {
                later().await;
                count.set(count.get() + 1);
                count.get()
            })
        };
        assert_eq!(block_on(join_all((0..10).map(|_| get()))), [1; 10]);
        assert_eq!(block_on(get()), 2, "who comes later gets it anew");
    }

    #[test]
    fn where_the_first_gives_up_the_next_begins() {
        let flight = SingleFlight::default();
        let mut others = pin!(join_all((0..3).map(|_| flight.get(async || "another's"))));
        {
            let mut first = pin!(flight.get(std::future::pending));
            assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert_eq!(others.as_mut().now_or_never(), None);
        }
        assert_eq!(block_on(others), ["another's"; 3]);
    }
}
