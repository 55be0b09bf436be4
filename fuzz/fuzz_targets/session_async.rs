//! `drsession-async.wasm` and whatever comes through its socket, with many calls under way: every call ends, nothing traps,
//! memory and computing stay within bounds. The core by itself does the same first, and some calls are cancelled there.

#![no_main]

use std::{
    cell::RefCell,
    rc::Rc,
    task::{Context, Waker},
};

use drsession::session::Store;
use drsession_fuzz::{
    concurrent,
    native::{self, Pending, SideBySide, World},
    plan::{Plan, Turn},
};
use futures::{executor::block_on, future::join_all};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: concurrent::prepare(), |input: &[u8]| {
    let plan = Plan::new(input);
    let network = Rc::new(RefCell::new(plan.network.clone()));
    let options = plan.settings.options();
    let store = Store::open(&options, World::<SideBySide>::new(&network)).expect("good options");
    let session = native::open(&store, &plan);
    let calls = plan.calls.iter().map(|call| Some(native::call(&store, &session, *call))).collect();
    let left = take_turns(calls, &plan.turns);
    // A call that nobody wakes waits here for ever.
    block_on(join_all(left));

    concurrent::run(&plan);
});

/// Lets calls go on or cancels them; those that are left.
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
