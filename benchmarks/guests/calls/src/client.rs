//! By a client that the host has.

use std::cell::OnceCell;

use super::{Calls, FIELD};
use bindings::drsession::benchmark_calls::client::{Connection, Parameter};
use bindings::exports::drsession::benchmark_calls::calls::{Call, Guest};

mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated")]
    use super::Calls;

    wit_bindgen::generate!({
        path: ["../../../wit", "wit"],
        world: "drsession:benchmark-calls/with-client",
        generate_all,
    });

    export!(Calls with_types_in self);
}

const VALUE: &str = "\"a value of thirty bytes or so\"";

thread_local! {
    static OPENED: OnceCell<(Connection, String)> = const { OnceCell::new() };
}

impl Guest for Calls {
    fn open(url: String, id: String) {
        let connection = Connection::open(&url).expect("a connection");
        OPENED.with(|opened| opened.set((connection, ["drsession:", &id].concat())).expect("opened once"));
    }

    fn make(call: Call) {
        let text = |text: &str| Parameter::Binary(text.as_bytes().to_vec());
        let (command, arguments) = match call {
            Call::Get => ("HGET", vec![text(FIELD)]),
            Call::Set => ("HSET", vec![text(FIELD), text(VALUE)]),
            Call::Contains => ("HEXISTS", vec![text(FIELD)]),
            Call::Delete => ("HDEL", vec![text(FIELD)]),
            Call::Increment => ("HINCRBY", vec![text("visits"), Parameter::Int64(1)]),
            Call::Nothing => return,
        };
        OPENED.with(|opened| {
            let (connection, key) = opened.get().expect("opened before");
            let arguments: Vec<_> = std::iter::once(text(key)).chain(arguments).collect();
            drop(connection.execute(command, &arguments).expect("a reply"));
        });
    }
}
