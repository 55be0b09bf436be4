//! Calls broken in every other way, at bytes that a seed draws, and Redis asked what happened.

use host_test::{
    bench::block_on,
    component::Flavour,
    faults::{Direction, Fault, Kind},
    mode::Mode,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use super::{
    cases::cases,
    promises::hold,
    way::{PATIENT, Way, on_ways},
};

/// Shorter than anybody likes to wait in vain, longer than Redis takes on a busy machine.
const IMPATIENT: u32 = 1_000;

/// A call that a seed draws, broken at a byte that it draws. Whether a byte was there.
async fn sample(way: &mut Way, mode: Mode, kind: Kind, seed: u64) -> bool {
    let mut random = StdRng::seed_from_u64(seed);
    let case = *cases(mode).choose(&mut random).expect("a case");
    let direction = *[Direction::Request, Direction::Reply].choose(&mut random).expect("a direction");
    let calm = case.run_calm(way).await;
    let at_byte = random.random_range(0..calm.run.length(direction)) as u64;
    let fault = Fault { direction, at_byte, kind };
    let run = case.run(way, Some(fault)).await;
    if kind == Kind::Garble {
        // A byte may turn into anything, and nobody can tell from then on what state that connection is in. The next
        // one has to be in order.
        way.store = way.another_store().await;
        let session = way.stored().await;
        assert_eq!(session.get("number").await, Ok(Some("5".to_owned())), "after {case:?}, {fault:?}");
        session.close().await;
        return run.broken().is_some();
    }
    hold(&case, &calm, &run, fault)
}

/// So many samples of each kind.
fn sample_all(flavour: Flavour, mode: Mode, kinds: &[(Kind, u64)], answer: u32) {
    block_on(async {
        let seeds = kinds.iter().flat_map(|(kind, count)| (0..*count).map(|seed| (*kind, seed))).collect();
        let open = async || Way::open(flavour, mode, "", answer).await;
        let happened = on_ways(open, seeds, async |way, (kind, seed)| sample(way, mode, kind, seed).await).await;
        let happened = happened.into_iter().filter(|happened| *happened).count();
        println!("{flavour:?}, {mode:?}: {happened} faults injected, {kinds:?}");
        let samples: u64 = kinds.iter().map(|(_, count)| count).sum();
        assert!(happened as u64 >= samples * 9 / 10, "{happened} of {samples} faults happened");
    });
}

/// After these, an answer comes at once or not at all.
const SHORT: [(Kind, u64); 4] = [(Kind::Reset, 300), (Kind::HalfClose, 300), (Kind::Split, 100), (Kind::Delay, 60)];
/// After these, an answer may be waited for in vain.
const LONG: [(Kind, u64); 2] = [(Kind::Stall, 36), (Kind::Garble, 100)];

#[test]
fn scripts_broken_otherwise_are_done_once_or_told() {
    for flavour in [Flavour::Blocking, Flavour::Async] {
        sample_all(flavour, Mode::Scripts, &SHORT, PATIENT);
        sample_all(flavour, Mode::Scripts, &LONG, IMPATIENT);
    }
}

#[test]
fn transactions_broken_otherwise_are_done_once_or_told() {
    for flavour in [Flavour::Blocking, Flavour::Async] {
        sample_all(flavour, Mode::NoScripts, &SHORT, PATIENT);
        sample_all(flavour, Mode::NoScripts, &LONG, IMPATIENT);
    }
}
