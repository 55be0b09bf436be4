//! A guest that takes whatever it can get of its socket, and leaves it as nobody should.

#![cfg(target_arch = "wasm32")]

mod bindings;
mod together;

use std::cell::RefCell;
use std::rc::Rc;

use bindings::Guest;
use bindings::drsession::session::socket_async::{Address, Connection, Error, Timeouts};
use together::{all, at_once};

const PATIENT: Timeouts = Timeouts { connect: 20_000, answer: 20_000 };

thread_local! {
    static KEPT: RefCell<Vec<Rc<Connection>>> = const { RefCell::new(Vec::new()) };
}

struct Greedy;

impl Guest for Greedy {
    async fn hoard(host: String, port: u16, times: u32) -> (u32, Option<String>) {
        let connects = (0..times).map(|_| connect(host.clone(), port, String::new()));
        let (mut got, mut refused) = (Vec::new(), None);
        for result in all(connects).await {
            match result {
                Ok(connection) => got.push(Rc::new(connection)),
                Err(error) => refused = Some(told(error)),
            }
        }
        let count = got.len() as u32;
        KEPT.with_borrow_mut(|kept| kept.append(&mut got));
        (count, refused)
    }

    async fn flood(bytes: Vec<u8>, times: u32) -> u32 {
        let kept = KEPT.with_borrow(Vec::clone);
        let writes = kept.iter().flat_map(|connection| (0..times).map(|_| connection.write(bytes.clone())));
        let results = at_once(writes).await;
        results.iter().filter(|result| matches!(result, Some(Err(_)))).count() as u32
    }

    async fn leave(host: String, port: u16, state: String, bytes: Vec<u8>, read: u32) -> Result<(), String> {
        let connection = connect(host, port, state.clone()).await.map_err(told)?;
        connection.set_state(&state);
        connection.write(bytes).await.map_err(told)?;
        if read > 0 {
            connection.read(read).await.map_err(told)?;
        }
        connection.set_idle();
        Ok(())
    }

    async fn reach(host: String, port: u16) -> Result<(), String> {
        connect(host, port, String::new()).await.map(drop).map_err(told)
    }
}

async fn connect(host: String, port: u16, state: String) -> Result<Connection, Error> {
    Connection::connect(Address::Tcp((host, port)), PATIENT, state).await
}

fn told(error: Error) -> String {
    format!("{error:?}")
}

#[allow(unsafe_code, unreachable_pub, reason = "generated")]
mod export {
    use super::Greedy;

    crate::bindings::export!(Greedy with_types_in crate::bindings);
}
