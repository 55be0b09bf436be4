//! `drsession-async.wasm` with many calls at the same time, whatever its socket receives: every call ends, nothing traps, memory and
//! fuel stay within their limits. First the core alone runs the same calls, and the input cancels some of them.

#![no_main]

use std::{
    cell::RefCell,
    rc::Rc,
    task::{Context, Waker},
};

use drsession::session::Store;
use drsession_fuzz::{
    concurrent,
    native::{self, Concurrent, Pending, SimulatedHost},
    plan::{Plan, Turn},
};
use futures::{executor::block_on, future::join_all};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: concurrent::prepare(), |input: &[u8]| {
    let plan = Plan::new(input);
    let network = Rc::new(RefCell::new(plan.network.clone()));
    let options = plan.settings.options();
    let store = Store::open(&options, SimulatedHost::<Concurrent>::new(&network)).expect("good options");
    let session = native::open(&store, &plan);
    let calls = plan.calls.iter().map(|call| Some(native::call(&store, &session, *call))).collect();
    let left = take_turns(calls, &plan.turns);
    // A call that nothing wakes waits here forever.
    block_on(join_all(left));

    concurrent::run(&plan);
});

/// Polls or cancels calls, as the turns say. Returns the calls that are left.
fn take_turns<'a>(mut calls: Vec<Option<Pending<'a>>>, turns: &[Turn]) -> Vec<Pending<'a>> {
    let mut context = Context::from_waker(Waker::noop());
    for turn in turns {
        let (Turn::GoesOn(index) | Turn::Cancelled(index)) = turn;
        let Some(slot) = calls.get_mut(*index) else { continue };
        let is_done = match turn {
            Turn::GoesOn(_) => slot.as_mut().is_some_and(|call| call.as_mut().poll(&mut context).is_ready()),
            Turn::Cancelled(_) => true,
        };
        if is_done {
            *slot = None;
        }
    }
    calls.into_iter().flatten().collect()
}
