use super::*;
use crate::redis::{
    handshake::Handshake,
    host::{Address, SocketError, Timeouts},
    node::Context,
    retry::Failure,
    testing::{Line, Turn, World, connected},
    url::Server,
};
use futures::FutureExt;

/// A world whose calls share a connection, and where time passes or stands still.
struct Sharing(World, bool);

impl Host for Sharing {
    type Socket = Line;
    type Link = Joint<Self>;

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
    let handshake = Handshake::new(&Server::parse("redis://s:1").unwrap());
    let timeouts = Timeouts { connect: 1_000, answer: 1_000 };
    let context = Context { host: Sharing(World::new(turns), time_passes), handshake, timeouts, kept: Rc::default() };
    Node::new(Rc::new(context), Address::Tcp("s".into(), 1))
}

/// So many calls that do not come to an end, and whether one more is told that it is too many.
fn is_busy_after<T, F: Future<Output = Result<T, Attempt>>>(count: usize, call: impl Fn() -> F) -> bool {
    let mut calls: Vec<_> = (0..count).map(|_| Box::pin(call())).collect();
    for call in &mut calls {
        assert!(call.now_or_never().is_none());
    }
    let one_more = call().now_or_never();
    matches!(one_more, Some(Err(Attempt::Failed(Failure::NoReply(ExchangeError::Busy)))))
}

#[test]
fn so_many_wait_for_a_connection_and_no_more() {
    let node = node(&[Turn::Stalled], false);
    let batch = Batch::of(&[b"CMD"]);
    assert!(is_busy_after(1 + MAX_CALLS, || node.exchange(&batch)));
}

#[test]
fn so_many_wait_for_a_connection_of_their_own_and_no_more() {
    let node = node(&vec![connected(&[]); MAX_OWN], false);
    let never = async |_: &Ready<Sharing>| std::future::pending::<Result<(), Attempt>>().await;
    assert!(is_busy_after(MAX_OWN + MAX_CALLS, || node.attempt(never)));
}

#[test]
fn nobody_waits_longer_for_a_connection_of_their_own_than_for_an_answer() {
    let node = node(&vec![connected(&[]); MAX_OWN], true);
    let never = async |_: &Ready<Sharing>| std::future::pending::<Result<(), Attempt>>().await;
    assert!(is_busy_after(MAX_OWN, || node.attempt(never)));
}
