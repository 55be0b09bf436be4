//! Whether what several clients saw can be told as one story, in which each operation happens at one moment between its
//! call and its answer (Wing and Gong's search, with Lowe's memory of where it has been).

use std::{collections::HashSet, hash::Hash};

/// What one client did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<I, O> {
    /// What it asked for.
    pub input: I,
    /// When it asked, by a clock that all clients share.
    pub called: u64,
    /// What it was told, and when. None where nobody knows what became of it: it happened at any later moment, or never.
    pub answered: Option<(O, u64)>,
}

/// Whether the history can be told as one story. `step` says what an operation makes of a state, and what it answers.
/// At most 128 operations.
pub fn is_linearizable<S, I, O>(initial: S, step: impl Fn(&S, &I) -> (S, O), history: &[Operation<I, O>]) -> bool
where
    S: Clone + Eq + Hash,
    O: PartialEq,
{
    assert!(history.len() <= u128::BITS as usize, "{} operations are too many", history.len());
    let mut seen = HashSet::new();
    let mut open = vec![(0_u128, initial)];
    while let Some((done, state)) = open.pop() {
        if !seen.insert((done, state.clone())) {
            continue;
        }
        let waiting = || history.iter().enumerate().filter(move |(index, _)| done & (1 << index) == 0);
        let answers = waiting().filter_map(|(_, operation)| operation.answered.as_ref().map(|(_, moment)| *moment));
        let Some(first_answer) = answers.min() else { return true };
        for (index, operation) in waiting().filter(|(_, operation)| operation.called < first_answer) {
            let (next, output) = step(&state, &operation.input);
            if operation.answered.as_ref().is_none_or(|(told, _)| *told == output) {
                open.push((done | (1 << index), next));
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Input {
        Read,
        Write(u8),
        Add(u8),
    }
    use Input::{Add, Read, Write};

    fn step(state: &u8, input: &Input) -> (u8, u8) {
        let next = match input {
            Read => *state,
            Write(value) => *value,
            Add(by) => state + by,
        };
        (next, next)
    }

    type History = Vec<Operation<Input, u8>>;
    /// What was asked, when, and what was told when.
    type Line = (Input, u64, Option<(u8, u64)>);

    fn history(operations: &[Line]) -> History {
        let operations = operations.iter().cloned();
        operations.map(|(input, called, answered)| Operation { input, called, answered }).collect()
    }

    #[track_caller]
    fn expect(is_one_story: bool, operations: &[Line]) {
        assert_eq!(is_linearizable(0, step, &history(operations)), is_one_story);
    }

    #[test]
    fn what_comes_one_after_the_other_is_told_in_that_order() {
        expect(true, &[]);
        expect(true, &[(Write(1), 0, Some((1, 1))), (Read, 2, Some((1, 3)))]);
        expect(false, &[(Write(1), 0, Some((1, 1))), (Read, 2, Some((0, 3)))]);
        expect(false, &[(Read, 0, Some((1, 1))), (Write(1), 2, Some((1, 3)))]);
        expect(false, &[(Write(1), 0, Some((1, 1))), (Write(2), 2, Some((2, 3))), (Read, 4, Some((1, 5)))]);
        expect(false, &[(Read, 0, Some((7, 1)))]);
    }

    #[test]
    fn what_overlaps_is_told_in_either_order_and_in_one_only() {
        let writes = [(Write(1), 0, Some((1, 9))), (Write(2), 1, Some((2, 8)))];
        for value in [1, 2] {
            expect(true, &[writes[0], writes[1], (Read, 10, Some((value, 11)))]);
        }
        let readers = |first, second| [(Read, 10, Some((first, 11))), (Read, 12, Some((second, 13)))];
        expect(true, &[&writes[..], &readers(1, 1)].concat());
        expect(false, &[&writes[..], &readers(1, 2)].concat());
        // Who reads while it is written may see either, but not the old after the new.
        let write = (Write(1), 0, Some((1, 9)));
        expect(true, &[write, (Read, 1, Some((0, 2))), (Read, 3, Some((1, 4)))]);
        expect(false, &[write, (Read, 1, Some((1, 2))), (Read, 3, Some((0, 4)))]);
    }

    #[test]
    fn an_increment_is_neither_lost_nor_done_twice() {
        let both = |first, second| [(Add(1), 0, Some((first, 5))), (Add(1), 1, Some((second, 6)))];
        expect(true, &both(1, 2));
        expect(true, &both(2, 1));
        expect(false, &both(1, 1));
        expect(false, &both(2, 3));
        expect(false, &[(Add(1), 0, Some((1, 1))), (Read, 2, Some((2, 3)))]);
    }

    #[test]
    fn what_nobody_knows_of_happened_later_once_or_never() {
        let unknown = (Add(5), 3, None);
        for value in [0, 5] {
            expect(true, &[unknown, (Read, 4, Some((value, 5)))]);
        }
        expect(true, &[unknown, (Read, 4, Some((0, 5))), (Read, 6, Some((5, 7)))]);
        expect(false, &[unknown, (Read, 4, Some((5, 5))), (Read, 6, Some((0, 7)))]);
        expect(false, &[unknown, (Read, 4, Some((10, 5)))]);
        expect(false, &[(Read, 0, Some((5, 1))), unknown]);
    }

    /// Every order that the clock allows, with every choice of what happened of that which nobody knows of.
    fn is_one_story_by_trying_all(state: u8, left: &[Operation<Input, u8>]) -> bool {
        if left.iter().all(|operation| operation.answered.is_none()) {
            return true;
        }
        left.iter().enumerate().any(|(index, operation)| {
            let mut others = left.to_vec();
            others.remove(index);
            let is_first =
                others.iter().all(|other| other.answered.as_ref().is_none_or(|(_, at)| *at > operation.called));
            let (next, output) = step(&state, &operation.input);
            let fits = operation.answered.as_ref().is_none_or(|(told, _)| *told == output);
            is_first && fits && is_one_story_by_trying_all(next, &others)
        })
    }

    #[test]
    fn it_judges_as_trying_all_orders_does() {
        let mut random = StdRng::seed_from_u64(1);
        let mut verdicts = [0; 2];
        for _ in 0..20_000 {
            let operations = (0..random.random_range(1..6)).map(|_| {
                let input = match random.random_range(0..3) {
                    0 => Read,
                    1 => Write(random.random_range(1..3)),
                    _ => Add(1),
                };
                let called = random.random_range(0..12);
                let answered =
                    random.random_bool(0.8).then(|| (random.random_range(0..4), called + random.random_range(1..9)));
                Operation { input, called, answered }
            });
            let history: History = operations.collect();
            let expected = is_one_story_by_trying_all(0, &history);
            assert_eq!(is_linearizable(0, step, &history), expected, "{history:?}");
            verdicts[usize::from(expected)] += 1;
        }
        assert!(verdicts.iter().all(|count| *count > 1_000), "{verdicts:?}");
    }
}
