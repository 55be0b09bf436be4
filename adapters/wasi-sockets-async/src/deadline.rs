//! Time limits.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use crate::bindings::exports::drsession::session::socket_async::Error;
use crate::bindings::wasi::clocks::monotonic_clock::{self, Mark};

pub(crate) const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;

/// The time at which a time limit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline(Mark);

impl Deadline {
    pub(crate) fn after(milliseconds: u32) -> Self {
        Self(monotonic_clock::now().saturating_add(u64::from(milliseconds) * NANOSECONDS_PER_MILLISECOND))
    }

    /// The deadline of the first of this many equal parts of the time left. `None` if no time is left.
    pub(crate) fn share(self, parts: usize) -> Option<Self> {
        self.share_at(monotonic_clock::now(), parts)
    }

    fn share_at(self, now: Mark, parts: usize) -> Option<Self> {
        let left = self.0.checked_sub(now).filter(|left| *left > 0)?;
        Some(Self(now + left / parts.max(1) as u64))
    }

    /// Returns the future's result, or drops it at the deadline. Does not ask the clock if the future is ready at once.
    pub(crate) async fn limit<T>(self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let timeout = async {
            monotonic_clock::wait_until(self.0).await;
            Err(Error::TimedOut)
        };
        race(future, timeout).await
    }
}

/// Returns the result of the future that is ready first, `former` if both are, and drops the other.
pub(crate) async fn race<T>(former: impl Future<Output = T>, latter: impl Future<Output = T>) -> T {
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

    use super::{Deadline, race};

    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_time_left_is_divided() {
        let deadline = Deadline(100);
        assert_eq!(deadline.share_at(40, 3), Some(Deadline(60)));
        assert_eq!(deadline.share_at(40, 1), Some(deadline));
        assert_eq!(deadline.share_at(99, 2), Some(Deadline(99)));
        assert_eq!(deadline.share_at(100, 1), None);
        assert_eq!(deadline.share_at(101, 1), None);
    }

    #[test]
    fn if_both_are_ready_the_former_wins_and_the_latter_is_not_polled() {
        let never_begun = poll_fn(|_| unreachable!("the former is ready"));
        assert_eq!(poll(race(ready(1), never_begun)), Poll::Ready(1));
    }

    #[test]
    fn one_ready_future_is_enough() {
        assert_eq!(poll(race(pending(), ready(2))), Poll::Ready(2));
        assert_eq!(poll(race(pending::<()>(), pending())), Poll::Pending);
    }
}
