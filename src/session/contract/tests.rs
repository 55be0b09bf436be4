//! Concurrent calls of one handle, answered in the order that a test chooses.

use super::*;
use crate::{
    options::Options,
    redis::{Address, Dedicated, SocketError, Timeouts, testing::Held},
    session::Store,
};
use futures::FutureExt;
use std::{
    cell::{Cell, RefCell},
    pin::pin,
    rc::Rc,
};

/// The reply of a script that has executed one operation.
const DONE: &[u8] = b"*2\r\n$2\r\nok\r\n:1\r\n";

/// Connects each call to a server of its own, which answers when the test lets it.
#[derive(Clone, Default)]
struct Servers(Rc<RefCell<Vec<Rc<Cell<bool>>>>>);

impl Servers {
    /// Lets the server with this number answer. They are numbered in the order of connection.
    fn answer(&self, number: usize) {
        self.0.borrow()[number].set(true);
    }
}

impl Host for Servers {
    type Socket = Held;
    type Strategy = Dedicated;

    async fn connect(&self, _: &Address, _: Timeouts, _: &str) -> Result<Held, SocketError> {
        let released = Rc::new(Cell::new(false));
        self.0.borrow_mut().push(released.clone());
        Ok(Held { released, answer: Ok(DONE) })
    }

    fn now(&self) -> u64 {
        0
    }

    async fn wait(&self, _: u32) {}

    fn random<const COUNT: usize>(&self) -> [u8; COUNT] {
        [7; COUNT]
    }
}

#[test]
fn a_logout_that_is_answered_late_does_not_remove_the_cookie_of_a_new_login() {
    let servers = Servers::default();
    let store = Store::open(&Options::new("redis://h".into()), servers.clone()).unwrap_or_else(|_| panic!("options"));
    let session = store.attach(&"A".repeat(43)).unwrap_or_else(|_| panic!("a well-formed id"));
    let mut logout = pin!(session.destroy());
    assert!(logout.as_mut().now_or_never().is_none());
    assert_eq!(session.restart(), Ok(()));
    let mut login = pin!(session.set("user", "1"));
    assert!(login.as_mut().now_or_never().is_none());

    servers.answer(1);
    assert_eq!(login.now_or_never(), Some(Ok(())));
    servers.answer(0);
    assert_eq!(logout.now_or_never(), Some(Ok(())));
    let (name, cookie) = session.response_headers().swap_remove(0);
    assert_eq!(name, "set-cookie");
    let id = session.id().expect("an id");
    assert!(cookie.contains(&id) && !cookie.contains("Max-Age=0"), "the cookie is removed");
}
