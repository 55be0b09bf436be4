use super::super::{
    connection::{Connection as _, ConnectionError},
    host::SocketError,
    testing::{Answer, Turn, World, connected, ready, says, shown},
};
use super::*;
use futures::FutureExt;
use std::{future::poll_fn, task::Poll};

const TIMEOUTS: Timeouts = Timeouts { connect: 500, answer: 500 };
const READ: Rule = Rule::READ;
const WRITE: Rule = Rule { repeat: Repeat::IfNotExecuted, writes: true, wait: None };

fn client(url: &str, world: &World) -> Client<World> {
    Client::new(world.clone(), RedisUrl::parse(url).unwrap(), TIMEOUTS)
}

fn send_batch(client: &Client<World>, batch: Batch, rule: Rule) -> Result<Vec<String>, Error> {
    ready(client.send(b"", batch, rule, &client.begin())).map(|replies| shown(replies.list.iter()))
}

fn send(client: &Client<World>, rule: Rule) -> Result<Vec<String>, Error> {
    send_batch(client, Batch::of(&[b"CMD"]), rule)
}

/// The result of one command to a server without a password, and what happened.
fn result_of(turns: &[Turn], rule: Rule) -> (Result<Vec<String>, Error>, Vec<String>) {
    let world = World::new(turns);
    let result = send(&client("redis://h", &world), rule);
    (result, world.seen())
}

fn one() -> Result<Vec<String>, Error> {
    Ok(vec!["1".into()])
}

#[test]
fn replies_may_come_in_any_pieces() {
    for size in 1..=20 {
        let world = World::new(&[connected(&[Answer::Bytes(b":1\r\n*1\r\n$3\r\na\r\n\r\n>1\r\n+x\r\n_\r\n", size)])]);
        let mut batch = Batch::of(&[b"A"]);
        batch.command(&[b"B"]);
        batch.command(&[b"C"]);
        let replies = send_batch(&client("redis://h", &world), batch, READ).unwrap();
        assert_eq!(replies, ["1", "[\"a\\r\\n\"]", "null"], "{size} at a time");
    }
}

#[test]
fn one_connection_serves_one_call_after_another() {
    let world = World::new(&[connected(&[says(b":1\r\n"), says(b":1\r\n")])]);
    let client = client("redis://h", &world);
    assert_eq!(send(&client, WRITE), one());
    assert_eq!(send(&client, WRITE), one());
    assert_eq!(world.seen(), ["connected", "CMD", "idle", "CMD", "idle"]);
}

#[test]
fn the_handshake_is_answered_before_anything_else_leaves() {
    let world = World::new(&[connected(&[says(b"+OK\r\n+OK\r\n"), says(b":1\r\n")])]);
    let result = send(&client("redis://:p@h/2", &world), WRITE);
    assert_eq!(result, one());
    let seen = world.seen();
    assert_eq!(seen[..2], ["connected", "AUTH p SELECT 2"]);
    assert!(seen[2].starts_with("state database 2 user "));
    assert_eq!(seen[3..], ["CMD", "idle"]);
}

#[test]
fn nothing_follows_a_handshake_that_failed() {
    let answer = says(b"+OK\r\n-ERR DB index is out of range\r\n");
    let world = World::new(&[connected(&[answer])]);
    let result = send(&client("redis://:p@h/2", &world), WRITE);
    assert_eq!(result, Err(Error::Server("ERR DB index is out of range".into())));
    assert_eq!(world.seen()[1..], ["AUTH p SELECT 2"]);
}

#[test]
fn a_connection_that_is_taken_over_needs_no_handshake() {
    let turn = Turn::Connected { reused: true, answers: vec![says(b":1\r\n")] };
    let world = World::new(&[turn]);
    assert_eq!(send(&client("redis://:p@h", &world), WRITE), one());
    assert_eq!(world.seen(), ["connected", "CMD", "idle"]);
}

#[test]
fn what_was_not_sent_is_sent_over_a_new_connection() {
    let turns = [connected(&[Answer::NotSent]), connected(&[says(b":1\r\n")])];
    let (result, seen) = result_of(&turns, WRITE);
    assert_eq!(result, one());
    assert_eq!(seen, ["connected", "connected", "CMD", "idle"]);
}

#[test]
fn a_write_without_an_answer_is_not_sent_again() {
    for answer in [Answer::Cut(b""), Answer::Cut(b":1\r"), Answer::Fails(SocketError::TimedOut)] {
        let (result, seen) = result_of(&[connected(&[answer])], WRITE);
        assert!(matches!(result, Err(Error::OutcomeUnknown(_))), "{result:?}");
        assert_eq!(seen, ["connected", "CMD"]);
    }
}

#[test]
fn a_read_without_an_answer_is_sent_again_over_a_new_connection() {
    let turns = [connected(&[Answer::Cut(b"$5\r\nab")]), connected(&[says(b":1\r\n")])];
    let (result, seen) = result_of(&turns, READ);
    assert_eq!(result, one());
    assert_eq!(seen, ["connected", "CMD", "connected", "CMD", "idle"]);
}

#[test]
fn what_is_not_resp_ends_the_connection() {
    let world = World::new(&[connected(&[says(b"HTTP/1.1 200 OK\r\n")]), connected(&[says(b":1\r\n")])]);
    let client = client("redis://h", &world);
    assert!(matches!(send(&client, READ), Err(Error::Protocol(_))));
    assert_eq!(send(&client, READ), one());
    assert_eq!(world.seen(), ["connected", "CMD", "connected", "CMD", "idle"]);
}

#[test]
fn a_server_that_is_loading_is_waited_for() {
    let loading = says(b"-LOADING Redis is loading the dataset in memory\r\n");
    let (result, _) = result_of(&[connected(&[loading.clone(), loading.clone(), says(b":1\r\n")])], WRITE);
    assert_eq!(result, one());
    let (result, seen) = result_of(&[connected(&vec![loading; 100])], WRITE);
    assert!(matches!(result, Err(Error::Unavailable(_))));
    let tries = seen.iter().filter(|event| *event == "CMD").count();
    assert!((5..50).contains(&tries), "{tries} tries in a second");
}

#[test]
fn a_replica_is_left_for_the_next_server() {
    let readonly = connected(&[says(b"-READONLY You can't write against a read only replica.\r\n")]);
    let (result, seen) = result_of(&[readonly, connected(&[says(b":1\r\n")])], WRITE);
    assert_eq!(result, one());
    assert_eq!(seen, ["connected", "CMD", "connected", "CMD", "idle"]);
}

#[test]
fn a_refused_connection_is_tried_again_a_few_times() {
    let refused = Turn::Refused(SocketError::Refused);
    let (result, _) = result_of(&[refused.clone(), refused.clone(), connected(&[says(b":1\r\n")])], WRITE);
    assert_eq!(result, one());
    let (result, seen) = result_of(&vec![refused; 100], WRITE);
    assert_eq!(result, Err(Error::Unavailable("connection refused".into())));
    assert_eq!(seen.len(), 4);
}

#[test]
fn a_handshake_that_is_cut_off_counts_as_no_connection() {
    let turns = [connected(&[Answer::Cut(b"+O")]), connected(&[says(b"+OK\r\n"), says(b":1\r\n")])];
    let world = World::new(&turns);
    assert_eq!(send(&client("redis://:p@h", &world), WRITE), one());
}

#[test]
fn a_connection_that_watches_is_neither_marked_nor_kept() {
    let world = World::new(&[connected(&[says(b"+OK\r\n")]), connected(&[says(b":1\r\n")])]);
    let client = client("redis://h", &world);
    let mut watch = Batch::of(&[b"WATCH"]);
    watch.opens_transaction();
    let limits = client.begin();
    let left: Result<(), Error> = ready(client.on_connection(b"", WRITE, &limits, async |connection| {
        connection.round_trip(&watch, &limits).await?;
        Err(TryError::Fatal(Error::WrongType))
    }));
    assert_eq!(left, Err(Error::WrongType));
    assert_eq!(send(&client, WRITE), one());
    assert_eq!(world.seen(), ["connected", "WATCH", "connected", "CMD", "idle"]);
}

#[test]
fn a_host_without_support_is_an_error_at_once() {
    let turns = [Turn::Refused(SocketError::Unsupported("no Unix sockets".into()))];
    assert_eq!(result_of(&turns, WRITE).0, Err(Error::Unsupported("no Unix sockets".into())));
    let turns = [Turn::Refused(SocketError::Denied("h:6379".into()))];
    assert!(matches!(result_of(&turns, WRITE).0, Err(Error::Unavailable(_))));
    assert_eq!(ConnectionError::NotSent.into_error(true), Error::Unavailable("connection closed by the server".into()));
}

#[test]
fn what_an_earlier_try_may_have_done_stays_unknown() {
    let rule = Rule { repeat: Repeat::Always, writes: true, wait: None };
    let refused = vec![Turn::Refused(SocketError::Refused); 100];
    let (result, _) = result_of(&[vec![connected(&[Answer::Cut(b"")])], refused].concat(), rule);
    assert!(matches!(result, Err(Error::OutcomeUnknown(_))), "{result:?}");
}

#[test]
fn what_an_earlier_try_may_have_done_stays_unknown_after_a_final_error() {
    let rule = Rule { repeat: Repeat::Always, writes: true, wait: None };
    let turns = [connected(&[Answer::Cut(b"")]), connected(&[says(b"-OOM command not allowed\r\n")])];
    assert!(matches!(result_of(&turns, rule).0, Err(Error::OutcomeUnknown(_))));
    let rule = Rule { writes: false, ..rule };
    assert_eq!(result_of(&turns, rule).0, Err(Error::Unavailable("OOM".into())));
}

#[test]
fn unexpected_bytes_end_the_connection() {
    let turns = [connected(&[says(b":1\r\n:2\r\n")]), connected(&[says(b":1\r\n")])];
    let world = World::new(&turns);
    let client = client("redis://h", &world);
    assert_eq!(send(&client, WRITE), one());
    assert_eq!(send(&client, WRITE), one());
    assert_eq!(world.seen(), ["connected", "CMD", "connected", "CMD", "idle"]);
}

#[test]
fn one_deadline_holds_for_all_replies_of_a_call() {
    let world = World::new(&[connected(&[Answer::Slow(b"+QUEUED\r\n", 40, 180)])]);
    let mut batch = Batch::new();
    (0..40).for_each(|_| batch.command(&[b"CMD"]));
    let result = send_batch(&client("redis://h", &world), batch, WRITE);
    assert_eq!(result, Err(Error::OutcomeUnknown("timed out".into())));
    assert!(world.now() <= 1_000 + 180, "{} ms", world.now());
}

#[test]
fn a_call_that_is_retried_ends_at_its_deadline() {
    let loading = says(b"-LOADING Redis is loading the dataset in memory\r\n");
    let world = World::new(&[connected(&vec![loading; 100])]);
    assert!(send(&client("redis://h", &world), WRITE).is_err());
    assert!(world.now() <= 1_000, "{} ms", world.now());
}

#[test]
fn a_denied_command_is_named() {
    let mut batch = Batch::of(&[b"MULTI"]);
    batch.command(&[b"HSET", b"k"]);
    let world = World::new(&[connected(&[says(b"+OK\r\n-NOPERM this user has no permissions\r\n")])]);
    let result = send_batch(&client("redis://h", &world), batch, WRITE);
    assert_eq!(result, Err(Error::Denied("NOPERM HSET".into())));
}

#[test]
fn a_connection_that_the_server_is_about_to_close_is_not_kept() {
    let stranger = says(b"-ERR Protocol error: unauthenticated multibulk length\r\n");
    let world = World::new(&[connected(&[stranger]), connected(&[says(b":1\r\n")])]);
    let client = client("redis://h", &world);
    assert_eq!(send(&client, WRITE), Err(Error::Denied("NOAUTH CMD".into())));
    assert_eq!(send(&client, WRITE), one());
    assert_eq!(world.seen(), ["connected", "CMD", "connected", "CMD", "idle"]);
}

/// Makes this many calls at the same time, each with its own connection.
fn burst(client: &Client<World>, count: usize) {
    let batch = Batch::of(&[b"CMD"]);
    let limits = client.begin();
    let once = async |connection: &ReadyConnection<World>| {
        connection.round_trip(&batch, &limits).await?;
        let mut is_later = false;
        poll_fn(|_| if std::mem::replace(&mut is_later, true) { Poll::Ready(Ok(())) } else { Poll::Pending }).await
    };
    let mut calls: Vec<_> = (0..count).map(|_| Box::pin(client.on_connection(b"", WRITE, &limits, once))).collect();
    assert!(calls.iter_mut().all(|call| call.now_or_never().is_none()));
    assert!(calls.iter_mut().all(|call| call.now_or_never() == Some(Ok(()))));
}

#[test]
fn connections_that_ended_together_cost_one_try() {
    let ending = connected(&[says(b":1\r\n"), Answer::NotSent]);
    let world = World::new(&[vec![ending; 6], vec![connected(&[says(b":1\r\n")])]].concat());
    let client = client("redis://h", &world);
    burst(&client, 6);
    assert_eq!(send(&client, WRITE), one());
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
