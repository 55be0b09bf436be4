//! Sessions as they should be, in memory.

use std::collections::BTreeMap;

use host_test::session::{Error, Found, Operation, Outcome};

use super::{
    super::mode::Mode,
    action::{Action, Answer, Lifetime},
    batch::{Batch, Fields, is_text},
};

/// What lies under an id.
pub(super) enum Stored {
    Alive(Alive),
    Moved,
    Ended,
}

#[derive(Default)]
pub(super) struct Alive {
    fields: Fields,
    /// Its own lifetimes, where it has some.
    own: Option<Lifetime>,
}

impl Stored {
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let fields = match self {
            Self::Alive(session) => Some(&session.fields),
            Self::Moved | Self::Ended => None,
        };
        fields.into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

/// How far a handle knows its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Undecided,
    Fresh,
    Established,
}

/// What the response says of the cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    None,
    Set(String),
    Removed,
}

#[derive(Clone, Debug)]
pub(super) struct Handle {
    pub(super) id: String,
    pub(super) standing: Standing,
    pub(super) cookie: Cookie,
    found: Option<Found>,
    /// Lifetimes that wait for the first write.
    pending: Option<Lifetime>,
}

impl Handle {
    /// On a session that may be there.
    pub(super) fn new(id: &str, standing: Standing) -> Self {
        Self { id: id.to_owned(), standing, cookie: Cookie::None, found: None, pending: None }
    }

    /// On a new session.
    pub(super) fn started(id: &str) -> Self {
        Self { found: Some(Found::NoCookie), ..Self::new(id, Standing::Fresh) }
    }

    /// On a session that it has stored itself.
    pub(super) fn maker(id: &str) -> Self {
        Self { standing: Standing::Established, cookie: Cookie::Set(id.to_owned()), ..Self::started(id) }
    }

    fn begin_anew(&mut self, id: &str) {
        id.clone_into(&mut self.id);
        self.standing = Standing::Fresh;
        self.found.get_or_insert(Found::NoCookie);
        self.pending = None;
    }
}

/// Everything that should be in Redis.
pub(super) struct World {
    pub(super) sessions: BTreeMap<String, Stored>,
    mode: Mode,
    lifetime: Lifetime,
}

/// One of these is what a call should answer.
pub(super) type Answers = Vec<Result<Answer, Error>>;

impl World {
    /// One session with `a` at 1.
    pub(super) fn with_one_session(mode: Mode, lifetime: Lifetime, id: &str) -> Self {
        let session = Alive { fields: Fields::from([("a".to_owned(), b"1".to_vec())]), own: None };
        Self { sessions: BTreeMap::from([(id.to_owned(), Stored::Alive(session))]), mode, lifetime }
    }

    /// Seconds until a session expires that has just been used.
    pub(super) fn expiry(&self, session: &Alive) -> Option<u32> {
        shorter(session.own.unwrap_or(self.lifetime))
    }

    /// The names of the fields that the application doesn't see, in order.
    pub(super) fn hidden_fields(&self, stored: &Stored) -> Vec<&'static [u8]> {
        match stored {
            _ if !self.mode.is_guarded() => Vec::new(),
            Stored::Moved => vec![b"\0moved"],
            Stored::Ended => vec![b"\0ended"],
            Stored::Alive(Alive { own: None, .. }) => vec![b"\0created"],
            Stored::Alive(Alive { own: Some(_), .. }) => vec![b"\0absolute", b"\0created", b"\0idle"],
        }
    }

    /// What the call answers, and does. Where it makes a new id, it is this one.
    pub(super) fn answers(&mut self, handle: &mut Handle, call: &Action, new_id: &str) -> Answers {
        if matches!(call, Action::Values | Action::Items) && self.look(handle, new_id) == Ok(true) {
            let corrupt: Vec<_> = self.fields(&handle.id).into_iter().filter(|(_, value)| !is_text(value)).collect();
            if !corrupt.is_empty() {
                return corrupt.into_iter().map(|(name, _)| Err(Error::Corrupt(name))).collect();
            }
        }
        vec![self.answer(handle, call, new_id)]
    }

    fn answer(&mut self, handle: &mut Handle, call: &Action, new_id: &str) -> Result<Answer, Error> {
        match call {
            Action::Start | Action::Attach(_) | Action::FromCookie(_) => unreachable!("no call of a session"),
            Action::One(operation) => self.apply(handle, std::slice::from_ref(operation), new_id).map(Answer::Outcomes),
            Action::Apply(operations) => self.apply(handle, operations, new_id).map(Answer::Outcomes),
            Action::GetMany(fields) => {
                let gets: Vec<_> = fields.iter().cloned().map(Operation::Get).collect();
                let outcomes = self.apply(handle, &gets, new_id)?.into_iter();
                let text = |outcome| if let Outcome::Text(text) = outcome { text } else { None };
                Ok(Answer::Texts(outcomes.map(text).collect()))
            }
            Action::Update(items) => {
                let sets: Vec<_> = items.iter().cloned().map(Operation::Set).collect();
                self.apply(handle, &sets, new_id).map(|_| Answer::Done)
            }
            Action::Len => self.read(handle, new_id, |fields| Answer::Len(fields.len() as u32)),
            Action::Keys => self.read(handle, new_id, |fields| Answer::Names(fields.into_keys().collect())),
            Action::Values => self.read(handle, new_id, |fields| {
                let mut texts: Vec<_> =
                    fields.into_values().map(|value| String::from_utf8(value).expect("text")).collect();
                texts.sort();
                Answer::Names(texts)
            }),
            Action::Items | Action::ItemsBytes => self.read(handle, new_id, |fields| {
                Answer::Items(fields.into_iter().map(|(name, value)| (name.into_bytes(), value)).collect())
            }),
            Action::Clear => {
                if self.look(handle, new_id)? {
                    self.store(&handle.id, Fields::new());
                }
                Ok(Answer::Done)
            }
            Action::Touch => {
                // Without the guard nothing expires, and so nothing is asked.
                if self.mode.is_guarded() {
                    self.look(handle, new_id)?;
                }
                Ok(Answer::Done)
            }
            Action::Ttl => {
                let there = self.look(handle, new_id)?;
                let expiry = match self.sessions.get(&handle.id) {
                    Some(Stored::Alive(session)) if there => self.expiry(session),
                    _ => shorter(handle.pending.unwrap_or(self.lifetime)),
                };
                Ok(Answer::Ttl(expiry))
            }
            Action::SetLifetime(lifetime) => self.set_lifetime(handle, *lifetime, new_id).map(|()| Answer::Done),
            Action::Found => self.found(handle, new_id).map(Answer::Found),
            Action::Restart => {
                handle.begin_anew(new_id);
                Ok(Answer::Done)
            }
            Action::Destroy => self.destroy(handle, new_id).map(|()| Answer::Done),
            Action::Rotate(writes) => self.rotate(handle, writes, new_id).map(|()| Answer::Done),
        }
    }

    /// Finds out about the handle's session: whether it is one that may be stored, and not a new one.
    fn look(&mut self, handle: &mut Handle, new_id: &str) -> Result<bool, Error> {
        let stored = self.sessions.get(&handle.id);
        // Without the guard, only the question whether a cookie's session is there finds out.
        let finds_out = self.mode.is_guarded() || handle.standing == Standing::Undecided;
        match (handle.standing, stored) {
            (Standing::Fresh, _) => return Ok(false),
            (Standing::Undecided, None) => {
                handle.begin_anew(new_id);
                handle.found = Some(Found::UnknownId);
                return Ok(false);
            }
            _ => handle.standing = Standing::Established,
        }
        match stored {
            Some(Stored::Moved) => return Err(Error::Rotated),
            Some(Stored::Ended) => return Err(Error::Gone),
            None if self.mode.is_guarded() => return Err(Error::Gone),
            Some(Stored::Alive(_)) | None => {}
        }
        if finds_out {
            handle.found.get_or_insert(Found::Alive);
        }
        Ok(true)
    }

    fn fields(&self, id: &str) -> Fields {
        match self.sessions.get(id) {
            Some(Stored::Alive(session)) => session.fields.clone(),
            _ => Fields::new(),
        }
    }

    /// Without the guard, a session without fields is none.
    fn store(&mut self, id: &str, fields: Fields) {
        if fields.is_empty() && !self.mode.is_guarded() {
            self.sessions.remove(id);
            return;
        }
        match self.sessions.entry(id.to_owned()).or_insert_with(|| Stored::Alive(Alive::default())) {
            Stored::Alive(session) => session.fields = fields,
            Stored::Moved | Stored::Ended => unreachable!("a write on a marker"),
        }
    }

    fn create(&mut self, handle: &mut Handle, fields: Fields) {
        self.store(&handle.id, fields);
        if let Some(Stored::Alive(session)) = self.sessions.get_mut(&handle.id) {
            session.own = handle.pending.take();
        }
        handle.standing = Standing::Established;
        handle.cookie = Cookie::Set(handle.id.clone());
    }

    fn read(
        &mut self,
        handle: &mut Handle,
        new_id: &str,
        read: impl FnOnce(Fields) -> Answer,
    ) -> Result<Answer, Error> {
        let there = self.look(handle, new_id)?;
        Ok(read(if there { self.fields(&handle.id) } else { Fields::new() }))
    }

    fn apply(&mut self, handle: &mut Handle, operations: &[Operation], new_id: &str) -> Result<Vec<Outcome>, Error> {
        if operations.is_empty() {
            return Ok(Vec::new());
        }
        let before = handle.clone();
        let there = self.look(handle, new_id)?;
        let creates = operations.iter().any(creates);
        // What creates goes to Redis, where without the guard another handle may have been first.
        let mut fields = if there || creates { self.fields(&handle.id) } else { Fields::new() };
        // What reaches nobody needs no scripts.
        let mut batch = Batch::new(self.mode.has_scripts() || !there && !creates);
        for operation in operations {
            match batch.perform(&mut fields, operation) {
                Ok(outcome) => batch.outcomes.push(outcome),
                Err(error) => {
                    let is_refused = matches!(error, Error::Unsupported(_));
                    if is_refused && there && self.mode.is_guarded() {
                        // It is as if the call had not been made.
                        *handle = before;
                    }
                    return Err(error);
                }
            }
            if batch.conflicts {
                return batch.outcomes.into_iter().collect();
            }
        }
        if there {
            self.store(&handle.id, fields);
        } else if creates {
            self.create(handle, fields);
        }
        batch.outcomes.into_iter().collect()
    }

    fn set_lifetime(&mut self, handle: &mut Handle, lifetime: Lifetime, new_id: &str) -> Result<(), Error> {
        let invalid = Err(Error::InvalidArgument(String::new()));
        if lifetime.0 == Some(0) || lifetime.1 == Some(0) {
            return invalid;
        }
        if !self.mode.is_guarded() {
            return if lifetime == (None, None) { Ok(()) } else { invalid };
        }
        if !self.look(handle, new_id)? {
            handle.pending = Some(lifetime);
        } else if let Some(Stored::Alive(session)) = self.sessions.get_mut(&handle.id) {
            session.own = Some(lifetime);
        }
        Ok(())
    }

    fn found(&mut self, handle: &mut Handle, new_id: &str) -> Result<Found, Error> {
        if let Some(found) = handle.found {
            return Ok(found);
        }
        // Without the guard, only this call looks.
        if handle.standing == Standing::Established && !self.sessions.contains_key(&handle.id) {
            return Err(Error::Gone);
        }
        self.look(handle, new_id)?;
        Ok(*handle.found.get_or_insert(Found::Alive))
    }

    fn destroy(&mut self, handle: &mut Handle, new_id: &str) -> Result<(), Error> {
        match self.look(handle, new_id) {
            Err(Error::Gone) | Ok(false) => return Ok(()),
            Err(error) => return Err(error),
            Ok(true) => {}
        }
        if self.mode.is_guarded() {
            self.sessions.insert(handle.id.clone(), Stored::Ended);
        } else {
            self.sessions.remove(&handle.id);
        }
        handle.cookie = Cookie::Removed;
        Ok(())
    }

    fn rotate(&mut self, handle: &mut Handle, writes: &[Operation], new_id: &str) -> Result<(), Error> {
        let there = self.look(handle, new_id)?;
        let moved = if there { self.sessions.remove(&handle.id) } else { None };
        if there && self.mode.is_guarded() {
            self.sessions.insert(handle.id.clone(), Stored::Moved);
        }
        new_id.clone_into(&mut handle.id);
        if let Some(session) = moved {
            self.sessions.insert(new_id.to_owned(), session);
        }
        let mut fields = self.fields(new_id);
        let mut batch = Batch::new(self.mode.has_scripts());
        for write in writes {
            batch.perform(&mut fields, write)??;
        }
        if there {
            self.store(new_id, fields);
            handle.cookie = Cookie::Set(new_id.to_owned());
        } else if writes.iter().any(creates) {
            self.create(handle, fields);
        }
        Ok(())
    }
}

fn shorter((idle, absolute): Lifetime) -> Option<u32> {
    [idle, absolute].into_iter().flatten().min()
}

/// Whether it stores something where nothing is.
fn creates(operation: &Operation) -> bool {
    match operation {
        Operation::Set(_) | Operation::SetBytes(_) | Operation::SetIfAbsent(_) => true,
        Operation::Increment(_) | Operation::IncrementFloat(_) => true,
        Operation::CompareAndSet((_, expected, json)) => expected.is_none() && json.is_some(),
        Operation::Get(_) | Operation::GetBytes(_) | Operation::Contains(_) => false,
        Operation::Delete(_) | Operation::Pop(_) => false,
    }
}
