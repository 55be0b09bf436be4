//! The core without the component. It is compiled with coverage, which leads the fuzzer through the component's code too.

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
    redis::{Address, Dedicated, Host, Multiplexed, Socket, SocketError, Timeouts, node::ConnectionStrategy},
    session::{
        Operation, Session, Store,
        handle::Found,
        operation::{Answer, Swap},
    },
};

use crate::{
    network::Network,
    plan::{Call, FIELD, ID, JSON, OTHER, Opening, Plan},
};

/// Whether calls run one after another, or at the same time.
pub trait Mode: 'static {
    /// How calls use connections.
    type Strategy<H: Host>: ConnectionStrategy<H>;
    /// Whether a socket lets other calls run before it answers.
    const YIELDS: bool;
}

/// One call runs after another.
pub struct Sequential;

impl Mode for Sequential {
    type Strategy<H: Host> = Dedicated;
    const YIELDS: bool = false;
}

/// Many calls run at the same time.
pub struct Concurrent;

impl Mode for Concurrent {
    type Strategy<H: Host> = Multiplexed<H>;
    const YIELDS: bool = true;
}

/// The core's host, over the simulated network.
pub struct SimulatedHost<M> {
    network: Rc<RefCell<Network>>,
    mode: PhantomData<M>,
}

impl<M> SimulatedHost<M> {
    /// A host over this network.
    pub fn new(network: &Rc<RefCell<Network>>) -> Self {
        Self { network: network.clone(), mode: PhantomData }
    }
}

/// A connection.
pub struct SimulatedSocket<M> {
    host: SimulatedHost<M>,
    reused: bool,
}

impl<M: Mode> Host for SimulatedHost<M> {
    type Socket = SimulatedSocket<M>;
    type Strategy = M::Strategy<Self>;

    async fn connect(&self, _: &Address, _: Timeouts, _: &str) -> Result<SimulatedSocket<M>, SocketError> {
        yield_if_concurrent::<M>().await;
        let reused = self.network.borrow_mut().connect()?;
        Ok(SimulatedSocket { host: SimulatedHost::new(&self.network), reused })
    }

    fn now(&self) -> u64 {
        self.network.borrow_mut().now()
    }

    async fn wait(&self, milliseconds: u32) {
        yield_if_concurrent::<M>().await;
        self.network.borrow_mut().wait(milliseconds);
    }

    fn random<const COUNT: usize>(&self) -> [u8; COUNT] {
        let mut bytes = [0; COUNT];
        self.network.borrow_mut().random(&mut bytes);
        bytes
    }
}

impl<M: Mode> Socket for SimulatedSocket<M> {
    fn now(&self) -> u64 {
        self.host.now()
    }

    fn reused(&self) -> bool {
        self.reused
    }

    fn set_state(&self, _: &str) {}

    fn set_idle(&self) {}

    async fn write(&self, bytes: &[u8]) -> Result<(), SocketError> {
        yield_if_concurrent::<M>().await;
        self.host.network.borrow_mut().write(bytes)
    }

    async fn read(&self, max: u32) -> Result<Vec<u8>, SocketError> {
        yield_if_concurrent::<M>().await;
        self.host.network.borrow_mut().read(max)
    }
}

async fn yield_if_concurrent<M: Mode>() {
    if M::YIELDS {
        let_others_run().await;
    }
}

/// Lets other calls run once.
pub async fn let_others_run() {
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

/// A call that is running. Its output is the formatted result.
pub type Pending<'a> = Pin<Box<dyn Future<Output = String> + 'a>>;

/// Opens the plan's session.
pub fn open<H: Host>(store: &Store<H>, plan: &Plan) -> Session<H> {
    match plan.opening {
        Opening::Start => store.start(),
        Opening::Attach => store.attach(ID).expect("an id"),
        Opening::Cookie => store.from_cookie(&[format!("__Host-id={ID}").into_bytes()]),
    }
}

/// Starts a call.
pub fn call<'a, H: Host>(store: &'a Store<H>, session: &'a Session<H>, call: Call) -> Pending<'a> {
    let keys = || [FIELD.to_owned(), OTHER.to_owned()];
    Box::pin(async move {
        match call {
            Call::Check => format_result(store.check().await),
            Call::Found => format_result(session.found().await.map(Name)),
            Call::ResponseHeaders => format!("{:?}", session.response_headers()),
            Call::Renewing => {
                session.set_renewing(false);
                "()".into()
            }
            Call::Get => format_result(session.get(FIELD).await),
            Call::GetMany => format_result(session.get_many(&keys()).await),
            Call::Contains => format_result(session.contains(FIELD).await),
            Call::Len => format_result(session.len().await),
            Call::Keys => format_result(session.keys().await),
            Call::Values => format_result(session.values().await),
            Call::Items => format_result(session.items().await),
            Call::Set => format_result(session.set(FIELD, JSON).await),
            Call::Update => format_result(session.update(&keys().map(|key| (key, JSON.to_owned()))).await),
            Call::SetIfAbsent => format_result(session.set_if_absent(FIELD, JSON).await),
            Call::CompareAndSet => format_result(session.compare_and_set(FIELD, Some(JSON), None).await.map(swap)),
            Call::CompareAndCreate => format_result(session.compare_and_set(FIELD, None, Some(JSON)).await.map(swap)),
            Call::Delete => format_result(session.delete(FIELD).await),
            Call::Pop => format_result(session.pop(FIELD).await),
            Call::Increment => format_result(session.increment(FIELD, 2).await),
            Call::IncrementFloat => format_result(session.increment_float(FIELD, 0.5).await),
            Call::Apply => {
                let answers = session.apply(&operations()).await;
                format_result(answers.map(|answers| answers.into_iter().map(answer).collect::<Vec<_>>()))
            }
            Call::GetBytes => format_result(session.get_bytes(FIELD).await),
            Call::ItemsBytes => format_result(session.items_bytes().await),
            Call::Clear => format_result(session.clear().await),
            Call::Destroy => format_result(session.destroy().await),
            Call::Rotate => {
                format_result(session.rotate(&[Operation::set_json(FIELD, JSON), Operation::delete(OTHER)]).await)
            }
            Call::Restart => format_result(session.restart()),
            Call::Touch => format_result(session.touch().await),
            Call::Ttl => format_result(session.ttl().await),
            Call::SetLifetime => format_result(session.set_lifetime(Some(30), None).await),
        }
    })
}

/// Formats a result as wasmtime formats the component's.
fn format_result<T: Debug>(result: Result<T, Error>) -> String {
    match result {
        Ok(value) => format!("Ok({value:?})"),
        Err(error) => format!("Err(Error::{error:?})"),
    }
}

/// Formatted without quotation marks.
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

fn swap(swap: Swap<String>) -> Name<String> {
    Name(match swap {
        Swap::Stored => "Swap::Stored".into(),
        Swap::Conflict(stored) => format!("Swap::Conflict({stored:?})"),
    })
}

/// One operation for each kind of answer.
fn operations() -> [Operation<'static>; 6] {
    [
        Operation::get(FIELD),
        Operation::set_json(OTHER, JSON),
        Operation::compare_and_set(FIELD, Some(JSON), None),
        Operation::increment(FIELD, 2),
        Operation::increment_float(OTHER, 0.5),
        Operation::delete(FIELD),
    ]
}

fn answer(answer: Answer) -> Name<String> {
    Name(match answer {
        Answer::Done => "Outcome::Done".into(),
        Answer::Text(text) => format!("Outcome::Text({text:?})"),
        Answer::Bytes(bytes) => format!("Outcome::Bytes({bytes:?})"),
        Answer::Flag(flag) => format!("Outcome::Flag({flag})"),
        Answer::Integer(number) => format!("Outcome::Integer({number})"),
        Answer::Number(number) => format!("Outcome::Number({number:?})"),
        Answer::Swap(stored) => format!("Outcome::Swap({:?})", swap(stored)),
    })
}
