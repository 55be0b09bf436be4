//! `drsession.wasm`, whatever its socket receives: every call ends, nothing traps, memory and fuel stay within their limits, and the
//! component returns and sends the same as the core alone.

#![no_main]

use std::{
    cell::RefCell,
    future::Future,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use drsession::session::Store;
use drsession_fuzz::{
    blocking,
    native::{self, Sequential, SimulatedHost},
    plan::Plan,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: blocking::prepare(), |input: &[u8]| {
    let plan = Plan::new(input);
    let network = Rc::new(RefCell::new(plan.network.clone()));
    let results: Vec<String> = {
        let options = plan.settings.options();
        let store = Store::open(&options, SimulatedHost::<Sequential>::new(&network)).expect("good options");
        let session = native::open(&store, &plan);
        plan.calls.iter().map(|call| ready(native::call(&store, &session, *call))).collect()
    };
    let sent = network.borrow().sent();
    assert_eq!((results, sent), blocking::run(&plan), "the core and the component return and send the same");
});

/// The result of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("nothing here waits"),
    }
}
