//! On a session.

use std::cell::OnceCell;

use super::{Calls, FIELD};
use bindings::drsession::session::session::{Options, Session, Store};
use bindings::exports::drsession::benchmark_calls::calls::{Call, Guest};

mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated")]
    use super::Calls;

    wit_bindgen::generate!({
        path: ["../../../wit", "wit"],
        world: "drsession:benchmark-calls/blocking",
        generate_all,
    });

    export!(Calls with_types_in self);
}

const VALUE: &str = "\"a value of thirty bytes or so\"";

thread_local! {
    static SESSION: OnceCell<(Store, Session)> = const { OnceCell::new() };
}

impl Guest for Calls {
    fn open(url: String, id: String) {
        let store = Store::open(&Options::new(&url)).expect("a store");
        let session = store.attach(&id).expect("a well-formed id");
        SESSION.with(|opened| opened.set((store, session)).expect("opened once"));
    }

    fn make(call: Call) {
        SESSION.with(|opened| {
            let (_, session) = opened.get().expect("opened before");
            match call {
                Call::Get => drop(session.get(FIELD).expect("a reply")),
                Call::Set => session.set(FIELD, VALUE).expect("a reply"),
                Call::Contains => drop(session.contains(FIELD).expect("a reply")),
                Call::Delete => drop(session.delete(FIELD).expect("a reply")),
                Call::Increment => drop(session.increment("visits", 1).expect("a reply")),
                Call::Nothing => {}
            }
        });
    }
}
