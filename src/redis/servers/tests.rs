use super::super::{
    client::{Client, Rule, checked},
    connection::Connection as _,
    handshake::Handshake,
    host::{SocketError, Timeouts},
    node::ReadyConnection,
    retry::Repeat,
    testing::{Turn, World, connected, ready, says, shown},
    url::RedisUrl,
};
use super::*;
use crate::error::Error;
use futures::FutureExt;
use std::pin::pin;

const TIMEOUTS: Timeouts = Timeouts { connect: 500, answer: 500 };
const WRITE: Rule = Rule { repeat: Repeat::IfNotExecuted, writes: true, wait: None };
const DONE: &[u8] = b":1\r\n";

const CLUSTER: &str = "redis://s:1,t:2?cluster=true";
/// `a:1` owns all slots.
const SLOTS: &[u8] = b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$1\r\na\r\n:1\r\n";
const MOVED_TO_B: &[u8] = b"-MOVED 0 b:2\r\n";
const MOVED_TO_A: &[u8] = b"-MOVED 0 a:1\r\n";
const ASK_B: &[u8] = b"-ASK 0 b:2\r\n";

const SENTINELS: &str = "redis://s:1,t:2?sentinel=n";
const PRIMARY_IS_A: &[u8] = b"*2\r\n$1\r\na\r\n$1\r\n1\r\n";
const PRIMARY_IS_B: &[u8] = b"*2\r\n$1\r\nb\r\n$1\r\n2\r\n";
const NO_PRIMARY: &[u8] = b"*-1\r\n";
const MASTER: &[u8] = b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
const SLAVE: &[u8] = b"*5\r\n$5\r\nslave\r\n$1\r\nb\r\n:2\r\n$9\r\nconnected\r\n:0\r\n";
const ASKED_S: &str = "s:1 SENTINEL GET-MASTER-ADDR-BY-NAME n";
const ASKED_T: &str = "t:2 SENTINEL GET-MASTER-ADDR-BY-NAME n";

fn limits() -> Limits {
    Limits::begin(0, TIMEOUTS)
}

/// A server that gives these answers, one after another.
fn server(answers: &[&'static [u8]]) -> Turn {
    connected(&answers.iter().copied().map(says).collect::<Vec<_>>())
}

fn servers(url: &str, turns: &[Turn]) -> Servers<World> {
    let url = RedisUrl::parse(url).unwrap();
    let (host, handshake) = (World::new(turns), Handshake::new(&url));
    Servers::new(Rc::new(Context { host, handshake, timeouts: TIMEOUTS, idle: Rc::default() }), url.topology)
}

/// Makes `COUNT` calls. Returns their results, and which server was sent what.
fn calls<const COUNT: usize>(url: &str, turns: &[Turn]) -> ([Result<Vec<String>, Error>; COUNT], Vec<String>) {
    let world = World::new(turns);
    let client = Client::new(world.clone(), RedisUrl::parse(url).unwrap(), TIMEOUTS);
    let results = [(); COUNT].map(|()| {
        let replies = ready(client.send(b"", Batch::of(&[b"CMD"]), WRITE, &client.begin()));
        replies.map(|replies| shown(replies.list.iter()))
    });
    (results, world.said())
}

fn done<const COUNT: usize>() -> [Result<Vec<String>, Error>; COUNT] {
    [(); COUNT].map(|()| Ok(vec!["1".into()]))
}

#[track_caller]
fn expect_unavailable(result: &Result<Vec<String>, Error>) {
    assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
}

#[test]
fn a_cluster_is_asked_for_its_slots_once() {
    let (results, said) = calls(CLUSTER, &[server(&[SLOTS]), server(&[DONE, DONE])]);
    assert_eq!(results, done::<2>());
    assert_eq!(said, ["s:1 CLUSTER SLOTS", "a:1 CMD", "a:1 CMD"]);
}

#[test]
fn who_has_moved_is_followed_and_remembered() {
    let turns = [server(&[SLOTS]), server(&[MOVED_TO_B]), server(&[DONE, DONE])];
    let (results, said) = calls(CLUSTER, &turns);
    assert_eq!(results, done::<2>());
    assert_eq!(said, ["s:1 CLUSTER SLOTS", "a:1 CMD", "b:2 CMD", "b:2 CMD"]);
}

#[test]
fn who_is_on_the_way_is_asked_for_one_time() {
    let turns = [server(&[SLOTS]), server(&[ASK_B, DONE]), server(&[b"+OK\r\n:1\r\n"])];
    let (results, said) = calls(CLUSTER, &turns);
    assert_eq!(results, done::<2>());
    assert_eq!(said, ["s:1 CLUSTER SLOTS", "a:1 CMD", "b:2 ASKING CMD", "a:1 CMD"]);
}

#[test]
fn what_takes_a_connection_of_its_own_waits_for_who_is_on_the_way() {
    let world = World::new(&[server(&[SLOTS]), server(&[ASK_B, ASK_B, MOVED_TO_B]), server(&[DONE])]);
    let client = Client::new(world.clone(), RedisUrl::parse(CLUSTER).unwrap(), TIMEOUTS);
    let batch = Batch::of(&[b"WATCH"]);
    let limits = client.begin();
    let once =
        async |connection: &ReadyConnection<World>| checked(connection.round_trip(&batch, &limits).await, &batch);
    let replies = ready(client.on_connection(b"", WRITE, &limits, once)).map(|replies| shown(replies.iter()));
    assert_eq!(replies, Ok(vec!["1".into()]));
    assert_eq!(world.said(), ["s:1 CLUSTER SLOTS", "a:1 WATCH", "a:1 WATCH", "a:1 WATCH", "b:2 WATCH"]);
}

#[test]
fn nobody_is_sent_round_in_circles_for_ever() {
    let turns = [server(&[SLOTS]), server(&[MOVED_TO_B; 100]), server(&[MOVED_TO_A; 100])];
    let ([result], said) = calls(CLUSTER, &turns);
    expect_unavailable(&result);
    assert!((5..50).contains(&said.len()), "{} tries in a second", said.len());
}

#[test]
fn a_lone_server_that_sends_elsewhere_is_told() {
    let ([result], _) = calls("redis://s:1", &[server(&[MOVED_TO_B])]);
    assert!(matches!(result, Err(Error::Unsupported(_))), "{result:?}");
}

#[test]
fn a_node_that_is_gone_is_left_for_what_the_others_say() {
    let refused = Turn::Refused(SocketError::Refused);
    let b_has_all = b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$1\r\nb\r\n:2\r\n";
    let turns = [refused.clone(), server(&[SLOTS]), refused.clone(), refused, server(&[b_has_all]), server(&[DONE])];
    let ([result], said) = calls(CLUSTER, &turns);
    assert_eq!([result], done());
    assert_eq!(said, ["t:2 CLUSTER SLOTS", "t:2 CLUSTER SLOTS", "b:2 CMD"]);
}

#[test]
fn a_node_that_answers_something_else_is_passed_over() {
    let strange: [&[u8]; 4] =
        [b"+OK\r\n", b"*1\r\n:1\r\n", b"*-1\r\n", b"*1\r\n*3\r\n:0\r\n:9\r\n*2\r\n$1\r\na\r\n:99999\r\n"];
    for answer in strange {
        let ([result], said) = calls(CLUSTER, &[server(&[answer]), server(&[SLOTS]), server(&[DONE])]);
        assert_eq!([result], done());
        assert_eq!(said, ["s:1 CLUSTER SLOTS", "t:2 CLUSTER SLOTS", "a:1 CMD"]);
    }
}

#[test]
fn what_is_no_cluster_is_told() {
    let answer = b"-ERR This instance has cluster support disabled\r\n";
    let ([result], _) = calls("redis://s:1?cluster=true", &[server(&[answer])]);
    assert_eq!(result, Err(Error::Server("ERR This instance has cluster support disabled".into())));
}

#[test]
fn a_slot_that_nobody_serves_is_waited_for() {
    let url = "redis://s:1?cluster=true";
    let ([result], _) = calls(url, &[server(&[b"*0\r\n"]), server(&[SLOTS]), server(&[DONE])]);
    assert_eq!([result], done());
    let ([result], said) = calls(url, &vec![server(&[b"*0\r\n"]); 100]);
    expect_unavailable(&result);
    assert!((5..50).contains(&said.len()), "{} tries in a second", said.len());
}

#[test]
fn of_several_sentinels_one_is_enough() {
    let gone = Turn::Refused(SocketError::Refused);
    let primary = || server(&[MASTER, DONE, DONE]);
    let (results, said) = calls(SENTINELS, &[gone, server(&[PRIMARY_IS_A]), primary()]);
    assert_eq!(results, done::<2>());
    assert_eq!(said, [ASKED_T, "a:1 ROLE", "a:1 CMD", "a:1 CMD"]);
    let strange: [&[u8]; 5] =
        [NO_PRIMARY, b":1\r\n", b"*1\r\n$1\r\na\r\n", b"*2\r\n$1\r\na\r\n:1\r\n", b"*2\r\n$1\r\na\r\n$5\r\n99999\r\n"];
    for answer in strange {
        let (results, said) = calls(SENTINELS, &[server(&[answer]), server(&[PRIMARY_IS_A]), primary()]);
        assert_eq!(results, done::<2>());
        assert_eq!(said, [ASKED_S, ASKED_T, "a:1 ROLE", "a:1 CMD", "a:1 CMD"]);
    }
}

#[test]
fn a_primary_that_nobody_knows_is_told() {
    let ([result], said) = calls(SENTINELS, &vec![server(&[NO_PRIMARY]); 100]);
    expect_unavailable(&result);
    assert!((10..100).contains(&said.len()), "{} questions in a second", said.len());
}

#[test]
fn a_primary_that_turns_out_a_replica_is_asked_for_again() {
    let turns = [server(&[PRIMARY_IS_A]), server(&[SLAVE]), server(&[PRIMARY_IS_B]), server(&[MASTER, DONE])];
    let ([result], said) = calls(SENTINELS, &turns);
    assert_eq!([result], done());
    assert_eq!(said, [ASKED_S, "a:1 ROLE", ASKED_S, "b:2 ROLE", "b:2 CMD"]);
}

#[test]
fn a_primary_that_has_become_a_replica_is_asked_for_again() {
    let readonly = b"-READONLY You can't write against a read only replica.\r\n";
    let turns =
        [server(&[PRIMARY_IS_A]), server(&[MASTER, DONE, readonly]), server(&[PRIMARY_IS_B]), server(&[MASTER, DONE])];
    let (results, said) = calls(SENTINELS, &turns);
    assert_eq!(results, done::<2>());
    assert_eq!(said, [ASKED_S, "a:1 ROLE", "a:1 CMD", "a:1 CMD", ASKED_S, "b:2 ROLE", "b:2 CMD"]);
}

#[test]
fn however_many_nodes_are_named_few_are_kept() {
    let servers = servers(CLUSTER, &[server(&[SLOTS])]);
    let Ok(from) = ready(servers.owner(b"", &limits())) else { panic!("there is a server") };
    for port in 1..=u16::MAX {
        let named = servers.follow(&Redirect { asks: true, slot: 0, host: "b".into(), port }, &from);
        assert!(named.is_some_and(|node| node.address == Address::Tcp("b".into(), port)));
    }
    assert!(servers.nodes.borrow().len() <= MAX_NODES);
}

#[test]
fn only_a_failure_that_another_server_may_answer_casts_doubt() {
    let servers = servers(CLUSTER, &[server(&[SLOTS])]);
    let doubts = |failure| {
        servers.slots.replace(Some(Slots::default()));
        servers.doubt(&failure);
        servers.slots.borrow().is_none()
    };
    assert!(doubts(Transient::NoConnection(SocketError::Refused)));
    assert!(doubts(Transient::NoReply(ConnectionError::Unanswered(SocketError::Closed))));
    assert!(doubts(Transient::Refused(RetryHint::Reconnect)));
    assert!(!doubts(Transient::NoReply(ConnectionError::Busy)));
    assert!(!doubts(Transient::NoReply(ConnectionError::NotSent)));
    assert!(!doubts(Transient::Refused(RetryHint::Wait)));
}

#[test]
fn silent_nodes_take_no_more_than_the_calls_time_and_the_others_get_their_turn() {
    let url = "redis://s:1,t:2,u:3,v:4,w:5?cluster=true";
    let silent = Turn::Refused(SocketError::TimedOut);
    let servers = servers(url, &[silent.clone(), silent.clone(), silent.clone(), silent, server(&[SLOTS])]);
    let host = &servers.context.host;
    for seconds in [1, 2] {
        let limits = Limits::begin(host.now(), TIMEOUTS);
        assert!(ready(servers.owner(b"", &limits)).is_err());
        assert_eq!(host.now(), seconds * 1_000);
    }
    assert!(ready(servers.owner(b"", &Limits::begin(host.now(), TIMEOUTS))).is_ok());
    assert_eq!(host.said(), ["w:5 CLUSTER SLOTS"]);
}

#[test]
fn one_call_asks_for_all_and_if_it_is_cancelled_another_does() {
    let servers = servers(CLUSTER, &[Turn::Stalled, server(&[SLOTS])]);
    let limits = limits();
    {
        let mut first = pin!(servers.owner(b"", &limits));
        assert!(first.as_mut().now_or_never().is_none());
        let second = ready(servers.owner(b"", &limits));
        assert!(matches!(second, Err(TryError::Retryable(Transient::Refused(RetryHint::Wait)))));
    }
    assert!(ready(servers.owner(b"", &limits)).is_ok());
    assert_eq!(servers.context.host.said(), ["s:1 CLUSTER SLOTS"]);
}
