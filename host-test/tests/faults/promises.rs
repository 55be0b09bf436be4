//! What the contract promises to a call whose way to Redis broke.

use host_test::{
    faults::{Direction, Fault, Kind},
    session::Error,
};

use super::{
    calls::Nature,
    cases::{Calm, Case, Run, may_write},
};

/// How much shorter a reply may be than another one to the same command: Redis says the time, and the number of a
/// connection.
const MOST_DIGITS: usize = 12;

/// What became of a call with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The caller got its answer, and Redis has done it, once.
    Done,
    /// The caller was told that it was not done, and it was not.
    NotDone,
    /// The caller was told that nobody knows.
    Unknown,
}

/// Holds a call to the contract. False where the fault did not happen.
pub(crate) fn hold(case: &Case, Calm { before, run: calm }: &Calm, run: &Run, fault: Fault) -> bool {
    let place = || format!("{} as {:?}, {fault:?}: {:?}", case.call.name, case.setting, run.told);
    let Some(exchange) = run.broken() else {
        let length = calm.length(fault.direction);
        let is_near_the_end = fault.direction == Direction::Reply && fault.at_byte as usize + MOST_DIGITS > length;
        assert!(is_near_the_end, "{}: no byte was there", place());
        assert_eq!((&run.told, &run.after), (&calm.told, &calm.after), "{}", place());
        return false;
    };
    match fate(case, calm, exchange, fault.kind) {
        Fate::Done => assert_eq!((&run.told, &run.after), (&calm.told, &calm.after), "{}", place()),
        Fate::NotDone => {
            assert!(matches!(run.told, Err(Error::Unavailable(_))), "{}", place());
            assert_eq!(&run.after, before, "{}", place());
        }
        Fate::Unknown => {
            assert!(matches!(run.told, Err(Error::OutcomeUnknown(_))), "{}", place());
            assert!(run.count_that_may_write() <= calm.count_that_may_write(), "{}: sent again", place());
            let is_done = fault.direction == Direction::Reply && Some(exchange) == calm.last_that_may_write();
            assert_eq!(&run.after, if is_done { &calm.after } else { before }, "{}", place());
        }
    }
    true
}

fn fate(case: &Case, calm: &Run, exchange: usize, kind: Kind) -> Fate {
    let may_write = may_write(&calm.exchanges[exchange]);
    match (kind, case.call.nature) {
        (Kind::Garble, _) => panic!("nothing is promised where bytes change"),
        (Kind::Split | Kind::Delay, _) => Fate::Done,
        // The answer is known already.
        (Kind::Stall, _) if calm.exchanges[exchange].asks("UNWATCH") => Fate::Done,
        (Kind::Stall, Nature::Writes | Nature::Recognises) if may_write => Fate::Unknown,
        // It has taken all the time there is.
        (Kind::Stall, _) => Fate::NotDone,
        (_, Nature::Writes) if may_write => Fate::Unknown,
        // Where there is nothing to move, it is a write like any other.
        (_, Nature::Recognises) if case.creates() && Some(exchange) == calm.last_that_may_write() => Fate::Unknown,
        _ => Fate::Done,
    }
}
