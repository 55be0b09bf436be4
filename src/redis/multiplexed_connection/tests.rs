//! Calls that begin, wait and are cancelled in an order that depends on a seed. The server echoes each command.

use super::*;
use crate::redis::{
    Timeouts,
    scanner::ScanError,
    testing::{Dripping, Held, ready, shown},
};
use futures::FutureExt;
use std::{
    cell::Cell,
    collections::{BTreeSet, VecDeque},
    pin::Pin,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

/// Pseudo-random numbers from a seed (xorshift64*).
#[derive(Clone)]
struct Chance(Rc<Cell<u64>>);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(Rc::new(Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)))
    }

    fn below(&self, limit: u64) -> u64 {
        let mut state = self.0.get();
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.0.set(state);
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

/// How a connection ends.
#[derive(Clone, Copy)]
enum End {
    Never,
    /// The server answers this many commands, and closes the connection at the next.
    Cut(usize),
    /// The server sends nothing after this many commands.
    Silence(usize),
    /// The reply to this command is not RESP.
    Garbage(usize),
    /// The first write finds that the server has closed the connection.
    Stale,
}

const LIMIT: u32 = 1_000;

struct Peer {
    chance: Chance,
    end: End,
    offered: RefCell<Vec<String>>,
    read: RefCell<Vec<String>>,
    writes: Cell<usize>,
    arriving: RefCell<VecDeque<u8>>,
    reader: RefCell<Option<Waker>>,
    closed: Cell<bool>,
    idle: Cell<usize>,
}

impl Peer {
    fn new(chance: Chance, end: End) -> Self {
        let (offered, read, writes, arriving, reader, closed, idle) = Default::default();
        Self { chance, end, offered, read, writes, arriving, reader, closed, idle }
    }

    async fn pause(&self) {
        for _ in 0..self.chance.below(3) {
            yield_once().await;
        }
    }

    fn take(&self, bytes: &[u8]) {
        for word in words(bytes) {
            let count = self.read.borrow().len();
            match self.end {
                End::Cut(after) if count >= after => self.closed.set(true),
                End::Silence(after) if count >= after => {}
                End::Garbage(at) if count == at => self.arriving.borrow_mut().extend(b"@what?\r\n"),
                _ => {
                    self.arriving.borrow_mut().extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
                }
            }
            self.read.borrow_mut().push(word.to_owned());
        }
        if let Some(waker) = self.reader.take() {
            BY_PEER.set(true);
            waker.wake();
            BY_PEER.set(false);
        }
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = &str> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.split("\r\n").filter(|line| !line.starts_with(['*', '$']) && !line.is_empty())
}

struct Wire(Rc<Peer>);

impl Socket for Wire {
    fn now(&self) -> u64 {
        0
    }

    fn reused(&self) -> bool {
        false
    }

    fn set_state(&self, _: &str) {}

    fn set_idle(&self) {
        let peer = &self.0;
        assert!(peer.arriving.borrow().is_empty(), "idle with answers on the way");
        peer.idle.set(peer.idle.get() + 1);
    }

    async fn write(&self, bytes: &[u8]) -> Result<(), SocketError> {
        let peer = &self.0;
        peer.writes.set(peer.writes.get() + 1);
        peer.offered.borrow_mut().extend(words(bytes).map(str::to_owned));
        if let End::Stale = peer.end {
            peer.closed.set(true);
            peer.pause().await;
            return Err(SocketError::Closed);
        }
        // If the write is dropped here, nothing was sent. If it is dropped later, everything was.
        peer.pause().await;
        peer.take(bytes);
        peer.pause().await;
        Ok(())
    }

    async fn read(&self, max: u32) -> Result<Vec<u8>, SocketError> {
        let peer = &self.0;
        peer.pause().await;
        let bytes = poll_fn(|context| {
            let mut arriving = peer.arriving.borrow_mut();
            if !arriving.is_empty() {
                let size = (1 + peer.chance.below(40) as usize).min(arriving.len()).min(max as usize);
                return Poll::Ready(Ok(arriving.drain(..size).collect()));
            }
            if peer.closed.get() {
                return Poll::Ready(Ok(Vec::new()));
            }
            if let End::Silence(after) = peer.end
                && peer.read.borrow().len() > after
            {
                return Poll::Ready(Err(SocketError::TimedOut));
            }
            peer.reader.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
        // If the read is dropped here, the bytes are lost.
        peer.pause().await;
        bytes
    }
}

thread_local! {
    /// Whether the peer is waking a task. Only the host may wake a task that is over.
    static BY_PEER: Cell<bool> = const { Cell::new(false) };
}

/// A task that was woken, and its number.
struct Woken {
    number: usize,
    queue: Arc<Mutex<BTreeSet<usize>>>,
    over: AtomicBool,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        if self.over.load(Ordering::Relaxed) {
            assert!(BY_PEER.get(), "a task that is over was woken");
            return;
        }
        self.queue.lock().unwrap().insert(self.number);
    }
}

type Running<'a> = (Pin<Box<dyn Future<Output = Result<Vec<String>, ConnectionError>> + 'a>>, Arc<Woken>);

/// Runs this many calls, each of which sends its number, and cancels some. Returns the result of each, or `None` if it
/// was cancelled.
fn run(
    chance: &Chance,
    shared: &MultiplexedConnection<Wire>,
    calls: usize,
    cancel: bool,
) -> Vec<Option<Result<Vec<String>, ConnectionError>>> {
    let queue = Arc::new(Mutex::new(BTreeSet::new()));
    let mut tasks: Vec<Option<Running>> = Vec::new();
    let mut results = Vec::new();
    while tasks.len() < calls || tasks.iter().any(Option::is_some) {
        let woken: Vec<usize> = queue.lock().unwrap().iter().copied().collect();
        let begin = tasks.len() < calls && (woken.is_empty() || chance.below(3) == 0);
        if begin {
            let number = tasks.len();
            let woken = Arc::new(Woken { number, queue: queue.clone(), over: false.into() });
            let exchange = async move { send(shared, format!("n{number}").as_bytes()).await };
            queue.lock().unwrap().insert(number);
            tasks.push(Some((Box::pin(exchange), woken)));
            results.push(None);
            continue;
        }
        assert!(!woken.is_empty(), "everybody waits for somebody");
        let number = woken[chance.below(woken.len() as u64) as usize];
        queue.lock().unwrap().remove(&number);
        let Some((future, woken)) = &mut tasks[number] else { continue };
        let waker = Waker::from(woken.clone());
        let is_over = match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => {
                results[number] = Some(result);
                true
            }
            Poll::Pending => cancel && chance.below(4) == 0,
        };
        if is_over {
            woken.over.store(true, Ordering::Relaxed);
            tasks[number] = None;
            queue.lock().unwrap().remove(&number);
        }
        // A waiting call may be cancelled too.
        if cancel && chance.below(6) == 0 {
            let number = chance.below(tasks.len() as u64) as usize;
            if let Some((_, woken)) = &tasks[number] {
                woken.over.store(true, Ordering::Relaxed);
                tasks[number] = None;
                queue.lock().unwrap().remove(&number);
            }
        }
    }
    results
}

fn said(number: usize) -> Vec<String> {
    vec![format!("\"n{number}\"")]
}

/// Sends one command, within limits that are never reached.
async fn send(connection: &MultiplexedConnection<impl Socket>, command: &[u8]) -> Result<Vec<String>, ConnectionError> {
    let replies = connection.round_trip(&Batch::of(&[command]), &limits()).await?;
    Ok(shown(replies.iter()))
}

fn limits() -> Limits {
    Limits::begin(0, Timeouts { connect: LIMIT, answer: LIMIT })
}

const SEEDS: u64 = 3_000;

#[test]
fn each_call_gets_its_own_reply_whoever_is_cancelled() {
    for seed in 0..SEEDS {
        let chance = Chance::new(seed);
        let cancel = seed % 3 != 0;
        let peer = Rc::new(Peer::new(chance.clone(), End::Never));
        let shared = MultiplexedConnection::new(Wire(peer.clone()));
        let calls = 1 + chance.below(40) as usize;
        for (number, result) in run(&chance, &shared, calls, cancel).into_iter().enumerate() {
            match result {
                Some(result) => assert_eq!(result, Ok(said(number)), "seed {seed}"),
                None => assert!(cancel, "seed {seed}"),
            }
        }
        assert!(shared.is_usable(), "seed {seed}");
        // Cancelled calls leave nothing behind that disturbs the next call.
        let next = run(&chance, &shared, 1, false).remove(0);
        assert_eq!(next, Some(Ok(said(0))), "seed {seed}");
        assert!(peer.idle.get() > 0, "seed {seed}");
    }
}

#[test]
fn a_connection_that_ends_gives_each_call_its_own_right_answer() {
    for seed in 0..SEEDS {
        let chance = Chance::new(seed);
        let calls = 1 + chance.below(30) as usize;
        let at = chance.below(calls as u64) as usize;
        let end = [End::Cut(at), End::Silence(at), End::Garbage(at), End::Stale][(seed % 4) as usize];
        let peer = Rc::new(Peer::new(chance.clone(), end));
        let shared = MultiplexedConnection::new(Wire(peer.clone()));
        let cancel = seed % 8 >= 4;
        let results = run(&chance, &shared, calls, cancel);
        let read = peer.read.borrow();
        for (number, result) in results.into_iter().enumerate() {
            let word = format!("n{number}");
            match result {
                None => {}
                Some(Ok(replies)) => assert_eq!(replies, said(number), "seed {seed}"),
                Some(Err(ConnectionError::NotSent)) => assert!(!read.contains(&word), "seed {seed}"),
                Some(Err(ConnectionError::Unanswered(_))) => {
                    assert!(peer.offered.borrow().contains(&word), "seed {seed}");
                }
                Some(Err(ConnectionError::Unreadable(error))) => {
                    assert_eq!(error, ScanError::Malformed("unknown type byte"), "seed {seed}");
                    assert_eq!(read[at], word, "seed {seed}");
                }
                Some(Err(ConnectionError::Busy)) => panic!("seed {seed}: so few are not too many"),
            }
        }
    }
}

#[test]
fn calls_that_are_ready_together_leave_in_one_write() {
    let chance = Chance::new(7);
    let peer = Rc::new(Peer::new(chance, End::Never));
    let shared = MultiplexedConnection::new(Wire(peer.clone()));
    let all = (0..100).map(|number| {
        let shared = &shared;
        async move { (number, send(shared, format!("n{number}").as_bytes()).await) }
    });
    let results = futures::executor::block_on(futures::future::join_all(all));
    for (number, result) in results {
        assert_eq!(result, Ok(said(number)));
    }
    assert_eq!(peer.writes.get(), 2, "the first found nobody to wait for, the others were ready when it had left");
}

#[test]
fn too_many_calls_are_turned_away_and_the_others_are_served() {
    let peer = Rc::new(Peer::new(Chance::new(1), End::Never));
    let shared = MultiplexedConnection::new(Wire(peer.clone()));
    let all = (0..20_000).map(|_| send(&shared, b"n0"));
    let results = futures::executor::block_on(futures::future::join_all(all));
    let busy = results.iter().filter(|result| **result == Err(ConnectionError::Busy)).count();
    assert_eq!(busy, 20_000 - (16 << 10));
    assert_eq!(results.iter().filter(|result| **result == Ok(said(0))).count(), 16 << 10);
}

#[test]
fn what_waits_to_be_sent_is_bounded_in_bytes() {
    let peer = Rc::new(Peer::new(Chance::new(1), End::Never));
    let shared = MultiplexedConnection::new(Wire(peer.clone()));
    let command = vec![b'n'; 20 << 20];
    // The first is sent at once, and three of the others may wait.
    let all = (0..6).map(|_| send(&shared, &command));
    let results = futures::executor::block_on(futures::future::join_all(all));
    assert_eq!(results.iter().filter(|result| **result == Err(ConnectionError::Busy)).count(), 2);
}

/// A connection whose read times out once `released` is set.
fn late(released: &Rc<Cell<bool>>) -> MultiplexedConnection<Held> {
    MultiplexedConnection::new(Held { released: released.clone(), answer: Err(SocketError::TimedOut) })
}

#[test]
fn a_server_that_sends_little_and_often_reaches_the_deadline_all_the_same() {
    let connection = MultiplexedConnection::new(Dripping::default());
    assert_eq!(ready(send(&connection, b"CMD")), Err(ConnectionError::Unanswered(SocketError::TimedOut)));
    assert!(!connection.is_usable());
}

#[test]
fn who_takes_over_a_read_is_not_told_that_its_own_time_is_over() {
    let released = Rc::new(Cell::new(false));
    let shared = late(&released);
    assert!(send(&shared, b"n0").now_or_never().is_none(), "it waits, and is cancelled");
    let mut next = pin!(send(&shared, b"n0"));
    assert!(next.as_mut().now_or_never().is_none());
    released.set(true);
    assert_eq!(next.now_or_never(), Some(Err(ConnectionError::Unanswered(SocketError::Closed))));
}

#[test]
fn a_read_that_outlives_its_connection_is_left_to_the_next_call() {
    let released = Rc::new(Cell::new(false));
    let shared = late(&released);
    assert!(send(&shared, b"n0").now_or_never().is_none(), "it waits, and is cancelled");
    drop(shared);
    assert_eq!(Rc::strong_count(&released), 2, "nothing is ended where nothing may wait");

    let shared = late(&Rc::new(Cell::new(true)));
    assert!(send(&shared, b"n0").now_or_never().is_some());
    assert_eq!(Rc::strong_count(&released), 1);
}
