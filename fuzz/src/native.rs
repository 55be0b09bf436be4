//! The core without a component around it: compiled with coverage, it leads the fuzzer through what the component does.

use std::{
    cell::RefCell,
    fmt::{self, Debug, Formatter},
    future::poll_fn,
    marker::PhantomData,
    pin::Pin,
    rc::Rc,
    task::Poll,
};

use drsession::{
    error::Error,
    redis::{Address, Apart, Host, Joint, Socket, SocketError, Timeouts, node::Link},
    session::{Outcome, Session, Step, Store, Swap, handle::Found},
};

use crate::{
    network::Network,
    plan::{Call, FIELD, ID, JSON, OTHER, Opening, Plan},
};

/// How calls come.
pub trait Manner: 'static {
    /// Which connection a call takes.
    type Link<H: Host>: Link<H>;
    /// Whether others have their turn before a socket answers.
    const TURNS: bool;
}

/// One call after another.
pub struct OneByOne;

impl Manner for OneByOne {
    type Link<H: Host> = Apart;
    const TURNS: bool = false;
}

/// Many at once.
pub struct SideBySide;

impl Manner for SideBySide {
    type Link<H: Host> = Joint<H>;
    const TURNS: bool = true;
}

/// The network as the core's host.
pub struct World<M> {
    network: Rc<RefCell<Network>>,
    manner: PhantomData<M>,
}

impl<M> World<M> {
    /// Around this network.
    pub fn new(network: &Rc<RefCell<Network>>) -> Self {
        Self { network: network.clone(), manner: PhantomData }
    }
}

/// A connection.
pub struct Line<M> {
    world: World<M>,
    reused: bool,
}

impl<M: Manner> Host for World<M> {
    type Socket = Line<M>;
    type Link = M::Link<Self>;

    async fn connect(&self, _: &Address, _: Timeouts, _: &str) -> Result<Line<M>, SocketError> {
        turn::<M>().await;
        let reused = self.network.borrow_mut().connect()?;
        Ok(Line { world: World::new(&self.network), reused })
    }

    fn now(&self) -> u64 {
        self.network.borrow_mut().now()
    }

    async fn wait(&self, milliseconds: u32) {
        turn::<M>().await;
        self.network.borrow_mut().wait(milliseconds);
    }

    fn random<const COUNT: usize>(&self) -> [u8; COUNT] {
        let mut bytes = [0; COUNT];
        self.network.borrow_mut().random(&mut bytes);
        bytes
    }
}

impl<M: Manner> Socket for Line<M> {
    fn now(&self) -> u64 {
        self.world.now()
    }

    fn reused(&self) -> bool {
        self.reused
    }

    fn set_state(&self, _: &str) {}

    fn set_idle(&self) {}

    async fn write(&self, bytes: &[u8]) -> Result<(), SocketError> {
        turn::<M>().await;
        self.world.network.borrow_mut().write(bytes)
    }

    async fn read(&self, max: u32) -> Result<Vec<u8>, SocketError> {
        turn::<M>().await;
        self.world.network.borrow_mut().read(max)
    }
}

async fn turn<M: Manner>() {
    if M::TURNS {
        let_others().await;
    }
}

/// Lets others have their turn, once.
pub async fn let_others() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A call under way, and what will come of it.
pub type Pending<'a> = Pin<Box<dyn Future<Output = String> + 'a>>;

/// The plan's handle.
pub fn open<H: Host>(store: &Store<H>, plan: &Plan) -> Session<H> {
    match plan.opening {
        Opening::Start => store.start(),
        Opening::Attach => store.attach(ID).expect("an id"),
        Opening::Cookie => store.from_cookie(&[format!("__Host-id={ID}").into_bytes()]),
    }
}

/// Makes a call.
pub fn call<'a, H: Host>(store: &'a Store<H>, session: &'a Session<H>, call: Call) -> Pending<'a> {
    let keys = || [FIELD.to_owned(), OTHER.to_owned()];
    Box::pin(async move {
        match call {
            Call::Check => told(store.check().await),
            Call::Found => told(session.found().await.map(Name)),
            Call::ResponseHeaders => format!("{:?}", session.response_headers()),
            Call::Renewing => {
                session.set_renewing(false);
                "()".into()
            }
            Call::Get => told(session.get(FIELD).await),
            Call::GetMany => told(session.get_many(&keys()).await),
            Call::Contains => told(session.contains(FIELD).await),
            Call::Len => told(session.len().await),
            Call::Keys => told(session.keys().await),
            Call::Values => told(session.values().await),
            Call::Items => told(session.items().await),
            Call::Set => told(session.set(FIELD, JSON).await),
            Call::Update => told(session.update(&keys().map(|key| (key, JSON.to_owned()))).await),
            Call::SetIfAbsent => told(session.set_if_absent(FIELD, JSON).await),
            Call::CompareAndSet => {
                told(session.compare_and_set(FIELD, Some(JSON), None).await.and_then(|swap| swapped(swap, FIELD)))
            }
            Call::CompareAndCreate => {
                told(session.compare_and_set(FIELD, None, Some(JSON)).await.and_then(|swap| swapped(swap, FIELD)))
            }
            Call::Delete => told(session.delete(FIELD).await),
            Call::Pop => told(session.pop(FIELD).await),
            Call::Increment => told(session.increment(FIELD, 2).await),
            Call::IncrementFloat => told(session.increment_float(FIELD, 0.5).await),
            Call::Apply => told(session.apply(&steps()).await.and_then(outcomes)),
            Call::GetBytes => told(session.get_bytes(FIELD).await.map(|value| value.map(Vec::from))),
            Call::ItemsBytes => {
                let items = session.items_bytes().await;
                told(items.map(|items| {
                    items.into_iter().map(|(key, value)| (Vec::from(key), Vec::from(value))).collect::<Vec<_>>()
                }))
            }
            Call::Clear => told(session.clear().await),
            Call::Destroy => told(session.destroy().await),
            Call::Rotate => told(session.rotate(&[Step::Set(FIELD, JSON.as_bytes()), Step::Delete(OTHER)]).await),
            Call::Restart => told(session.restart()),
            Call::Touch => told(session.touch().await),
            Call::Ttl => told(session.ttl().await),
            Call::SetLifetime => told(session.set_lifetime(Some(30), None).await),
        }
    })
}

/// As wasmtime writes what the component returned.
fn told<T: Debug>(result: Result<T, Error>) -> String {
    match result {
        Ok(value) => format!("Ok({value:?})"),
        Err(error) => format!("Err(Error::{error:?})"),
    }
}

/// Written without quotation marks.
struct Name<T>(T);

impl Debug for Name<Found> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "Found::{:?}", self.0)
    }
}

impl Debug for Name<String> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn swapped(swap: Swap, field: &str) -> Result<Name<String>, Error> {
    let stored = match swap {
        Swap::Stored => return Ok(Name("Swap::Stored".into())),
        Swap::Conflict(stored) => stored.map(|bytes| text(bytes.into(), field)).transpose()?,
    };
    Ok(Name(format!("Swap::Conflict({stored:?})")))
}

/// One of each kind of answer.
fn steps() -> [Step<'static>; 6] {
    let value = JSON.as_bytes();
    [
        Step::Get(FIELD),
        Step::Set(OTHER, value),
        Step::CompareAndSet { field: FIELD, expected: Some(value), value: None },
        Step::Increment(FIELD, 2),
        Step::IncrementFloat(OTHER, 0.5),
        Step::Delete(FIELD),
    ]
}

fn outcomes(outcomes: Vec<Outcome>) -> Result<Vec<Name<String>>, Error> {
    let outcomes = steps().into_iter().zip(outcomes).map(|(step, outcome)| {
        let field = step.field().unwrap_or_default();
        Ok(Name(match outcome {
            Outcome::Value(value) => {
                format!("Outcome::Text({:?})", value.map(|value| text(value.into(), field)).transpose()?)
            }
            Outcome::Flag(flag) => format!("Outcome::Flag({flag})"),
            Outcome::Integer(number) => format!("Outcome::Integer({number})"),
            Outcome::Number(number) => format!("Outcome::Number({number:?})"),
            Outcome::Swap(swap) => format!("Outcome::Swap({:?})", swapped(swap, field)?),
            _ => "Outcome::Done".into(),
        }))
    });
    outcomes.collect()
}

fn text(bytes: Vec<u8>, field: &str) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| Error::Corrupt(field.into()))
}
