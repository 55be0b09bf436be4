//! A simulated host: servers that answer from a script, and a clock that advances only when a call waits.

use super::{
    dedicated::Dedicated,
    host::{Address, Host, Socket, SocketError, Timeouts},
    incoming::Incoming,
    reply::Reply,
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// What happens when a connection is made.
#[derive(Clone)]
pub(crate) enum Turn {
    /// It fails with this error.
    Refused(SocketError),
    /// It never ends.
    Stalled,
    /// It succeeds, perhaps with a pooled connection. These things happen to its writes.
    Connected { reused: bool, answers: Vec<Answer> },
}

/// What happens to a write.
#[derive(Clone)]
pub(crate) enum Answer {
    /// The server answers with these bytes, this many at a time.
    Bytes(&'static [u8], usize),
    /// The host sees that the server has closed the connection, and sends nothing.
    NotSent,
    /// It is sent, the server answers with these bytes, and then closes the connection.
    Cut(&'static [u8]),
    /// The server answers with these bytes this many times, each time after this many milliseconds.
    Slow(&'static [u8], usize, u64),
    /// It is sent, and reading fails with this error.
    Fails(SocketError),
}

/// An answer that arrives in one piece.
pub(crate) fn says(bytes: &'static [u8]) -> Answer {
    Answer::Bytes(bytes, usize::MAX)
}

/// A new connection.
pub(crate) fn connected(answers: &[Answer]) -> Turn {
    Turn::Connected { reused: false, answers: answers.to_vec() }
}

/// The simulated host, and a record of what happened.
#[derive(Clone, Default)]
pub(crate) struct World {
    turns: Rc<RefCell<VecDeque<Turn>>>,
    now: Rc<Cell<u64>>,
    seen: Rc<RefCell<Vec<String>>>,
    said: Rc<RefCell<Vec<String>>>,
}

impl World {
    pub(crate) fn new(turns: &[Turn]) -> Self {
        let world = Self::default();
        world.turns.borrow_mut().extend(turns.iter().cloned());
        world
    }

    /// Connections, writes and marks, in order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.borrow().clone()
    }

    /// Writes with their addresses, in order.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.borrow().clone()
    }

    fn note(&self, what: String) {
        self.seen.borrow_mut().push(what);
    }
}

impl Host for World {
    type Socket = Line;
    type Strategy = Dedicated;

    async fn connect(&self, address: &Address, timeouts: Timeouts, _: &str) -> Result<Line, SocketError> {
        let turn = self.turns.borrow_mut().pop_front();
        match turn.expect("a connection that the test did not foresee") {
            Turn::Refused(error) => {
                self.note("refused".into());
                if error == SocketError::TimedOut {
                    self.wait(timeouts.connect).await;
                }
                Err(error)
            }
            Turn::Stalled => std::future::pending().await,
            Turn::Connected { reused, answers } => {
                self.note("connected".into());
                let arriving = RefCell::default();
                let (answers, world) = (RefCell::new(answers.into()), self.clone());
                Ok(Line { address: address.clone(), reused, answers, arriving, pause: Cell::new(0), world })
            }
        }
    }

    fn now(&self) -> u64 {
        self.now.get()
    }

    async fn wait(&self, milliseconds: u32) {
        self.now.set(self.now.get() + u64::from(milliseconds));
    }

    fn random<const COUNT: usize>(&self) -> [u8; COUNT] {
        [7; COUNT]
    }
}

/// A connection.
pub(crate) struct Line {
    address: Address,
    reused: bool,
    answers: RefCell<VecDeque<Answer>>,
    arriving: RefCell<VecDeque<Result<Vec<u8>, SocketError>>>,
    /// Milliseconds that each read takes.
    pause: Cell<u64>,
    world: World,
}

impl Socket for Line {
    fn now(&self) -> u64 {
        self.world.now()
    }

    fn reused(&self) -> bool {
        self.reused
    }

    fn set_state(&self, state: &str) {
        self.world.note(format!("state {state}"));
    }

    fn set_idle(&self) {
        self.world.note("idle".into());
    }

    async fn write(&self, bytes: &[u8]) -> Result<(), SocketError> {
        let answer = self.answers.borrow_mut().pop_front().expect("a write that the test did not foresee");
        if let Answer::NotSent = answer {
            return Err(SocketError::Closed);
        }
        let text = String::from_utf8_lossy(bytes);
        let words = text.split("\r\n").filter(|line| !line.starts_with(['*', '$']) && !line.is_empty());
        let words = words.collect::<Vec<_>>().join(" ");
        if let Address::Tcp(host, port) = &self.address {
            self.world.said.borrow_mut().push(format!("{host}:{port} {words}"));
        }
        self.world.note(words);
        let mut arriving = self.arriving.borrow_mut();
        match answer {
            Answer::Bytes(bytes, size) => arriving.extend(bytes.chunks(size).map(|chunk| Ok(chunk.to_vec()))),
            Answer::Cut(bytes) => {
                arriving.extend(
                    [bytes.to_vec(), Vec::new()]
                        .into_iter()
                        .filter(|part| part.is_empty() || !bytes.is_empty())
                        .map(Ok),
                );
            }
            Answer::Slow(bytes, count, pause) => {
                self.pause.set(pause);
                arriving.extend((0..count).map(|_| Ok(bytes.to_vec())));
            }
            Answer::Fails(error) => arriving.push_back(Err(error)),
            Answer::NotSent => {}
        }
        Ok(())
    }

    async fn read(&self, _: u32) -> Result<Vec<u8>, SocketError> {
        self.world.now.set(self.world.now.get() + self.pause.get());
        self.arriving.borrow_mut().pop_front().expect("a read that waits forever")
    }
}

/// A server that sends one byte after another, slowly, and never completes a reply.
#[derive(Default)]
pub(crate) struct Dripping {
    now: Cell<u64>,
}

impl Dripping {
    /// Milliseconds that each byte takes.
    pub(crate) const PAUSE: u64 = 300;
}

impl Socket for Dripping {
    fn now(&self) -> u64 {
        self.now.get()
    }

    fn reused(&self) -> bool {
        false
    }

    fn set_state(&self, _: &str) {}

    fn set_idle(&self) {}

    async fn write(&self, _: &[u8]) -> Result<(), SocketError> {
        Ok(())
    }

    async fn read(&self, _: u32) -> Result<Vec<u8>, SocketError> {
        self.now.set(self.now.get() + Self::PAUSE);
        Ok(b"+".to_vec())
    }
}

/// A server whose answer a test holds back for as long as it likes.
pub(crate) struct Held {
    pub(crate) released: Rc<Cell<bool>>,
    pub(crate) answer: Result<&'static [u8], SocketError>,
}

impl Socket for Held {
    fn now(&self) -> u64 {
        0
    }

    fn reused(&self) -> bool {
        false
    }

    fn set_state(&self, _: &str) {}

    fn set_idle(&self) {}

    async fn write(&self, _: &[u8]) -> Result<(), SocketError> {
        Ok(())
    }

    async fn read(&self, _: u32) -> Result<Vec<u8>, SocketError> {
        poll_fn(|_| if self.released.get() { Poll::Ready(()) } else { Poll::Pending }).await;
        self.answer.clone().map(<[u8]>::to_vec)
    }
}

/// A reply, from its bytes on the wire.
pub(crate) fn reply(wire: &str) -> Reply {
    let mut incoming = Incoming::default();
    incoming.add(wire.as_bytes().to_vec());
    incoming.next_reply().expect("a well-formed reply").expect("a whole reply")
}

/// Replies, as a test compares them.
pub(crate) fn shown<'a>(replies: impl IntoIterator<Item = &'a Reply>) -> Vec<String> {
    replies.into_iter().map(|reply| format!("{:?}", reply.value())).collect()
}

/// The result of a future that never waits.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("nothing here waits"),
    }
}
