//! The same calls on the socket as a session's `get`.

use std::cell::OnceCell;

use super::{Idle, VALUE};
use bindings::Guest;
use bindings::drsession::session::socket::{Address, Connection, Timeouts};

mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated")]
    use super::Idle;

    wit_bindgen::generate!({
        path: ["../../../wit", "wit"],
        world: "drsession:benchmark-idle/blocking",
        generate_all,
    });

    export!(Idle with_types_in self);
}

/// As many bytes as the session component sends.
const REQUEST: [u8; 128] = [b'x'; 128];
/// As many as it is ready to take.
const READ_SIZE: u32 = 64 * 1024;

thread_local! {
    static CONNECTION: OnceCell<Connection> = const { OnceCell::new() };
}

fn connect() -> Connection {
    let address = Address::Tcp(("127.0.0.1".to_owned(), 6379));
    Connection::connect(&address, Timeouts { connect: 2000, answer: 2000 }, "").expect("a canned connection")
}

impl Guest for Idle {
    fn exchange(_: String) -> Option<String> {
        CONNECTION.with(|connection| {
            let connection = connection.get_or_init(connect);
            connection.write(&REQUEST).ok()?;
            let answer = connection.read(READ_SIZE).ok()?;
            connection.set_idle();
            (!answer.is_empty()).then(|| VALUE.to_owned())
        })
    }
}
