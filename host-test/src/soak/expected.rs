//! What one session has to hold, by what its writers were told.
//!
//! A write that was acknowledged is there. One whose outcome is unknown may be applied, once, at any time: what is left of it
//! on the way may arrive after what was sent later.

use std::collections::BTreeMap;

use super::told::Told;

/// What a promise was broken by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Violation {
    /// What was acknowledged is not there.
    Lost,
    /// More is there than was ever written.
    AppliedTwice,
    /// What has ended, or moved away, is alive.
    Revived,
    /// An answer that nothing of this explains.
    Unexpected,
}

/// How often a counter has to have been counted up by one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    acknowledged: i64,
    unknown: i64,
}

impl Tally {
    pub(super) fn acknowledge(&mut self) {
        self.acknowledged += 1;
    }

    pub(super) fn doubt(&mut self) {
        self.unknown += 1;
    }

    pub(super) fn check(&self, found: i64) -> Result<(), Violation> {
        if found < self.acknowledged {
            Err(Violation::Lost)
        } else if found > self.acknowledged + self.unknown {
            Err(Violation::AppliedTwice)
        } else {
            Ok(())
        }
    }

    /// The same for what can't be undone any more: it tells how many of the unknown ones were applied.
    pub(super) fn learn(&mut self, found: i64) -> Result<(), Violation> {
        self.check(found)?;
        self.unknown -= found - self.acknowledged;
        self.acknowledged = found;
        Ok(())
    }
}

/// What a field may hold: none is absent. No number is ever written by two calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    acknowledged: Option<u64>,
    unknown: Vec<Option<u64>>,
}

impl Field {
    pub(super) fn acknowledged(&self) -> Option<u64> {
        self.acknowledged
    }

    pub(super) fn acknowledge(&mut self, value: Option<u64>) {
        // Had it been tried before, that try is this one.
        if let Some(index) = self.unknown.iter().position(|unknown| value.is_some() && *unknown == value) {
            self.unknown.swap_remove(index);
        }
        self.acknowledged = value;
    }

    pub(super) fn doubt(&mut self, value: Option<u64>) {
        if !self.unknown.contains(&value) {
            self.unknown.push(value);
        }
    }

    pub(super) fn check(&self, found: Option<u64>) -> Result<(), Violation> {
        if found == self.acknowledged || self.unknown.contains(&found) { Ok(()) } else { Err(Violation::Lost) }
    }

    pub(super) fn may_be_there(&self) -> bool {
        self.acknowledged.is_some() || self.unknown.iter().any(Option::is_some)
    }

    /// Notes what became of a write of this value.
    pub(super) fn note<T>(&mut self, value: Option<u64>, told: &Told<T>) {
        match told {
            Told::Done(_) => self.acknowledge(value),
            Told::Unknown | Told::Unreplicated => self.doubt(value),
            Told::Unavailable | Told::Ended => {}
        }
    }

    /// What [`check`](Self::check) is asked, for what can't be undone any more.
    pub(super) fn learn(&mut self, found: Option<u64>) -> Result<(), Violation> {
        self.check(found)?;
        self.acknowledge(found);
        Ok(())
    }
}

/// The fields of numbers that are written one by one.
pub(super) const SINGLE: [&str; 2] = ["a", "b"];
/// Those that are always written together.
pub(super) const PAIR: [&str; 2] = ["left", "right"];
/// The counter.
pub(super) const COUNT: &str = "count";

/// What a session has to hold.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// The id that it has now.
    pub(super) id: String,
    /// Whether a write was ever acknowledged: until then it need not be there.
    pub(super) is_stored: bool,
    pub(super) count: Tally,
    pub(super) single: [Field; SINGLE.len()],
    pub(super) pair: Field,
}

impl Expected {
    pub(super) fn new(id: String) -> Self {
        Self { id, is_stored: false, count: Tally::default(), single: Default::default(), pair: Field::default() }
    }

    /// Holds all of its fields, hidden ones left out, against what they have to be. `is_final`: what was found can't be
    /// undone any more.
    pub(super) fn compare(&mut self, found: &BTreeMap<String, String>, is_final: bool) -> Result<(), Violation> {
        let number =
            |name: &str| found.get(name).map(|text| text.parse().map_err(|_| Violation::Unexpected)).transpose();
        let known = SINGLE.iter().chain(&PAIR).chain([&COUNT]);
        if found.len() != known.filter(|name| found.contains_key(**name)).count() {
            return Err(Violation::Unexpected);
        }
        let [left, right] = PAIR.map(number);
        let (left, right) = (left?, right?);
        if left != right {
            return Err(Violation::Lost);
        }
        let singles = self.single.iter_mut().zip(SINGLE.map(number));
        for (field, found) in singles.chain([(&mut self.pair, Ok(left))]) {
            if is_final { field.learn(found?)? } else { field.check(found?)? }
        }
        let count = number(COUNT)?.unwrap_or(0) as i64;
        if is_final { self.count.learn(count) } else { self.count.check(count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
        fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_counter_holds_what_was_acknowledged_and_at_most_what_is_unknown_beside() {
        let mut tally = Tally::default();
        tally.acknowledge();
        tally.acknowledge();
        tally.doubt();
        assert_eq!(tally.check(1), Err(Violation::Lost));
        assert_eq!(tally.check(2), Ok(()));
        assert_eq!(tally.check(3), Ok(()));
        assert_eq!(tally.check(4), Err(Violation::AppliedTwice));
    }

    #[test]
    fn an_unknown_count_that_was_found_is_acknowledged_from_then_on() {
        let mut tally = Tally::default();
        tally.doubt();
        tally.doubt();
        assert_eq!(tally.learn(1), Ok(()));
        assert_eq!(tally.check(0), Err(Violation::Lost));
        assert_eq!(tally.check(2), Ok(()));
        assert_eq!(tally.check(3), Err(Violation::AppliedTwice));
    }

    #[test]
    fn a_field_holds_what_was_acknowledged_last_or_what_is_unknown() {
        let mut field = Field::default();
        assert_eq!(field.check(Some(1)), Err(Violation::Lost));
        field.acknowledge(Some(1));
        field.doubt(Some(2));
        field.acknowledge(Some(3));
        assert_eq!(field.check(Some(1)), Err(Violation::Lost));
        assert_eq!(field.check(None), Err(Violation::Lost));
        assert_eq!(field.check(Some(2)), Ok(()));
        assert_eq!(field.check(Some(3)), Ok(()));
    }

    #[test]
    fn what_was_unknown_is_applied_once() {
        let mut field = Field::default();
        field.doubt(Some(1));
        assert_eq!(field.learn(Some(1)), Ok(()));
        field.acknowledge(Some(2));
        assert_eq!(field.check(Some(1)), Err(Violation::Lost));
    }

    #[test]
    fn a_deletion_that_is_unknown_may_come_at_any_time() {
        let mut field = Field::default();
        field.doubt(None);
        field.acknowledge(Some(1));
        assert_eq!(field.check(None), Ok(()));
        assert_eq!(field.check(Some(1)), Ok(()));
        assert!(field.may_be_there() && !Field::default().may_be_there());
    }

    #[test]
    fn half_a_batch_is_a_loss_and_a_field_that_nobody_wrote_no_answer() {
        let mut expected = Expected::new(String::new());
        expected.pair.acknowledge(Some(7));
        expected.count.acknowledge();
        assert_eq!(expected.compare(&found(&[("left", "7"), ("right", "7"), ("count", "1")]), true), Ok(()));
        assert_eq!(expected.compare(&found(&[("left", "7"), ("count", "1")]), true), Err(Violation::Lost));
        assert_eq!(expected.compare(&found(&[("left", "7"), ("right", "7")]), true), Err(Violation::Lost));
        let strange = found(&[("left", "7"), ("right", "7"), ("count", "1"), ("other", "1")]);
        assert_eq!(expected.compare(&strange, true), Err(Violation::Unexpected));
    }
}
