//! A guest that misbehaves, and others that share its sockets, its host or its Redis, and go on as if it weren't there.

use std::{
    net::{IpAddr, TcpListener, TcpStream},
    thread,
};

use drsession_host::{Sockets, SocketsBuilder};
use host_test::{bench::Bench, greedy::Greedy, instance::Instance, redis_server::RedisServer, session::Session};

const MEBIBYTE: usize = 1024 * 1024;

/// A peer that takes connections, and reads nothing.
struct Deaf {
    port: u16,
    taken: thread::JoinHandle<Vec<TcpStream>>,
}

impl Deaf {
    /// Takes so many.
    fn start(connections: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let take = move || listener.incoming().take(connections).map(|stream| stream.expect("a connection")).collect();
        Self { port, taken: thread::spawn(take) }
    }
}

fn sockets(settings: impl FnOnce(SocketsBuilder) -> SocketsBuilder) -> Sockets {
    settings(Sockets::builder().allow(|_| true)).build()
}

/// A new session of a well-behaved instance over these sockets.
async fn neighbour(bench: &Bench, sockets: &Sockets) -> Session {
    let instance = Instance::builder(bench.flavour()).sockets(sockets).start().await;
    instance.store(&bench.options()).await.expect("a store").start().await
}

/// It gets what it asks for, and nothing else.
async fn expect_service(session: &Session) {
    for number in 1..=20 {
        assert_eq!(session.increment("count", 1).await, Ok(number));
        assert_eq!(session.get("count").await, Ok(Some(number.to_string())));
    }
    assert_eq!(session.delete("count").await, Ok(true));
}

/// Makes a test of each case, for neighbours of each flavour.
macro_rules! in_both_flavours {
    ($($case:ident),+ $(,)?) => {
        mod blocking {
            $(#[test]
            fn $case() {
                host_test::bench::run(host_test::component::Flavour::Blocking, super::$case);
            })+
        }

        mod asynchronous {
            $(#[test]
            fn $case() {
                host_test::bench::run(host_test::component::Flavour::Async, super::$case);
            })+
        }
    };
}

in_both_flavours! {
    who_connects_in_a_loop_gets_its_share_and_leaves_the_others_theirs,
    connections_that_others_left_idle_stay_theirs,
    who_asks_for_much_and_never_reads_holds_up_nobody,
    what_a_guest_has_its_host_send_is_held_to_its_limit,
    what_is_marked_idle_too_early_is_nobody_s,
    what_is_not_allowed_is_not_reached_by_any_name,
}

async fn who_connects_in_a_loop_gets_its_share_and_leaves_the_others_theirs(bench: Bench) {
    let sockets = sockets(|builder| builder.max_open(20).max_open_per_guest(8));
    let port = bench.server().port();
    let before = neighbour(&bench, &sockets).await;
    expect_service(&before).await;
    for _ in 0..3 {
        let greedy = [Greedy::start(&sockets).await, Greedy::start(&sockets).await];
        for greedy in &greedy {
            let (got, refused) = greedy.hoard(port, 500).await;
            assert_eq!(got, 8);
            assert!(refused.expect("more was asked for").contains("max_open_per_guest"));
            assert_eq!(greedy.hoard(port, 100).await.0, 0);
        }
        expect_service(&before).await;
        expect_service(&neighbour(&bench, &sockets).await).await;
    }
    // Nothing is left of them: not on the server, and not in the counts.
    drop(before);
    sockets.clear_idle();
    bench.redis().await_solitude();
    assert_eq!(Greedy::start(&sockets).await.hoard(port, 8).await, (8, None));
}

async fn connections_that_others_left_idle_stay_theirs(bench: Bench) {
    let sockets = sockets(|builder| builder.max_open(20).max_open_per_guest(8));
    let id = {
        let session = neighbour(&bench, &sockets).await;
        assert_eq!(session.set("field", "1").await, Ok(()));
        session.known_id().await
    };
    let connects = sockets.statistics().connects;
    let another = RedisServer::start().expect("another Redis");
    let greedy = Greedy::start(&sockets).await;
    assert_eq!(greedy.hoard(another.port(), 500).await.0, 8);
    let instance = Instance::builder(bench.flavour()).sockets(&sockets).start().await;
    let store = instance.store(&bench.options()).await.expect("a store");
    let session = store.attach(&id).await.expect("a well-formed id");
    assert_eq!(session.get("field").await, Ok(Some("1".to_owned())));
    assert_eq!(sockets.statistics().connects, connects + 8);
}

async fn who_asks_for_much_and_never_reads_holds_up_nobody(bench: Bench) {
    let sockets = sockets(|builder| builder);
    bench.redis().hset("key", "field", vec![7; MEBIBYTE]);
    let greedy = Greedy::start(&sockets).await;
    assert_eq!(greedy.hoard(bench.server().port(), 4).await.0, 4);
    assert_eq!(greedy.flood(b"HGET key field\r\n", 20).await, 0);
    expect_service(&neighbour(&bench, &sockets).await).await;
    assert!(sockets.statistics().bytes_read < MEBIBYTE as u64, "the host has read what nobody asked it for");
}

async fn what_a_guest_has_its_host_send_is_held_to_its_limit(bench: Bench) {
    const LIMIT: usize = 8 * MEBIBYTE;
    const WRITE: usize = MEBIBYTE / 4;
    const WRITES: u32 = 64;
    let sockets = sockets(|builder| builder.max_unsent_per_guest(LIMIT));
    let deaf = Deaf::start(4);
    let greedy = Greedy::start(&sockets).await;
    assert_eq!(greedy.hoard(deaf.port, 4).await.0, 4);
    let _taken = deaf.taken.join().expect("four connections");
    let refused = greedy.flood(&[1; WRITE], WRITES).await;
    let accepted = (4 * WRITES - refused) as usize * WRITE;
    // What the operating system holds is no memory of the host's.
    let sent = usize::try_from(sockets.statistics().bytes_written).expect("a count");
    println!("{refused} of {} writes refused; {} KiB wait", 4 * WRITES, (accepted - sent) / 1024);
    assert!(accepted >= LIMIT && accepted - sent <= LIMIT, "{accepted} bytes accepted, {sent} sent");
    assert_eq!(greedy.flood(&[1; LIMIT], 1).await, 4);
    expect_service(&neighbour(&bench, &sockets).await).await;
}

async fn what_is_marked_idle_too_early_is_nobody_s(bench: Bench) {
    const ONE: &[u8] = b"PING\r\n";
    let sockets = sockets(|builder| builder);
    let port = bench.server().port();
    let greedy = Greedy::start(&sockets).await;
    // An answer on its way, one that comes in a while, half a command, an answer unread and one read in part.
    let ways: [(&[u8], u32); 5] = [
        (ONE, 0),
        (b"BLPOP list 1\r\n", 0),
        (b"*3\r\n$4\r\nHSET\r\n$3\r\nkey\r\n$1000\r\n", 0),
        (b"PING\r\nPING\r\n", 7),
        (ONE, 3),
    ];
    for (bytes, read) in ways {
        // As a component leaves one that needs no handshake.
        assert_eq!(greedy.leave(port, "", bytes, read).await, Ok(()));
        let connects = sockets.statistics().connects;
        let session = neighbour(&bench, &sockets).await;
        expect_service(&session).await;
        assert_eq!(sockets.statistics().connects, connects + 1, "after {}", bytes.escape_ascii());
        drop(session);
        sockets.clear_idle();
    }
    // One that was left as it should be is taken up.
    assert_eq!(greedy.leave(port, "", ONE, 7).await, Ok(()));
    let connects = sockets.statistics().connects;
    expect_service(&neighbour(&bench, &sockets).await).await;
    assert_eq!(sockets.statistics().connects, connects);
}

async fn what_is_not_allowed_is_not_reached_by_any_name(bench: Bench) {
    const LOOPBACK: [&str; 8] =
        ["127.0.0.1", "localhost", "LOCALHOST", "127.1", "0x7f.0.0.1", "2130706433", "::1", "::ffff:127.0.0.1"];
    let port = bench.server().port();
    let forbidden = RedisServer::start().expect("a Redis that is out of reach");
    let before = forbidden.connection().info("total_connections_received");

    let one = Sockets::builder().allow_tcp("127.0.0.1", port).build();
    let greedy = Greedy::start(&one).await;
    assert_eq!(greedy.reach("127.0.0.1", port).await, Ok(()));
    for host in LOOPBACK {
        expect_denied(greedy.reach(host, forbidden.port()).await, host);
        if host != "127.0.0.1" {
            expect_denied(greedy.reach(host, port).await, host);
        }
    }

    // Any name may be asked for, and leads somewhere else all the same.
    let abroad = sockets(|builder| builder.restrict_ips(|ip: IpAddr| !ip.is_loopback()));
    let greedy = Greedy::start(&abroad).await;
    for host in LOOPBACK {
        expect_denied(greedy.reach(host, forbidden.port()).await, host);
    }
    assert_eq!((one.statistics().connects, abroad.statistics().connects), (1, 0));
    assert_eq!(forbidden.connection().info("total_connections_received"), before + 1, "besides the one that asks");
    expect_service(&neighbour(&bench, &one).await).await;
}

#[track_caller]
fn expect_denied(result: Result<(), String>, host: &str) {
    assert!(matches!(&result, Err(told) if told.contains("Denied")), "{host}: {result:?}");
}
