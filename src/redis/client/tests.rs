use super::super::{
    connection::{Connection as _, ExchangeError},
    host::SocketError,
    testing::{Answer, Turn, World, connected, ready, says},
};
use super::*;
use crate::redis::Reply;
use futures::FutureExt;
use std::{future::poll_fn, task::Poll};

const TIMEOUTS: Timeouts = Timeouts { connect: 1_000, answer: 1_000 };
const READ: Rule = Rule { repeat: Repeat::Always, writes: false };
const WRITE: Rule = Rule { repeat: Repeat::IfNotExecuted, writes: true };

fn client(url: &str, world: &World) -> Client<World> {
    Client::new(world.clone(), Server::parse(url).unwrap(), TIMEOUTS)
}

fn exchange(client: &Client<World>, rule: Rule) -> Result<Vec<Reply>, Error> {
    ready(client.exchange(b"", &Batch::of(&[b"CMD"]), rule))
}

/// One command to a server without a password.
fn told(turns: &[Turn], rule: Rule) -> (Result<Vec<Reply>, Error>, Vec<String>) {
    let world = World::new(turns);
    let result = exchange(&client("redis://h", &world), rule);
    (result, world.seen())
}

const ONE: Reply = Reply::Integer(1);

#[test]
fn replies_may_come_in_any_pieces() {
    for size in 1..=20 {
        let world = World::new(&[connected(&[Answer::Bytes(b":1\r\n*1\r\n$3\r\na\r\n\r\n>1\r\n+x\r\n_\r\n", size)])]);
        let mut batch = Batch::of(&[b"A"]);
        batch.command(&[b"B"]);
        batch.command(&[b"C"]);
        let replies = ready(client("redis://h", &world).exchange(b"", &batch, READ));
        let list = Reply::Array(vec![Reply::Text("a\r\n".into())]);
        assert_eq!(replies, Ok(vec![ONE, list, Reply::Null]), "{size} at a time");
    }
}

#[test]
fn one_connection_serves_one_call_after_another() {
    let world = World::new(&[connected(&[says(b":1\r\n"), says(b":1\r\n")])]);
    let client = client("redis://h", &world);
    assert_eq!(exchange(&client, WRITE), Ok(vec![ONE]));
    assert_eq!(exchange(&client, WRITE), Ok(vec![ONE]));
    assert_eq!(world.seen(), ["connected", "CMD", "idle", "CMD", "idle"]);
}

#[test]
fn the_handshake_is_answered_before_anything_else_leaves() {
    let world = World::new(&[connected(&[says(b"+OK\r\n+OK\r\n"), says(b":1\r\n")])]);
    let result = exchange(&client("redis://:p@h/2", &world), WRITE);
    assert_eq!(result, Ok(vec![ONE]));
    let seen = world.seen();
    assert_eq!(seen[..2], ["connected", "AUTH p SELECT 2"]);
    assert!(seen[2].starts_with("state database 2 user "));
    assert_eq!(seen[3..], ["CMD", "idle"]);
}

#[test]
fn nothing_follows_a_handshake_that_failed() {
    let answer = says(b"+OK\r\n-ERR DB index is out of range\r\n");
    let world = World::new(&[connected(&[answer])]);
    let result = exchange(&client("redis://:p@h/2", &world), WRITE);
    assert_eq!(result, Err(Error::Server("ERR DB index is out of range".into())));
    assert_eq!(world.seen()[1..], ["AUTH p SELECT 2"]);
}

#[test]
fn a_connection_that_is_taken_over_needs_no_handshake() {
    let turn = Turn::Connected { reused: true, answers: vec![says(b":1\r\n")] };
    let world = World::new(&[turn]);
    assert_eq!(exchange(&client("redis://:p@h", &world), WRITE), Ok(vec![ONE]));
    assert_eq!(world.seen(), ["connected", "CMD", "idle"]);
}

#[test]
fn what_was_not_sent_is_sent_over_a_new_connection() {
    let turns = [connected(&[Answer::NotSent]), connected(&[says(b":1\r\n")])];
    let (result, seen) = told(&turns, WRITE);
    assert_eq!(result, Ok(vec![ONE]));
    assert_eq!(seen, ["connected", "connected", "CMD", "idle"]);
}

#[test]
fn a_write_without_an_answer_is_not_sent_again() {
    for answer in [Answer::Cut(b""), Answer::Cut(b":1\r"), Answer::Fails(SocketError::TimedOut)] {
        let (result, seen) = told(&[connected(&[answer])], WRITE);
        assert!(matches!(result, Err(Error::OutcomeUnknown(_))), "{result:?}");
        assert_eq!(seen, ["connected", "CMD"]);
    }
}

#[test]
fn a_read_without_an_answer_is_sent_again_over_a_new_connection() {
    let turns = [connected(&[Answer::Cut(b"$5\r\nab")]), connected(&[says(b":1\r\n")])];
    let (result, seen) = told(&turns, READ);
    assert_eq!(result, Ok(vec![ONE]));
    assert_eq!(seen, ["connected", "CMD", "connected", "CMD", "idle"]);
}

#[test]
fn what_is_not_resp_ends_the_connection() {
    let world = World::new(&[connected(&[says(b"HTTP/1.1 200 OK\r\n")]), connected(&[says(b":1\r\n")])]);
    let client = client("redis://h", &world);
    assert!(matches!(exchange(&client, READ), Err(Error::Protocol(_))));
    assert_eq!(exchange(&client, READ), Ok(vec![ONE]));
    assert_eq!(world.seen(), ["connected", "CMD", "connected", "CMD", "idle"]);
}

#[test]
fn a_server_that_is_loading_is_waited_for() {
    let loading = says(b"-LOADING Redis is loading the dataset in memory\r\n");
    let (result, _) = told(&[connected(&[loading.clone(), loading.clone(), says(b":1\r\n")])], WRITE);
    assert_eq!(result, Ok(vec![ONE]));
    let (result, seen) = told(&[connected(&vec![loading; 100])], WRITE);
    assert!(matches!(result, Err(Error::Unavailable(_))));
    let tries = seen.iter().filter(|event| *event == "CMD").count();
    assert!((5..50).contains(&tries), "{tries} tries in a second");
}

#[test]
fn a_replica_is_left_for_whoever_answers_next() {
    let readonly = connected(&[says(b"-READONLY You can't write against a read only replica.\r\n")]);
    let (result, seen) = told(&[readonly, connected(&[says(b":1\r\n")])], WRITE);
    assert_eq!(result, Ok(vec![ONE]));
    assert_eq!(seen, ["connected", "CMD", "connected", "CMD", "idle"]);
}

#[test]
fn a_refused_connection_is_tried_again_a_few_times() {
    let refused = Turn::Refused(SocketError::Refused);
    let (result, _) = told(&[refused.clone(), refused.clone(), connected(&[says(b":1\r\n")])], WRITE);
    assert_eq!(result, Ok(vec![ONE]));
    let (result, seen) = told(&vec![refused; 100], WRITE);
    assert_eq!(result, Err(Error::Unavailable("connection refused".into())));
    assert_eq!(seen.len(), 4);
}

#[test]
fn a_handshake_that_is_cut_off_counts_as_no_connection() {
    let turns = [connected(&[Answer::Cut(b"+O")]), connected(&[says(b"+OK\r\n"), says(b":1\r\n")])];
    let world = World::new(&turns);
    assert_eq!(exchange(&client("redis://:p@h", &world), WRITE), Ok(vec![ONE]));
}

#[test]
fn a_connection_that_watches_is_neither_marked_nor_kept() {
    let world = World::new(&[connected(&[says(b"+OK\r\n")]), connected(&[says(b":1\r\n")])]);
    let client = client("redis://h", &world);
    let mut watch = Batch::of(&[b"WATCH"]);
    watch.keeps_watching();
    let left: Result<(), Error> = ready(client.attempt(b"", WRITE, async |connection| {
        connection.exchange(&watch).await?;
        Err(Attempt::Final(Error::WrongType))
    }));
    assert_eq!(left, Err(Error::WrongType));
    assert_eq!(exchange(&client, WRITE), Ok(vec![ONE]));
    assert_eq!(world.seen(), ["connected", "WATCH", "connected", "CMD", "idle"]);
}

#[test]
fn what_a_host_does_not_have_is_told_at_once() {
    let turns = [Turn::Refused(SocketError::Unsupported("no Unix sockets".into()))];
    assert_eq!(told(&turns, WRITE).0, Err(Error::Unsupported("no Unix sockets".into())));
    let turns = [Turn::Refused(SocketError::Denied("h:6379".into()))];
    assert!(matches!(told(&turns, WRITE).0, Err(Error::Unavailable(_))));
    assert_eq!(ExchangeError::NotSent.of_writing(), Error::Unavailable("connection closed by the server".into()));
}

#[test]
fn what_an_earlier_try_may_have_done_stays_unknown() {
    let rule = Rule { repeat: Repeat::Always, writes: true };
    let refused = vec![Turn::Refused(SocketError::Refused); 100];
    let (result, _) = told(&[vec![connected(&[Answer::Cut(b"")])], refused].concat(), rule);
    assert!(matches!(result, Err(Error::OutcomeUnknown(_))), "{result:?}");
}

#[test]
fn what_an_earlier_try_may_have_done_stays_unknown_after_a_final_error() {
    let rule = Rule { repeat: Repeat::Always, writes: true };
    let turns = [connected(&[Answer::Cut(b"")]), connected(&[says(b"-OOM command not allowed\r\n")])];
    assert!(matches!(told(&turns, rule).0, Err(Error::OutcomeUnknown(_))));
    let rule = Rule { writes: false, ..rule };
    assert_eq!(told(&turns, rule).0, Err(Error::Unavailable("OOM".into())));
}

#[test]
fn what_came_and_nobody_asked_for_ends_the_connection() {
    let turns = [connected(&[says(b":1\r\n:2\r\n")]), connected(&[says(b":1\r\n")])];
    let world = World::new(&turns);
    let client = client("redis://h", &world);
    assert_eq!(exchange(&client, WRITE), Ok(vec![ONE]));
    assert_eq!(exchange(&client, WRITE), Ok(vec![ONE]));
    assert_eq!(world.seen(), ["connected", "CMD", "connected", "CMD", "idle"]);
}

#[test]
fn a_denied_command_is_named() {
    let mut batch = Batch::of(&[b"MULTI"]);
    batch.command(&[b"HSET", b"k"]);
    let world = World::new(&[connected(&[says(b"+OK\r\n-NOPERM this user has no permissions\r\n")])]);
    let result = ready(client("redis://h", &world).exchange(b"", &batch, WRITE));
    assert_eq!(result, Err(Error::Denied("NOPERM HSET".into())));
}

#[test]
fn a_connection_that_the_server_is_about_to_close_is_not_kept() {
    let stranger = says(b"-ERR Protocol error: unauthenticated multibulk length\r\n");
    let world = World::new(&[connected(&[stranger]), connected(&[says(b":1\r\n")])]);
    let client = client("redis://h", &world);
    assert_eq!(exchange(&client, WRITE), Err(Error::Denied("NOAUTH CMD".into())));
    assert_eq!(exchange(&client, WRITE), Ok(vec![ONE]));
    assert_eq!(world.seen(), ["connected", "CMD", "connected", "CMD", "idle"]);
}

/// So many calls at once, each with a connection of its own.
fn burst(client: &Client<World>, count: usize) {
    let batch = Batch::of(&[b"CMD"]);
    let once = async |connection: &Ready<World>| {
        connection.exchange(&batch).await?;
        let mut is_later = false;
        poll_fn(|_| if std::mem::replace(&mut is_later, true) { Poll::Ready(Ok(())) } else { Poll::Pending }).await
    };
    let mut calls: Vec<_> = (0..count).map(|_| Box::pin(client.attempt(b"", WRITE, once))).collect();
    assert!(calls.iter_mut().all(|call| call.now_or_never().is_none()));
    assert!(calls.iter_mut().all(|call| call.now_or_never() == Some(Ok(()))));
}

#[test]
fn connections_that_ended_together_cost_one_try() {
    let ending = connected(&[says(b":1\r\n"), Answer::NotSent]);
    let world = World::new(&[vec![ending; 6], vec![connected(&[says(b":1\r\n")])]].concat());
    let client = client("redis://h", &world);
    burst(&client, 6);
    assert_eq!(exchange(&client, WRITE), Ok(vec![ONE]));
}

#[test]
fn no_more_connections_are_kept_than_a_host_allows() {
    let world = World::new(&vec![connected(&[says(b":1\r\n"), says(b":1\r\n")]); 50]);
    let client = client("redis://h", &world);
    burst(&client, 50);
    assert_eq!(world.seen().iter().filter(|what| *what == "idle").count(), 32);
    burst(&client, 32);
    assert_eq!(world.seen().iter().filter(|what| *what == "idle").count(), 64);
}
