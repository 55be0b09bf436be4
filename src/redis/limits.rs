//! The limits of one call: a deadline, and a budget for the bytes of its replies.
//!
//! They begin with the call, and cover everything that it does: connecting, retries, redirects, every command of a
//! transaction. The socket's own time limits cover a single operation each. A server that sends little, but often,
//! never exceeds those. So every loop that reads checks the deadline too.

use super::{
    host::{SocketError, Timeouts},
    scanner::{MAX_BYTES, ScanError},
};
use std::cell::Cell;

/// The time and the bytes that one call has left.
pub struct Limits {
    deadline: u64,
    bytes: Cell<usize>,
}

impl Limits {
    /// The limits of a call that begins now. Its time is that for connecting plus that for one answer, and all its
    /// replies together may be as long as one reply.
    pub fn begin(now: u64, timeouts: Timeouts) -> Self {
        Self { deadline: now + u64::from(timeouts.connect) + u64::from(timeouts.answer), bytes: Cell::new(MAX_BYTES) }
    }

    /// Milliseconds on the clock of [`Host::now`](super::host::Host::now).
    pub fn deadline(&self) -> u64 {
        self.deadline
    }

    /// Milliseconds until the deadline.
    pub fn time_left(&self, now: u64) -> u64 {
        self.deadline.saturating_sub(now)
    }

    /// An error once the deadline has passed.
    pub fn check_time(&self, now: u64) -> Result<(), SocketError> {
        if now < self.deadline { Ok(()) } else { Err(SocketError::TimedOut) }
    }

    /// Bytes that its replies may still have.
    pub fn bytes_left(&self) -> usize {
        self.bytes.get()
    }

    /// Leaves this much of the budget, after a part of the call has spent the rest.
    pub fn leave(&self, bytes: usize) {
        self.bytes.set(bytes);
    }

    /// Takes this many received bytes from the budget.
    pub fn spend(&self, length: usize) -> Result<(), ScanError> {
        let left = self.bytes.get().checked_sub(length).ok_or(ScanError::TooLarge(MAX_BYTES))?;
        self.bytes.set(left);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_replies_of_a_call_share_one_budget() {
        let limits = Limits::begin(0, Timeouts { connect: 1, answer: 1 });
        assert_eq!(limits.spend(MAX_BYTES - 1), Ok(()));
        assert_eq!(limits.spend(1), Ok(()));
        assert_eq!(limits.spend(1), Err(ScanError::TooLarge(MAX_BYTES)));
    }

    #[test]
    fn a_call_may_connect_and_wait_for_an_answer() {
        let limits = Limits::begin(100, Timeouts { connect: 20, answer: 3 });
        assert_eq!(limits.time_left(101), 22);
        assert_eq!(limits.check_time(122), Ok(()));
        assert_eq!(limits.check_time(123), Err(SocketError::TimedOut));
        assert_eq!(limits.time_left(500), 0);
    }
}
