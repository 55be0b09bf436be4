//! The interface `request`: a middleware hands a session to the application behind it, by a token.

use super::{
    Component, Handle,
    bindings::exports::drsession::session::{
        request::{Entry, Guest, GuestEntry},
        session_async::{Session, SessionBorrow},
    },
    host::ComponentHost,
};
use crate::{id::Id, redis::Host};
use std::{cell::RefCell, collections::BTreeMap};

thread_local! {
    /// The sessions that have been handed over, by token.
    static ENTRIES: RefCell<BTreeMap<String, Handle>> = const { RefCell::new(BTreeMap::new()) };
}

/// The token of a session that was handed over. Dropping it ends the handover.
pub(super) struct Token(String);

impl Guest for Component {
    type Entry = Token;

    fn enter(session: SessionBorrow<'_>) -> Entry {
        // As hard to guess as a session's id.
        let token = Id::from_random(ComponentHost.random()).as_str().to_owned();
        let session = session.get::<Handle>().clone();
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
        // Dropping the last handle of a store closes its connection, so it must not happen within the borrow.
        let ended = ENTRIES.with_borrow_mut(|entries| entries.remove(&self.0));
        drop(ended);
    }
}
