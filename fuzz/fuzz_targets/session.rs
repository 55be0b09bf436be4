//! `drsession.wasm` and whatever comes through its socket: every call ends, nothing traps, memory and computing stay within
//! bounds, and it says and sends what the core by itself does.

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
    native::{self, OneByOne, World},
    plan::Plan,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: blocking::prepare(), |input: &[u8]| {
    let plan = Plan::new(input);
    let network = Rc::new(RefCell::new(plan.network.clone()));
    let told: Vec<String> = {
        let options = plan.settings.options();
        let store = Store::open(&options, World::<OneByOne>::new(&network)).expect("good options");
        let session = native::open(&store, &plan);
        plan.calls.iter().map(|call| ready(native::call(&store, &session, *call))).collect()
    };
    let sent = network.borrow().sent();
    assert_eq!((told, sent), blocking::run(&plan), "what the core says and sends, and what the component does");
});

/// The result of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("nothing here waits"),
    }
}
