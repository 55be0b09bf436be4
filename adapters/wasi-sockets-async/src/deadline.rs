//! Waiting, within a time limit.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use crate::bindings::exports::drsession::session::socket_async::Error;
use crate::bindings::wasi::clocks::monotonic_clock::{self, Mark};

pub(crate) const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;

/// The moment at which a time limit runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline(Mark);

impl Deadline {
    /// So many milliseconds from now.
    pub(crate) fn after(milliseconds: u32) -> Self {
        Self(monotonic_clock::now().saturating_add(u64::from(milliseconds) * NANOSECONDS_PER_MILLISECOND))
    }

    /// The end of one part of what is left, so many equal parts as it has to do for; none where nothing is left.
    pub(crate) fn share(self, parts: usize) -> Option<Self> {
        self.share_at(monotonic_clock::now(), parts)
    }

    fn share_at(self, now: Mark, parts: usize) -> Option<Self> {
        let left = self.0.checked_sub(now).filter(|left| *left > 0)?;
        Some(Self(now + left / parts.max(1) as u64))
    }

    /// What the future comes to, where it does so in time; else it is dropped. No clock is asked where it is ready at
    /// once.
    pub(crate) async fn limit<T>(self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let time_is_up = async {
            monotonic_clock::wait_until(self.0).await;
            Err(Error::TimedOut)
        };
        first(future, time_is_up).await
    }
}

/// What the first of two futures to be ready comes to, or the former where both are. The other one is dropped.
pub(crate) async fn first<T>(former: impl Future<Output = T>, latter: impl Future<Output = T>) -> T {
    let (mut former, mut latter) = (pin!(former), pin!(latter));
    poll_fn(|context| match former.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(result),
        Poll::Pending => latter.as_mut().poll(context),
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn, ready};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::{Deadline, first};

    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn what_is_left_is_shared_out() {
        let deadline = Deadline(100);
        assert_eq!(deadline.share_at(40, 3), Some(Deadline(60)));
        assert_eq!(deadline.share_at(40, 1), Some(deadline));
        assert_eq!(deadline.share_at(99, 2), Some(Deadline(99)));
        assert_eq!(deadline.share_at(100, 1), None);
        assert_eq!(deadline.share_at(101, 1), None);
    }

    #[test]
    fn the_former_of_two_that_are_ready_counts_and_the_latter_is_not_even_begun() {
        let never_begun = poll_fn(|_| unreachable!("the former is ready"));
        assert_eq!(poll(first(ready(1), never_begun)), Poll::Ready(1));
    }

    #[test]
    fn one_that_is_ready_is_enough() {
        assert_eq!(poll(first(pending(), ready(2))), Poll::Ready(2));
        assert_eq!(poll(first(pending::<()>(), pending())), Poll::Pending);
    }
}
