//! What several tasks need at once, and one of them gets for all.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

/// Gets one thing at a time.
pub struct Together<T> {
    /// Who waits for what somebody is getting; none where nobody is.
    waiting: RefCell<Option<Vec<Rc<Waiter<T>>>>>,
}

struct Waiter<T> {
    /// What came of it; none inside: whoever was getting it gave up.
    result: Cell<Option<Option<T>>>,
    waker: RefCell<Option<Waker>>,
}

impl<T> Default for Together<T> {
    fn default() -> Self {
        Self { waiting: RefCell::new(None) }
    }
}

impl<T: Clone> Together<T> {
    /// What `get` gets, or what it gets for somebody who was first. Where that one is cancelled, the next begins.
    pub async fn get(&self, get: impl AsyncFnOnce() -> T) -> T {
        while let Some(waiter) = self.join() {
            if let Some(result) = waiter.wait().await {
                return result;
            }
        }
        let mut getting = Getting { together: self, result: None };
        let result = get().await;
        getting.result = Some(result.clone());
        result
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.borrow().as_ref().map_or(0, Vec::len)
    }

    /// None where nobody is getting it, which is the caller's from now on.
    fn join(&self) -> Option<Rc<Waiter<T>>> {
        match &mut *self.waiting.borrow_mut() {
            Some(waiting) => {
                let waiter = Rc::new(Waiter { result: Cell::new(None), waker: RefCell::default() });
                waiting.push(waiter.clone());
                Some(waiter)
            }
            nobody => {
                *nobody = Some(Vec::new());
                None
            }
        }
    }
}

impl<T> Waiter<T> {
    async fn wait(&self) -> Option<T> {
        // A task that is over must not be woken.
        let _forget = Forget(&self.waker);
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

struct Forget<'a>(&'a RefCell<Option<Waker>>);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.take();
    }
}

/// Somebody is getting it; ends with the result, or when that one is cancelled.
struct Getting<'a, T: Clone> {
    together: &'a Together<T>,
    result: Option<T>,
}

impl<T: Clone> Drop for Getting<'_, T> {
    fn drop(&mut self) {
        for waiter in self.together.waiting.take().into_iter().flatten() {
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

    /// Is ready when it is polled a second time.
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
        let together = Together::default();
        let count = Cell::new(0);
        let get = || {
            together.get(async || {
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
        let together = Together::default();
        let mut others = pin!(join_all((0..3).map(|_| together.get(async || "another's"))));
        {
            let mut first = pin!(together.get(std::future::pending));
            assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert_eq!(others.as_mut().now_or_never(), None);
        }
        assert_eq!(block_on(others), ["another's"; 3]);
    }
}
