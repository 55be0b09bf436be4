//! What a handle knows of its session, and what follows from each answer. No I/O: it says what to send, and is told what
//! came.

use super::{call::Answer, step::Step};
use crate::{
    error::Error,
    id::{Id, Key},
    options::Lifetime,
};

/// What a request's cookie led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// No id, or none that is well formed.
    NoCookie,
    /// An id that is not in Redis.
    UnknownId,
    /// The session was there.
    Alive,
}

/// How far a handle knows its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// A cookie named it, and no call has looked yet.
    Undecided,
    /// It is new.
    Fresh {
        /// How many creating writes have left whose answers have not come: it may be there without our knowing.
        unanswered: u32,
    },
    /// It was there, or was asked for by its id: gone is an error from now on.
    Established,
}

/// What `Set-Cookie` has to say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CookieChange {
    /// Nothing.
    None,
    /// This id.
    Set(Id),
    /// That there is no more.
    Remove,
}

/// How to send a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// Not at all: nothing is stored, and nothing will be.
    Nowhere,
    /// To a session that has to be there.
    Require,
    /// To a session that is made where it is not there.
    Create,
}

/// What a handle stood for when a call was sent. It may stand for another session when the answer comes.
#[derive(Clone)]
pub struct Sent {
    /// Where the call went.
    pub key: Key,
    /// How far the session was known.
    pub standing: Standing,
}

/// What to do after an answer.
#[derive(PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub enum Next {
    /// The answer is the caller's.
    Return(Answer),
    /// No session is stored: begin anew, the handle knows more now.
    Again,
    /// This error is the caller's.
    Fail(Error),
}

/// What a handle knows.
pub struct Handle {
    /// The session's key, or that of the one that the cookie names.
    pub key: Key,
    /// How far it is known.
    pub standing: Standing,
    /// What the cookie led to, once that is known.
    pub found: Option<Found>,
    /// Whether the first call renews the idle lifetime.
    pub renewing: bool,
    /// Whether a call has renewed it.
    pub renewed: bool,
    /// Whether a call has seen to the session's expiry.
    pub settled: bool,
    /// Lifetimes of its own that wait for the first write.
    pub pending_lifetime: Option<Lifetime>,
    /// Where a rotation tried to move it, and has no answer for.
    pub rotating_to: Option<Key>,
    /// What our own marker would hold, once we have tried to end the session.
    pub token: Option<String>,
    /// What the response has to say.
    pub change: CookieChange,
    /// Under which former name the cookie came, as long as that cookie is still to be removed.
    pub former_name: Option<usize>,
    /// The response's headers, once they have been asked for.
    pub headers: Option<Vec<(String, String)>>,
}

impl Handle {
    fn new(key: Key, standing: Standing, found: Option<Found>) -> Self {
        Self {
            key,
            standing,
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
    pub fn start(key: Key) -> Self {
        Self::new(key, Standing::Fresh { unanswered: 0 }, Some(Found::NoCookie))
    }

    /// A session known by its id.
    pub fn attach(key: Key) -> Self {
        Self::new(key, Standing::Established, None)
    }

    /// What a cookie names, perhaps under a former name of its own.
    pub fn from_cookie(key: Key, former_name: Option<usize>) -> Self {
        Self { former_name, ..Self::new(key, Standing::Undecided, None) }
    }

    /// Whether the id is this session's for sure.
    pub fn is_decided(&self) -> bool {
        self.standing != Standing::Undecided
    }

    /// What it stands for now.
    pub fn sent(&self) -> Sent {
        Sent { key: self.key.clone(), standing: self.standing }
    }

    /// How to send these steps; notes that a creating write leaves.
    pub fn route(&mut self, steps: &[Step]) -> Result<Route, Error> {
        let creates = steps.iter().any(Step::creates);
        match self.standing {
            Standing::Undecided | Standing::Established => Ok(Route::Require),
            Standing::Fresh { unanswered } if creates => {
                self.check_not_too_late()?;
                self.standing = Standing::Fresh { unanswered: unanswered + 1 };
                Ok(Route::Create)
            }
            Standing::Fresh { unanswered: 0 } => Ok(Route::Nowhere),
            Standing::Fresh { .. } => Ok(Route::Require),
        }
    }

    /// Notes what came of a creating write to `key`: only where its outcome is unknown it stays in doubt.
    pub fn answered(&mut self, key: &Key, answer: &Result<Answer, Error>) {
        if self.key == *key
            && !matches!(answer, Err(Error::OutcomeUnknown(_)))
            && let Standing::Fresh { unanswered } = &mut self.standing
        {
            *unanswered = unanswered.saturating_sub(1);
        }
    }

    /// What would change the cookie comes too late once the response's headers have been handed out.
    pub fn check_not_too_late(&self) -> Result<(), Error> {
        if self.headers.is_some() { Err(Error::TooLate) } else { Ok(()) }
    }

    /// Learns from an answer to what was sent; `fresh_key` makes one for a session that begins anew.
    pub fn learn(&mut self, sent: &Sent, answer: Answer, renewed: bool, fresh_key: impl FnOnce() -> Key) -> Next {
        if self.key != sent.key {
            // Another call of this handle has moved on in the meantime; what this one did is the caller's to know.
            return match answer {
                Answer::Missing if sent.standing != Standing::Established => Next::Again,
                answer => ended(answer),
            };
        }
        match answer {
            Answer::Done(_) | Answer::Conflict(_) | Answer::Failed(_) => {
                let nothing_made =
                    matches!(self.standing, Standing::Fresh { .. }) && !matches!(answer, Answer::Done(_));
                if !nothing_made {
                    self.lives(renewed);
                }
                ended(answer)
            }
            Answer::Missing => match self.standing {
                Standing::Undecided => {
                    self.begin_anew(fresh_key());
                    self.found = Some(Found::UnknownId);
                    Next::Again
                }
                Standing::Fresh { .. } => {
                    self.standing = Standing::Fresh { unanswered: 0 };
                    Next::Again
                }
                Standing::Established => Next::Fail(Error::Gone),
            },
            Answer::Gone(_) | Answer::Rotated(_) => {
                self.standing = Standing::Established;
                ended(answer)
            }
        }
    }

    fn lives(&mut self, renewed: bool) {
        if matches!(self.standing, Standing::Fresh { .. }) {
            self.change = CookieChange::Set(self.key.id());
            self.pending_lifetime = None;
        }
        self.found.get_or_insert(Found::Alive);
        self.standing = Standing::Established;
        self.renewed |= renewed;
        self.settled = true;
    }

    /// The rotation to this key is done.
    pub fn rotated(&mut self, key: Key, renewed: bool) {
        self.lives(renewed);
        self.change = CookieChange::Set(key.id());
        self.key = key;
        self.rotating_to = None;
    }

    /// The session has ended by our own doing.
    pub fn destroyed(&mut self) {
        self.change = CookieChange::Remove;
    }

    /// A new session under a new key. What the response has to say of the former one stays.
    pub fn begin_anew(&mut self, key: Key) {
        self.key = key;
        self.standing = Standing::Fresh { unanswered: 0 };
        self.found.get_or_insert(Found::NoCookie);
        self.renewed = false;
        self.settled = false;
        self.pending_lifetime = None;
        self.rotating_to = None;
        self.token = None;
    }
}

fn ended(answer: Answer) -> Next {
    match answer {
        Answer::Failed(error) => Next::Fail(error),
        Answer::Missing => Next::Fail(Error::Gone),
        Answer::Rotated(_) => Next::Fail(Error::Rotated),
        answer => Next::Return(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> Key {
        Key::new(b"", Id::from_random([seed; 32]))
    }

    fn fresh() -> Key {
        unreachable!("no session begins anew")
    }

    #[test]
    fn a_write_to_a_session_that_was_left_does_not_go_into_the_next() {
        let mut handle = Handle::attach(key(1));
        let sent = handle.sent();
        handle.begin_anew(key(2));
        assert!(handle.learn(&sent, Answer::Missing, true, fresh) == Next::Fail(Error::Gone));
    }

    #[test]
    fn who_finds_nothing_after_another_call_has_goes_where_that_one_went() {
        let mut handle = Handle::from_cookie(key(1), None);
        let (first, second) = (handle.sent(), handle.sent());
        assert!(handle.learn(&first, Answer::Missing, true, || key(2)) == Next::Again);
        let sent = handle.sent();
        let done = || Answer::Done(Vec::new());
        assert!(handle.learn(&sent, done(), true, fresh) == Next::Return(done()));
        assert!(handle.learn(&second, Answer::Missing, true, fresh) == Next::Again);
        assert!(handle.key == key(2));
    }
}
