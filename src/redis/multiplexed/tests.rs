use super::*;
use crate::redis::{
    handshake::Handshake,
    host::{Address, SocketError, Timeouts},
    node::Context,
    retry::Transient,
    testing::{Line, Turn, World, connected},
    url::RedisUrl,
};
use futures::FutureExt;

const TIMEOUTS: Timeouts = Timeouts { connect: 1_000, answer: 1_000 };

/// A simulated host whose calls share a connection, and whose `wait` either returns at once or never.
struct Sharing(World, bool);

impl Host for Sharing {
    type Socket = Line;
    type Strategy = Multiplexed<Self>;

    async fn connect(&self, address: &Address, timeouts: Timeouts, state: &str) -> Result<Line, SocketError> {
        self.0.connect(address, timeouts, state).await
    }

    fn now(&self) -> u64 {
        self.0.now()
    }

    async fn wait(&self, milliseconds: u32) {
        if !self.1 {
            std::future::pending::<()>().await;
        }
        self.0.wait(milliseconds).await;
    }

    fn random<const COUNT: usize>(&self) -> [u8; COUNT] {
        self.0.random()
    }
}

fn node(turns: &[Turn], time_passes: bool) -> Node<Sharing> {
    let handshake = Handshake::new(&RedisUrl::parse("redis://s:1").unwrap());
    let context =
        Context { host: Sharing(World::new(turns), time_passes), handshake, timeouts: TIMEOUTS, idle: Rc::default() };
    Node::new(Rc::new(context), Address::Tcp("s".into(), 1))
}

/// Starts this many calls that do not end. Returns whether one more fails with `Busy`.
fn is_busy_after<T, F: Future<Output = Result<T, TryError>>>(count: usize, call: impl Fn() -> F) -> bool {
    let mut calls: Vec<_> = (0..count).map(|_| Box::pin(call())).collect();
    for call in &mut calls {
        assert!(call.now_or_never().is_none());
    }
    let one_more = call().now_or_never();
    matches!(one_more, Some(Err(TryError::Retryable(Transient::NoReply(ConnectionError::Busy)))))
}

#[test]
fn so_many_wait_for_a_connection_and_no_more() {
    let limits = Limits::begin(0, TIMEOUTS);
    let node = node(&[Turn::Stalled], false);
    let batch = Batch::of(&[b"CMD"]);
    assert!(is_busy_after(1 + MAX_CALLS, || node.strategy().round_trip(&node, &batch, &limits)));
}

#[test]
fn so_many_wait_for_a_connection_of_their_own_and_no_more() {
    let limits = Limits::begin(0, TIMEOUTS);
    let node = node(&vec![connected(&[]); MAX_DEDICATED], false);
    let never = async |_: &ReadyConnection<Sharing>| std::future::pending::<Result<(), TryError>>().await;
    assert!(is_busy_after(MAX_DEDICATED + MAX_CALLS, || node.on_connection(&limits, never)));
}

#[test]
fn nobody_waits_longer_for_a_connection_of_their_own_than_for_an_answer() {
    let limits = Limits::begin(0, TIMEOUTS);
    let node = node(&vec![connected(&[]); MAX_DEDICATED], true);
    let never = async |_: &ReadyConnection<Sharing>| std::future::pending::<Result<(), TryError>>().await;
    assert!(is_busy_after(MAX_DEDICATED, || node.on_connection(&limits, never)));
}
