//! So much of something, and no more, for all of one guest together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub(crate) struct Budget {
    limit: usize,
    taken: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, taken: AtomicUsize::new(0) })
    }

    /// So much of it, until it is dropped; none where there is not so much left.
    pub(crate) fn take(self: &Arc<Self>, amount: usize) -> Option<Share> {
        let sum = |taken: usize| taken.checked_add(amount).filter(|sum| *sum <= self.limit);
        self.taken.fetch_update(Relaxed, Relaxed, sum).ok()?;
        Some(Share { budget: Arc::clone(self), amount })
    }

    /// The same for what may be larger than the budget: that takes all of it.
    pub(crate) fn take_or_all(self: &Arc<Self>, amount: usize) -> Option<Share> {
        self.take(amount.min(self.limit))
    }
}

/// What was taken of a budget; dropped, it is given back.
pub(crate) struct Share {
    budget: Arc<Budget>,
    amount: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.amount, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_can_be_taken_again() {
        let budget = Budget::new(3);
        let share = budget.take(2).expect("two of three");
        assert!(budget.take(2).is_none());
        let _rest = budget.take(1).expect("the third");
        assert!(budget.take(1).is_none());
        drop(share);
        assert!(budget.take(2).is_some());
    }

    #[test]
    fn what_is_larger_than_all_takes_all() {
        let budget = Budget::new(3);
        let all = budget.take_or_all(usize::MAX).expect("all of it");
        assert!(budget.take_or_all(1).is_none());
        drop(all);
        let _some = budget.take_or_all(1).expect("one of three");
        assert!(budget.take_or_all(usize::MAX).is_none());
        assert!(budget.take(usize::MAX).is_none());
    }
}
