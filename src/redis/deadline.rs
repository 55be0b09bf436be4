//! The time limit of an answer that comes in pieces.

use std::cell::Cell;

/// Until when an answer has to be whole. The socket's own limit is for each read: a server that sends little, but often,
/// would never come to it.
pub struct Deadline {
    limit: u32,
    moment: Cell<Option<u64>>,
}

impl Deadline {
    /// So many milliseconds, from the first read that did not make the answer whole.
    pub fn new(limit: u32) -> Self {
        Self { limit, moment: Cell::new(None) }
    }

    /// Whether it has passed, after a read that did not make the answer whole.
    pub fn has_passed(&self, now: u64) -> bool {
        let moment = self.moment.get().unwrap_or(now + u64::from(self.limit));
        self.moment.set(Some(moment));
        now >= moment
    }

    /// The answer is whole. The next one has time of its own.
    pub fn lift(&self) {
        self.moment.set(None);
    }
}

#[cfg(test)]
mod tests {
    use crate::redis::{
        Batch, Connection, ExchangeError, SocketError,
        exclusive::Exclusive,
        shared::Shared,
        testing::{Dripping, ready},
    };

    const LIMIT: u32 = 1_000;
    const LATE: ExchangeError = ExchangeError::Unanswered(SocketError::TimedOut);

    #[test]
    fn who_sends_little_and_often_comes_to_the_limit_all_the_same() {
        let batch = Batch::of(&[b"CMD"]);
        let exclusive = Exclusive::new(Dripping::default(), LIMIT);
        assert_eq!(ready(exclusive.exchange(&batch)), Err(LATE));
        let shared = Shared::new(Dripping::default(), LIMIT);
        assert_eq!(ready(shared.exchange(&batch)), Err(LATE));
    }
}
