//! Sessions handed over by a token: from a middleware to the application behind it.

use super::{
    Component, Shared,
    bindings::exports::drsession::session::{
        request::{Entry, Guest, GuestEntry},
        session_async::{Session, SessionBorrow},
    },
    host::ComponentHost,
};
use crate::{id::Id, redis::Host};
use std::{cell::RefCell, collections::BTreeMap};

thread_local! {
    /// What has been handed over and not ended, by its token.
    static ENTRIES: RefCell<BTreeMap<String, Shared>> = const { RefCell::new(BTreeMap::new()) };
}

/// Ends its token when it is dropped.
pub(super) struct Token(String);

impl Guest for Component {
    type Entry = Token;

    fn enter(session: SessionBorrow<'_>) -> Entry {
        // As hard to guess as a session's id, and no more than that is asked of it.
        let token = Id::from_random(ComponentHost.random()).as_str().to_owned();
        let session = session.get::<Shared>().clone();
        ENTRIES.with_borrow_mut(|entries| entries.insert(token.clone(), session));
        Entry::new(Token(token))
    }

    fn current(token: String) -> Option<Session> {
        ENTRIES.with_borrow(|entries| entries.get(&token).map(|session| Session::new(session.clone())))
    }
}

impl GuestEntry for Token {
    fn token(&self) -> String {
        self.0.clone()
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        // The session may be the last handle on its store, whose connection is closed then: not within the borrow.
        let ended = ENTRIES.with_borrow_mut(|entries| entries.remove(&self.0));
        drop(ended);
    }
}
