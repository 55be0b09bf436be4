//! On sessions, waiting side by side.

use std::cell::OnceCell;

use super::{Calls, FIELD};
use bindings::drsession::session::session_async::{Options, Session, Store};
use bindings::exports::drsession::benchmark_calls::calls_async::Guest;

mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated")]
    use super::Calls;

    wit_bindgen::generate!({
        path: ["../../../wit", "wit"],
        world: "drsession:benchmark-calls/concurrent",
        generate_all,
    });

    export!(Calls with_types_in self);
}

/// Lives as long as the program: calls borrow it while they wait.
struct Opened {
    _store: Store,
    sessions: Vec<Session>,
}

thread_local! {
    static OPENED: OnceCell<&'static Opened> = const { OnceCell::new() };
}

impl Guest for Calls {
    fn open(url: String, id: String, callers: u32) {
        let store = Store::open(&Options::new(&url)).expect("a store");
        let sessions = (0..callers).map(|_| store.attach(&id).expect("a well-formed id")).collect();
        let opened = &*Box::leak(Box::new(Opened { _store: store, sessions }));
        OPENED.with(|cell| cell.set(opened).ok().expect("opened once"));
    }

    async fn get(caller: u32) {
        let opened = OPENED.with(|cell| *cell.get().expect("opened before"));
        let value = opened.sessions[caller as usize].get(FIELD.to_owned()).await;
        drop(value.expect("a reply"));
    }
}
