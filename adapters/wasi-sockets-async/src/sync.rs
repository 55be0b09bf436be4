//! Taking turns: tasks that share one thing, and wait for each other.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::task::{Poll, Waker};

/// A thing that one task at a time has in hand.
pub(crate) struct Turn<T>(Cell<Option<T>>);

impl<T> Turn<T> {
    pub(crate) fn new(thing: T) -> Self {
        Self(Cell::new(Some(thing)))
    }

    /// None where another task has it in hand. Once this one is done with it, it calls `released`.
    pub(crate) fn take<R: Fn()>(&self, released: R) -> Option<Held<'_, T, R>> {
        self.0.take().map(|thing| Held { turn: self, thing: Some(thing), released })
    }
}

/// The thing in hand, given back when dropped.
pub(crate) struct Held<'a, T, R: Fn()> {
    turn: &'a Turn<T>,
    thing: Option<T>,
    released: R,
}

impl<T, R: Fn()> Deref for Held<'_, T, R> {
    type Target = T;

    fn deref(&self) -> &T {
        self.thing.as_ref().expect("it is given back only when dropped")
    }
}

impl<T, R: Fn()> DerefMut for Held<'_, T, R> {
    fn deref_mut(&mut self) -> &mut T {
        self.thing.as_mut().expect("it is given back only when dropped")
    }
}

impl<T, R: Fn()> Drop for Held<'_, T, R> {
    fn drop(&mut self) {
        self.turn.0.set(self.thing.take());
        (self.released)();
    }
}

/// Tasks that wait for something to change.
#[derive(Default)]
pub(crate) struct Signal {
    waiting: RefCell<Vec<(u64, Waker)>>,
    last: Cell<u64>,
}

impl Signal {
    /// Wakes every task that waits.
    pub(crate) fn notify(&self) {
        for (_, waker) in self.waiting.take() {
            waker.wake();
        }
    }

    /// Waits for the next call of `notify`.
    pub(crate) async fn notified(&self) {
        let number = self.last.get() + 1;
        self.last.set(number);
        let place = Place { signal: self, number };
        let mut queued = false;
        poll_fn(|context| {
            if queued && !place.is_taken() {
                return Poll::Ready(());
            }
            place.queue(context.waker());
            queued = true;
            Poll::Pending
        })
        .await;
    }
}

/// One task's place among those that wait. It leaves with the task: a task that was cancelled must not be woken.
struct Place<'a> {
    signal: &'a Signal,
    number: u64,
}

impl Place<'_> {
    fn is_taken(&self) -> bool {
        self.signal.waiting.borrow().iter().any(|(number, _)| *number == self.number)
    }

    fn leave(&self) {
        self.signal.waiting.borrow_mut().retain(|(number, _)| *number != self.number);
    }

    fn queue(&self, waker: &Waker) {
        self.leave();
        self.signal.waiting.borrow_mut().push((self.number, waker.clone()));
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::{Signal, Turn};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn one_at_a_time_has_it_and_gives_it_back_as_it_left_it() {
        let (turn, released) = (Turn::new(1), Cell::new(0));
        let release = || released.set(released.get() + 1);
        let mut held = turn.take(release).unwrap();
        assert!(turn.take(release).is_none());
        *held += 1;
        drop(held);
        assert_eq!((*turn.take(release).unwrap(), released.get()), (2, 1));
    }

    #[test]
    fn those_that_wait_are_woken_once_and_those_that_left_are_not() {
        let (signal, count) = (Signal::default(), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut waiting = pin!(signal.notified());
        {
            let mut leaving = pin!(signal.notified());
            assert_eq!(leaving.as_mut().poll(&mut context), Poll::Pending);
        }
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
        signal.notify();
        signal.notify();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Ready(()));
    }

    #[test]
    fn what_was_notified_before_does_not_count() {
        let signal = Signal::default();
        signal.notify();
        assert_eq!(pin!(signal.notified()).poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    }
}
