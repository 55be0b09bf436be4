//! Time limits.

use crate::bindings::exports::drsession::session::socket::Error;
use crate::bindings::wasi::clocks::monotonic_clock::{self, Instant};
use crate::bindings::wasi::io::poll::{Pollable, poll};

pub(crate) const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;

/// The time at which a time limit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline(Instant);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Ready,
    TimeIsUp,
}

impl Deadline {
    pub(crate) fn after(milliseconds: u32) -> Self {
        Self(monotonic_clock::now().saturating_add(u64::from(milliseconds) * NANOSECONDS_PER_MILLISECOND))
    }

    /// The deadline of the first of this many equal parts of the time left. `None` if no time is left.
    pub(crate) fn share(self, parts: usize) -> Option<Self> {
        self.share_at(monotonic_clock::now(), parts)
    }

    fn share_at(self, now: Instant, parts: usize) -> Option<Self> {
        let left = self.0.checked_sub(now).filter(|left| *left > 0)?;
        Some(Self(now + left / parts.max(1) as u64))
    }

    /// Attempts at once, and again each time the pollable is ready, until an attempt succeeds or fails.
    pub(crate) fn attempt<T>(
        self,
        ready: &Pollable,
        attempt: impl FnMut() -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        attempt_until(attempt, || self.wait(ready))
    }

    fn wait(self, ready: &Pollable) -> Wait {
        let time_is_up = monotonic_clock::subscribe_instant(self.0);
        match poll(&[ready, &time_is_up]).contains(&1) {
            true => Wait::TimeIsUp,
            false => Wait::Ready,
        }
    }
}

/// Makes one last attempt after the time limit: what became ready at the last moment counts, and a pollable that is
/// ready without result can't go on for ever.
fn attempt_until<T>(
    mut attempt: impl FnMut() -> Result<Option<T>, Error>,
    mut wait: impl FnMut() -> Wait,
) -> Result<T, Error> {
    let mut last = Wait::Ready;
    loop {
        if let Some(result) = attempt()? {
            return Ok(result);
        }
        if last == Wait::TimeIsUp {
            return Err(Error::TimedOut);
        }
        last = wait();
    }
}

#[cfg(test)]
mod tests {
    use super::{Deadline, Error, Wait, attempt_until};

    /// Attempts that come to nothing but the last, and how often they waited.
    fn run(attempts: usize, waits: &[Wait]) -> (Result<(), Error>, usize) {
        let (mut attempted, mut waited) = (0, 0);
        let result = attempt_until(
            || {
                attempted += 1;
                Ok((attempted == attempts).then_some(()))
            },
            || {
                waited += 1;
                waits[waited - 1]
            },
        );
        (result, waited)
    }

    #[test]
    fn what_has_arrived_is_not_waited_for() {
        assert!(matches!(run(1, &[]), (Ok(()), 0)));
    }

    #[test]
    fn it_attempts_until_one_succeeds() {
        assert!(matches!(run(3, &[Wait::Ready, Wait::Ready]), (Ok(()), 2)));
    }

    #[test]
    fn what_comes_at_the_last_moment_counts() {
        assert!(matches!(run(2, &[Wait::TimeIsUp]), (Ok(()), 1)));
    }

    #[test]
    fn after_the_time_limit_it_ends() {
        assert!(matches!(run(9, &[Wait::Ready, Wait::TimeIsUp]), (Err(Error::TimedOut), 2)));
    }

    #[test]
    fn an_error_ends_it() {
        let result = attempt_until(|| Err::<Option<()>, _>(Error::Refused), || unreachable!("nothing to wait for"));
        assert!(matches!(result, Err(Error::Refused)));
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
}
