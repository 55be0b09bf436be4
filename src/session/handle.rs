//! What a handle knows of its session, and what it learns from each response. No I/O.

use super::{
    Operation,
    request::{Expect, Response},
};
use crate::{
    error::Error,
    id::{Id, Key},
    options::Lifetime,
};

/// What a request's cookie led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// No id, or no well-formed one.
    NoCookie,
    /// An id that is not in Redis.
    UnknownId,
    /// A live session.
    Alive,
}

/// What a handle knows about its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionState {
    /// A cookie named it, and no call has looked it up yet.
    Undecided,
    /// It is new.
    New {
        /// The number of creating writes that were sent and have no known outcome. They may have created the session.
        unanswered: u32,
    },
    /// It was alive, or the application asked for it by its id. If it is gone, that is an error.
    Established,
}

/// What `Set-Cookie` says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CookieChange {
    /// Nothing.
    None,
    /// The cookie is set to this id.
    Set(Id),
    /// The cookie is removed.
    Remove,
}

/// What a handle stood for when a request was sent. When the response arrives, another call may have changed that.
#[derive(Clone)]
pub struct Snapshot {
    /// The session's key.
    pub key: Key,
    state: SessionState,
    /// Whether the request creates the session, and is counted as unanswered.
    creates: bool,
    /// What the request expects of the session.
    pub expect: Expect,
    /// Whether the request renews the idle lifetime.
    pub renew: bool,
    /// Whether an earlier call has ensured that the session has an expiry and a time of creation.
    pub settled: bool,
    /// Lifetimes that the creating write has to store.
    pub pending_lifetime: Option<Lifetime>,
}

/// What to do after a response.
#[derive(PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub enum Action {
    /// Return it to the caller.
    Return(Response),
    /// Try again: there is no session, and the handle has become a new one.
    Again,
    /// Return this error to the caller.
    Fail(Error),
}

/// A handle's state.
pub struct Handle {
    /// The session's key, or that of the session that the cookie names.
    key: Key,
    state: SessionState,
    /// Whether calls check that the session is alive.
    guarded: bool,
    /// What the cookie led to, once a call has found out.
    found: Option<Found>,
    /// Whether the first call renews the idle lifetime, and whether a call has done so.
    renewing: bool,
    renewed: bool,
    settled: bool,
    /// Lifetimes of its own, until the first write stores them.
    pending_lifetime: Option<Lifetime>,
    /// The new key of a rotation whose outcome is not known.
    rotating_to: Option<Key>,
    /// The token of the tombstone that `destroy` leaves, once that was called.
    token: Option<String>,
    change: CookieChange,
    /// The index of the former name under which the cookie came.
    former_name: Option<usize>,
    /// The response's headers, once the application has asked for them.
    headers: Option<Vec<(String, String)>>,
}

impl Handle {
    fn new(key: Key, guarded: bool, state: SessionState, found: Option<Found>) -> Self {
        Self {
            key,
            state,
            guarded,
            found,
            renewing: true,
            renewed: false,
            settled: false,
            pending_lifetime: None,
            rotating_to: None,
            token: None,
            change: CookieChange::None,
            former_name: None,
            headers: None,
        }
    }

    /// A new session.
    pub fn start(key: Key, guarded: bool) -> Self {
        Self::new(key, guarded, SessionState::New { unanswered: 0 }, Some(Found::NoCookie))
    }

    /// The session with a known id.
    pub fn attach(key: Key, guarded: bool) -> Self {
        Self::new(key, guarded, SessionState::Established, None)
    }

    /// The session that a cookie names, perhaps under a former name.
    pub fn from_cookie(key: Key, guarded: bool, former_name: Option<usize>) -> Self {
        Self { former_name, ..Self::new(key, guarded, SessionState::Undecided, None) }
    }

    /// The id, if it is certain.
    pub fn id(&self) -> Option<Id> {
        (self.state != SessionState::Undecided).then(|| self.key.id())
    }

    /// What the cookie led to, if a call has found out.
    pub fn found(&self) -> Option<Found> {
        self.found
    }

    /// Whether the session has to be looked up first. With the guard on, each call itself checks that the session
    /// exists.
    pub fn needs_lookup(&self) -> bool {
        !self.guarded && self.state == SessionState::Undecided
    }

    /// Whether nothing is stored, and no write is under way that may store something.
    pub fn is_unsaved(&self) -> bool {
        self.state == SessionState::New { unanswered: 0 }
    }

    /// Whether the session has existed.
    pub fn is_established(&self) -> bool {
        self.state == SessionState::Established
    }

    /// Sets whether the first call renews the idle lifetime.
    pub fn set_renewing(&mut self, on: bool) {
        self.renewing = on;
    }

    /// A snapshot, for a request that does not create the session. `renew` overrides the handle's own setting.
    pub fn snapshot(&self, renew: Option<bool>) -> Snapshot {
        Snapshot {
            key: self.key.clone(),
            state: self.state,
            creates: false,
            expect: if self.guarded { Expect::Alive } else { Expect::Anything },
            renew: self.guarded && renew.unwrap_or(self.renewing && !self.renewed),
            settled: self.settled,
            pending_lifetime: None,
        }
    }

    /// Prepares a request with these operations, and notes that it is sent. `None` if no request is needed: nothing is
    /// stored, and the operations store nothing.
    pub fn prepare(&mut self, operations: &[Operation], renew: Option<bool>) -> Result<Option<Snapshot>, Error> {
        let mut snapshot = self.snapshot(renew);
        if let SessionState::New { unanswered } = self.state {
            if operations.iter().any(|operation| operation.describe().creates()) {
                self.check_not_too_late()?;
                self.state = SessionState::New { unanswered: unanswered + 1 };
                snapshot.creates = true;
                if self.guarded {
                    snapshot.expect = Expect::New;
                    snapshot.pending_lifetime = self.pending_lifetime;
                }
                snapshot.state = self.state;
            } else if unanswered == 0 {
                return Ok(None);
            }
        }
        Ok(Some(snapshot))
    }

    /// `too-late` if the application has already asked for the response's headers: the cookie can no longer change.
    pub fn check_not_too_late(&self) -> Result<(), Error> {
        if self.headers.is_some() { Err(Error::TooLate) } else { Ok(()) }
    }

    /// Learns from the result of a request. `new_key` makes the key of a session that starts anew.
    pub fn learn(&mut self, sent: &Snapshot, result: Result<Response, Error>, new_key: impl FnOnce() -> Key) -> Action {
        let is_same = self.key == sent.key;
        if is_same
            && sent.creates
            && !matches!(result, Err(Error::OutcomeUnknown(_)))
            && let SessionState::New { unanswered } = &mut self.state
        {
            *unanswered = unanswered.saturating_sub(1);
        }
        let response = match result {
            Ok(response) => response,
            Err(error) => return Action::Fail(error),
        };
        if !is_same {
            // Another call has changed what the handle stands for. This response is still the caller's.
            return match response {
                Response::Missing if sent.state != SessionState::Established => Action::Again,
                response => action(response),
            };
        }
        match response {
            Response::Done(_) | Response::Conflict(_) | Response::Failed(_) => {
                let nothing_created =
                    matches!(self.state, SessionState::New { .. }) && !matches!(response, Response::Done(_));
                if !nothing_created {
                    self.is_alive(sent.renew);
                }
                action(response)
            }
            Response::Missing => match self.state {
                SessionState::Undecided => {
                    self.start_anew(new_key());
                    self.found = Some(Found::UnknownId);
                    Action::Again
                }
                SessionState::New { .. } => {
                    self.state = SessionState::New { unanswered: 0 };
                    Action::Again
                }
                SessionState::Established => Action::Fail(Error::Gone),
            },
            Response::Gone(_) | Response::Moved(_) => {
                self.state = SessionState::Established;
                action(response)
            }
        }
    }

    /// Learns whether the session exists, with the guard off.
    pub fn learn_existence(
        &mut self,
        sent: &Snapshot,
        exists: bool,
        new_key: impl FnOnce() -> Key,
    ) -> Result<(), Error> {
        let response = if exists { Response::Done(Default::default()) } else { Response::Missing };
        if exists && self.key == sent.key {
            self.found.get_or_insert(Found::Alive);
        }
        match self.learn(sent, Ok(response), new_key) {
            Action::Fail(error) => Err(error),
            Action::Return(_) | Action::Again => Ok(()),
        }
    }

    fn is_alive(&mut self, renewed: bool) {
        if matches!(self.state, SessionState::New { .. }) {
            self.change = CookieChange::Set(self.key.id());
            self.pending_lifetime = None;
        }
        if self.guarded {
            self.found.get_or_insert(Found::Alive);
        }
        self.state = SessionState::Established;
        self.renewed |= renewed;
        self.settled = true;
    }

    /// Lifetimes that wait for the first write.
    pub fn pending_lifetime(&self) -> Option<Lifetime> {
        self.pending_lifetime
    }

    /// Keeps lifetimes until the first write.
    pub fn keep_lifetime(&mut self, lifetime: Option<Lifetime>) {
        self.pending_lifetime = lifetime;
    }

    /// The new key of a rotation: the one that an earlier try has used, if its outcome is not known.
    pub fn rotation_key(&mut self, new_key: impl FnOnce(Id) -> Key) -> Key {
        let id = self.key.id();
        self.rotating_to.get_or_insert_with(|| new_key(id)).clone()
    }

    /// The session has moved to this key.
    pub fn rotated(&mut self, key: Key, renewed: bool) {
        self.is_alive(renewed);
        self.change = CookieChange::Set(key.id());
        self.key = key;
        self.rotating_to = None;
    }

    /// The session's key, and the token of the tombstone that `destroy` leaves.
    pub fn tombstone(&mut self, token: impl FnOnce() -> String) -> (Key, String) {
        (self.key.clone(), self.token.get_or_insert_with(token).clone())
    }

    /// This handle has destroyed the session with this key. If the session was never stored, there is no cookie to
    /// remove. If a new login came meanwhile, its cookie stays.
    pub fn destroyed(&mut self, key: &Key) {
        if self.is_established() && self.key == *key {
            self.change = CookieChange::Remove;
        }
    }

    /// The handle becomes a new session. The response headers that the former session required stay.
    pub fn start_anew(&mut self, key: Key) {
        self.key = key;
        self.state = SessionState::New { unanswered: 0 };
        self.found.get_or_insert(Found::NoCookie);
        self.renewed = false;
        self.settled = false;
        self.pending_lifetime = None;
        self.rotating_to = None;
        self.token = None;
    }

    /// The response's headers. `make` makes them once, from the cookie's change and former name.
    pub fn headers(
        &mut self,
        make: impl FnOnce(CookieChange, Option<usize>) -> Vec<(String, String)>,
    ) -> Vec<(String, String)> {
        let (change, former_name) = (self.change, self.former_name);
        self.headers.get_or_insert_with(|| make(change, former_name)).clone()
    }
}

fn action(response: Response) -> Action {
    match response {
        Response::Failed(error) => Action::Fail(error),
        Response::Missing => Action::Fail(Error::Gone),
        Response::Moved(_) => Action::Fail(Error::Rotated),
        response => Action::Return(response),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> Key {
        Key::new(b"", Id::from_random([seed; 32]))
    }

    fn no_key() -> Key {
        unreachable!("no session starts anew")
    }

    #[test]
    fn a_write_to_a_session_that_was_left_does_not_go_into_the_next() {
        let mut handle = Handle::attach(key(1), true);
        let sent = handle.snapshot(None);
        handle.start_anew(key(2));
        assert!(handle.learn(&sent, Ok(Response::Missing), no_key) == Action::Fail(Error::Gone));
    }

    #[test]
    fn a_read_settles_no_doubt_about_a_creating_write() {
        let mut handle = Handle::start(key(1), true);
        let lost = || Err(Error::OutcomeUnknown("connection closed".into()));
        let write = handle.prepare(&[Operation::set("a", b"1")], None).unwrap().unwrap();
        assert!(matches!(handle.learn(&write, lost(), no_key), Action::Fail(_)));
        let read = handle.prepare(&[Operation::get("a")], None).unwrap().expect("the session may exist");
        assert!(matches!(handle.learn(&read, Err(Error::Busy), no_key), Action::Fail(_)));
        assert!(handle.prepare(&[Operation::get("a")], None).unwrap().is_some(), "the doubt is gone");
    }

    #[test]
    fn two_calls_that_find_no_session_become_the_same_new_one() {
        let mut handle = Handle::from_cookie(key(1), true, None);
        let (first, second) = (handle.snapshot(None), handle.snapshot(None));
        assert!(handle.learn(&first, Ok(Response::Missing), || key(2)) == Action::Again);
        let sent = handle.snapshot(None);
        let done = || Response::Done(Default::default());
        assert!(handle.learn(&sent, Ok(done()), no_key) == Action::Return(done()));
        assert!(handle.learn(&second, Ok(Response::Missing), no_key) == Action::Again);
        assert!(handle.id().is_some_and(|id| id == key(2).id()));
    }
}
