//! The calls that sequences are made of: how they come up, and how they are made.

use host_test::{
    operation::{
        compare_and_set, contains, delete, get, get_bytes, increment, increment_float, pop, set, set_bytes,
        set_if_absent,
    },
    session::{Error, Found, Operation, Outcome, Session},
};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::MARGIN;

/// Idle and absolute, in seconds.
pub(super) type Lifetime = (Option<u32>, Option<u32>);

/// A store's lifetimes, and what is done one after another.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    pub(super) lifetime: Lifetime,
    pub(super) actions: Vec<Place>,
}

/// What is done, and by which handle.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) handle: usize,
    pub(super) action: Action,
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Turns the handle into another one: a new session's.
    Start,
    /// That of another handle's session, by its id.
    Attach(usize),
    /// The same by its cookie.
    FromCookie(usize),
    /// A call of the operation's own name.
    One(Operation),
    Apply(Vec<Operation>),
    GetMany(Vec<String>),
    Update(Vec<(String, String)>),
    Len,
    Keys,
    Values,
    Items,
    ItemsBytes,
    Clear,
    Touch,
    Ttl,
    SetLifetime(Lifetime),
    Found,
    Restart,
    Destroy,
    Rotate(Vec<Operation>),
}

/// What a call answered, lists sorted.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Done,
    Outcomes(Vec<Outcome>),
    Texts(Vec<Option<String>>),
    Len(u32),
    Names(Vec<String>),
    Items(Vec<(Vec<u8>, Vec<u8>)>),
    /// Seconds.
    Ttl(Option<u32>),
    Found(Found),
}

const HANDLES: usize = 3;

fn field() -> impl Strategy<Value = String> {
    select(&["a", "b", "c", ""][..]).prop_map(str::to_owned)
}

/// Sums of these with what is added stay exact in every format: 2^62, and halves.
fn json() -> impl Strategy<Value = String> {
    select(&["1", "-7", "2.5", "\"x\"", "null", "4611686018427387904"][..]).prop_map(str::to_owned)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    select(vec![b"\xff".to_vec(), b"1".to_vec(), Vec::new()])
}

fn write() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (field(), json()).prop_map(|(field, json)| set(&field, &json)),
        1 => (field(), bytes()).prop_map(|(field, bytes)| set_bytes(&field, &bytes)),
        3 => field().prop_map(|field| delete(&field)),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let swap = (field(), option::of(json()), option::of(json()));
    prop_oneof![
        2 => field().prop_map(|field| get(&field)),
        1 => field().prop_map(|field| get_bytes(&field)),
        1 => field().prop_map(|field| contains(&field)),
        4 => write(),
        2 => (field(), json()).prop_map(|(field, json)| set_if_absent(&field, &json)),
        3 => swap.prop_map(|(field, expected, json)| compare_and_set(&field, expected.as_deref(), json.as_deref())),
        2 => field().prop_map(|field| pop(&field)),
        4 => (field(), select(&[1, -2, 1 << 62][..])).prop_map(|(field, by)| increment(&field, by)),
        2 => (field(), select(&[0.5, -1.5][..])).prop_map(|(field, by)| increment_float(&field, by)),
    ]
}

fn lifetime() -> impl Strategy<Value = Lifetime> {
    let seconds = || option::of(select(&[500_u32, 1_000, 20_000][..]));
    (seconds(), seconds())
}

fn action() -> impl Strategy<Value = Action> {
    let swaps = vec((field(), json()), 0..4);
    prop_oneof![
        1 => Just(Action::Start),
        2 => (0..HANDLES).prop_map(Action::Attach),
        3 => (0..HANDLES).prop_map(Action::FromCookie),
        12 => operation().prop_map(Action::One),
        8 => vec(operation(), 0..8).prop_map(Action::Apply),
        1 => vec(field(), 0..4).prop_map(Action::GetMany),
        1 => swaps.prop_map(Action::Update),
        1 => Just(Action::Len),
        1 => Just(Action::Keys),
        1 => Just(Action::Values),
        1 => Just(Action::Items),
        1 => Just(Action::ItemsBytes),
        1 => Just(Action::Clear),
        1 => Just(Action::Touch),
        1 => Just(Action::Ttl),
        2 => lifetime().prop_map(Action::SetLifetime),
        1 => (any::<bool>(), lifetime()).prop_map(|(idle, (_, other))| {
            Action::SetLifetime(if idle { (Some(0), other) } else { (other, Some(0)) })
        }),
        1 => Just(Action::Found),
        1 => Just(Action::Restart),
        2 => Just(Action::Destroy),
        3 => vec(write(), 0..4).prop_map(Action::Rotate),
    ]
}

/// Any sequence.
pub(super) fn sequence() -> impl Strategy<Value = Sequence> {
    let place = (0..HANDLES, action()).prop_map(|(handle, action)| Place { handle, action });
    (lifetime(), vec(place, 1..30)).prop_map(|(lifetime, actions)| Sequence { lifetime, actions })
}

/// Whether a call answered what it should have. The clock runs on, and nobody is told how errors are worded.
pub(super) fn agree(expected: &Result<Answer, Error>, answer: &Result<Answer, Error>) -> bool {
    match (expected, answer) {
        (Ok(Answer::Ttl(Some(longest))), Ok(Answer::Ttl(Some(seconds)))) => {
            (longest.saturating_sub(MARGIN)..=*longest).contains(seconds)
        }
        (Err(Error::InvalidArgument(_)), Err(Error::InvalidArgument(_))) => true,
        (Err(Error::Unsupported(_)), Err(Error::Unsupported(_))) => true,
        (expected, answer) => expected == answer,
    }
}

impl Action {
    /// Makes the call.
    pub(super) async fn perform(&self, session: &Session) -> Result<Answer, Error> {
        Ok(match self {
            Self::Start | Self::Attach(_) | Self::FromCookie(_) => unreachable!("no call of a session"),
            Self::One(operation) => Answer::Outcomes(vec![one(session, operation).await?]),
            Self::Apply(operations) => Answer::Outcomes(session.apply(operations).await?),
            Self::GetMany(fields) => Answer::Texts(session.get_many(fields).await?),
            Self::Update(items) => done(session.update(items).await?),
            Self::Len => Answer::Len(session.len().await?),
            Self::Keys => Answer::Names(sorted(session.keys().await?)),
            Self::Values => Answer::Names(sorted(session.values().await?)),
            Self::Items => {
                let items = session.items().await?.into_iter();
                Answer::Items(sorted(items.map(|(name, text)| (name.into_bytes(), text.into_bytes())).collect()))
            }
            Self::ItemsBytes => Answer::Items(sorted(session.items_bytes().await?)),
            Self::Clear => done(session.clear().await?),
            Self::Touch => done(session.touch().await?),
            Self::Ttl => Answer::Ttl(session.ttl().await?),
            Self::SetLifetime((idle, absolute)) => done(session.set_lifetime(*idle, *absolute).await?),
            Self::Found => Answer::Found(session.found().await?),
            Self::Restart => done(session.restart().await?),
            Self::Destroy => done(session.destroy().await?),
            Self::Rotate(writes) => done(session.rotate(writes).await?),
        })
    }
}

fn done((): ()) -> Answer {
    Answer::Done
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}

/// The operation by the function of its name.
async fn one(session: &Session, operation: &Operation) -> Result<Outcome, Error> {
    Ok(match operation {
        Operation::Get(field) => Outcome::Text(session.get(field).await?),
        Operation::GetBytes(field) => Outcome::Bytes(session.get_bytes(field).await?),
        Operation::Contains(field) => Outcome::Flag(session.contains(field).await?),
        Operation::Set((field, json)) => {
            session.set(field, json).await?;
            Outcome::Done
        }
        Operation::SetBytes((field, value)) => {
            session.set_bytes(field, value).await?;
            Outcome::Done
        }
        Operation::SetIfAbsent((field, json)) => Outcome::Flag(session.set_if_absent(field, json).await?),
        Operation::CompareAndSet((field, expected, json)) => {
            Outcome::Swap(session.compare_and_set(field, expected.as_deref(), json.as_deref()).await?)
        }
        Operation::Delete(field) => Outcome::Flag(session.delete(field).await?),
        Operation::Pop(field) => Outcome::Text(session.pop(field).await?),
        Operation::Increment((field, by)) => Outcome::Integer(session.increment(field, *by).await?),
        Operation::IncrementFloat((field, by)) => Outcome::Number(session.increment_float(field, *by).await?),
    })
}
