//! Stream operations that lose nothing when the waiting task is cancelled.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use wit_bindgen::{StreamRead, StreamWrite};

/// An operation that can be cancelled, and then returns its partial result.
pub(crate) trait Operation: Future {
    fn cancel(self: Pin<&mut Self>) -> Self::Output;
}

impl Operation for StreamRead<'_, u8> {
    fn cancel(self: Pin<&mut Self>) -> Self::Output {
        self.cancel()
    }
}

impl Operation for StreamWrite<'_, u8> {
    fn cancel(self: Pin<&mut Self>) -> Self::Output {
        self.cancel()
    }
}

/// Waits for the operation and passes its result to `keep`. If dropped earlier, cancels it and passes the partial
/// result.
pub(crate) async fn complete<O: Operation>(operation: O, keep: impl FnOnce(O::Output)) {
    let mut completion = Completion { operation: pin!(operation), keep: Some(keep) };
    poll_fn(|context| completion.poll(context)).await;
}

struct Completion<'a, O: Operation, K: FnOnce(O::Output)> {
    operation: Pin<&'a mut O>,
    /// `None` once the operation is done.
    keep: Option<K>,
}

impl<O: Operation, K: FnOnce(O::Output)> Completion<'_, O, K> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let result = ready!(self.operation.as_mut().poll(context));
        if let Some(keep) = self.keep.take() {
            keep(result);
        }
        Poll::Ready(())
    }
}

impl<O: Operation, K: FnOnce(O::Output)> Drop for Completion<'_, O, K> {
    fn drop(&mut self) {
        if let Some(keep) = self.keep.take() {
            keep(self.operation.as_mut().cancel());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::{Operation, complete};

    /// Ready at the given poll. Returns how often it was polled.
    struct Polled {
        times: usize,
        until: usize,
    }

    impl Future for Polled {
        type Output = usize;

        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<usize> {
            self.times += 1;
            if self.times == self.until { Poll::Ready(self.times) } else { Poll::Pending }
        }
    }

    impl Operation for Polled {
        fn cancel(self: Pin<&mut Self>) -> usize {
            assert!(self.times < self.until, "what is done can't be cancelled");
            self.times
        }
    }

    /// Returns what is kept of an operation that is ready at poll `until` and is dropped after `times` polls.
    fn kept(until: usize, times: usize) -> Vec<usize> {
        let kept = RefCell::new(Vec::new());
        {
            let mut completing = pin!(complete(Polled { times: 0, until }, |times| kept.borrow_mut().push(times)));
            for time in 1..=times {
                let done = completing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
                assert_eq!(done, time == until);
            }
        }
        kept.into_inner()
    }

    #[test]
    fn the_result_is_kept_once() {
        assert_eq!(kept(3, 3), [3]);
    }

    #[test]
    fn the_partial_result_is_kept_when_dropped() {
        assert_eq!(kept(3, 2), [2]);
    }

    #[test]
    fn an_operation_that_never_started_keeps_nothing() {
        assert!(kept(3, 0).is_empty());
    }
}
