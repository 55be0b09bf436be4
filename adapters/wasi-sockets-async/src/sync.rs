//! Synchronisation between the tasks of this component, which run on one thread.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::task::{Poll, Waker};

/// A mutex that can only be tried. Its guard runs a function when it is dropped.
pub(crate) struct TryMutex<T>(Cell<Option<T>>);

impl<T> TryMutex<T> {
    pub(crate) fn new(thing: T) -> Self {
        Self(Cell::new(Some(thing)))
    }

    /// Returns `None` if another task has the lock. The guard calls `released` once it has unlocked.
    pub(crate) fn try_lock<R: Fn()>(&self, released: R) -> Option<TryMutexGuard<'_, T, R>> {
        self.0.take().map(|thing| TryMutexGuard { mutex: self, thing: Some(thing), released })
    }
}

pub(crate) struct TryMutexGuard<'a, T, R: Fn()> {
    mutex: &'a TryMutex<T>,
    thing: Option<T>,
    released: R,
}

impl<T, R: Fn()> Deref for TryMutexGuard<'_, T, R> {
    type Target = T;

    fn deref(&self) -> &T {
        self.thing.as_ref().expect("present until the guard is dropped")
    }
}

impl<T, R: Fn()> DerefMut for TryMutexGuard<'_, T, R> {
    fn deref_mut(&mut self) -> &mut T {
        self.thing.as_mut().expect("present until the guard is dropped")
    }
}

impl<T, R: Fn()> Drop for TryMutexGuard<'_, T, R> {
    fn drop(&mut self) {
        self.mutex.0.set(self.thing.take());
        (self.released)();
    }
}

/// Wakes the tasks that wait for a change.
#[derive(Default)]
pub(crate) struct Notify {
    waiting: RefCell<Vec<(u64, Waker)>>,
    last: Cell<u64>,
}

impl Notify {
    /// Wakes all waiting tasks.
    pub(crate) fn notify(&self) {
        for (_, waker) in self.waiting.take() {
            waker.wake();
        }
    }

    /// Waits for the next call of `notify`.
    pub(crate) async fn notified(&self) {
        let number = self.last.get() + 1;
        self.last.set(number);
        let place = Place { notify: self, number };
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

/// A task's place in the list of waiting tasks. Dropping it leaves the list, because a cancelled task must not be
/// woken.
struct Place<'a> {
    notify: &'a Notify,
    number: u64,
}

impl Place<'_> {
    fn is_taken(&self) -> bool {
        self.notify.waiting.borrow().iter().any(|(number, _)| *number == self.number)
    }

    fn leave(&self) {
        self.notify.waiting.borrow_mut().retain(|(number, _)| *number != self.number);
    }

    fn queue(&self, waker: &Waker) {
        self.leave();
        self.notify.waiting.borrow_mut().push((self.number, waker.clone()));
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

    use super::{Notify, TryMutex};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn one_task_at_a_time_has_the_lock() {
        let (mutex, released) = (TryMutex::new(1), Cell::new(0));
        let release = || released.set(released.get() + 1);
        let mut guard = mutex.try_lock(release).unwrap();
        assert!(mutex.try_lock(release).is_none());
        *guard += 1;
        drop(guard);
        assert_eq!((*mutex.try_lock(release).unwrap(), released.get()), (2, 1));
    }

    #[test]
    fn waiting_tasks_are_woken_once_and_cancelled_ones_are_not() {
        let (notify, count) = (Notify::default(), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut waiting = pin!(notify.notified());
        {
            let mut leaving = pin!(notify.notified());
            assert_eq!(leaving.as_mut().poll(&mut context), Poll::Pending);
        }
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
        notify.notify();
        notify.notify();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Ready(()));
    }

    #[test]
    fn an_earlier_notification_does_not_count() {
        let notify = Notify::default();
        notify.notify();
        assert_eq!(pin!(notify.notified()).poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    }
}
