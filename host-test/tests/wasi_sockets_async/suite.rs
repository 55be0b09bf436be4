//! What the contract says of a socket, over real TCP.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::adapter::{Adapter, Address, Connection, Error, Timeouts};

/// Milliseconds within which everything on one machine is done.
const LONG: u32 = 20_000;
/// Milliseconds that a test spends on seeing a limit kept.
const SHORT: u32 = 200;

const PATIENT: Timeouts = Timeouts { connect: LONG, answer: LONG };
const IMPATIENT: Timeouts = Timeouts { connect: SHORT, answer: SHORT };

/// A listener on a free port, and its address for the adapter.
fn listener() -> (TcpListener, Address) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = address_of(&listener);
    (listener, address)
}

fn address_of(listener: &TcpListener) -> Address {
    let address = listener.local_addr().expect("its own address");
    Address::Tcp((address.ip().to_string(), address.port()))
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (peer, _) = listener.accept().expect("a connection");
    peer.set_read_timeout(Some(Duration::from_millis(LONG.into()))).expect("a time limit");
    peer
}

/// A connection and its other end.
async fn pair(adapter: &mut Adapter, timeouts: Timeouts) -> (Connection, TcpStream) {
    let (listener, address) = listener();
    let connection = adapter.connect(&address, timeouts).await.expect("a connection");
    (connection, accept(&listener))
}

/// Gives what the peer has done the time to arrive: the look for it doesn't wait.
async fn let_it_arrive(adapter: &mut Adapter) {
    adapter.wait(100).await;
}

#[tokio::test]
async fn bytes_travel_both_ways_until_the_peer_closes() {
    let mut adapter = Adapter::start().await;
    let (connection, mut peer) = pair(&mut adapter, PATIENT).await;
    adapter.write(connection, b"ping").await.expect("a write");
    let mut received = [0; 4];
    peer.read_exact(&mut received).expect("four bytes");
    assert_eq!(&received, b"ping");

    peer.write_all(b"pong").expect("room for four bytes");
    drop(peer);
    assert_eq!(adapter.run(async |calls| calls.read_to(connection, usize::MAX).await).await, b"pong");
    assert_eq!(adapter.read(connection, 1).await, Ok(Vec::new()), "the end stays");
}

#[tokio::test]
async fn a_read_returns_as_much_as_was_asked_for_at_most() {
    let mut adapter = Adapter::start().await;
    let (connection, mut peer) = pair(&mut adapter, PATIENT).await;
    peer.write_all(&[7; 100_000]).expect("a reader");
    assert_eq!(adapter.read(connection, 5).await, Ok(vec![7; 5]));
    let most = adapter.read(connection, u32::MAX).await.expect("bytes").len();
    assert!((1..=16_384).contains(&most), "{most}");
    assert_eq!(adapter.run(async |calls| calls.read_to(connection, 99_995 - most).await).await.len(), 99_995 - most);
}

#[tokio::test]
async fn what_the_look_before_a_write_took_is_read_first() {
    let mut adapter = Adapter::start().await;
    let (connection, mut peer) = pair(&mut adapter, PATIENT).await;
    adapter.set_idle(connection).await;
    peer.write_all(b"late").expect("room for four bytes");
    let_it_arrive(&mut adapter).await;
    assert_eq!(adapter.write(connection, b"lost").await, Err(Error::Closed), "it looks, and takes a byte");
    assert_eq!(adapter.read(connection, 10).await, Ok(b"l".to_vec()));
    drop(peer);
    assert_eq!(adapter.run(async |calls| calls.read_to(connection, usize::MAX).await).await, b"ate");
    assert_eq!(adapter.read(connection, 10).await, Ok(Vec::new()));
}

/// Sends back what comes, until the end.
fn echo(mut peer: TcpStream) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut output = peer.try_clone().expect("the same connection");
        io::copy(&mut peer, &mut output).expect("bytes until the end");
    })
}

#[tokio::test]
async fn a_write_and_a_read_run_side_by_side() {
    let mut adapter = Adapter::start().await;
    let (connection, peer) = pair(&mut adapter, PATIENT).await;
    let echo = echo(peer);
    // More than the buffers on the way hold: neither comes to its end without the other.
    let sent: Vec<u8> = (0..16 << 20_u32).map(|place: u32| (place % 251) as u8).collect();
    let (written, received) = adapter
        .run(async |calls| tokio::join!(calls.write(connection, &sent), calls.read_to(connection, sent.len())))
        .await;
    assert_eq!(written, Ok(()));
    assert!(received == sent);
    adapter.drop_connection(connection).await;
    echo.join().expect("the end");
}

#[tokio::test]
async fn writes_at_the_same_time_do_not_mix() {
    let mut adapter = Adapter::start().await;
    let (connection, peer) = pair(&mut adapter, PATIENT).await;
    let echo = echo(peer);
    let (a, b, c) = (vec![b'a'; 4 << 20], vec![b'b'; 4 << 20], vec![b'c'; 4 << 20]);
    let (written, received) = adapter
        .run(async |calls| {
            let writes = async {
                tokio::join!(calls.write(connection, &a), calls.write(connection, &b), calls.write(connection, &c))
            };
            tokio::join!(writes, calls.read_to(connection, 3 * a.len()))
        })
        .await;
    assert_eq!(written, (Ok(()), Ok(()), Ok(())));
    let mut runs: Vec<_> = received.chunk_by(|left, right| left == right).collect();
    runs.sort();
    assert!(runs == [a, b, c]);
    adapter.drop_connection(connection).await;
    echo.join().expect("the end");
}

#[tokio::test]
async fn megabytes_arrive_whole_at_a_peer_that_takes_its_time() {
    let mut adapter = Adapter::start().await;
    let (connection, mut peer) = pair(&mut adapter, PATIENT).await;
    let sent: Vec<u8> = (0..12 << 20_u32).map(|place: u32| (place % 251) as u8).collect();
    let reader = thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).expect("bytes until the end");
        received
    });
    for bytes in [&sent[..1], &sent[1..4_096], &sent[4_096..10_000], &sent[10_000..]] {
        adapter.write(connection, bytes).await.expect("a write");
    }
    adapter.write(connection, b"").await.expect("nothing to write");
    adapter.drop_connection(connection).await;
    assert!(reader.join().expect("a reader") == sent);
}

#[tokio::test]
async fn a_connection_dropped_is_closed() {
    let mut adapter = Adapter::start().await;
    let (connection, mut peer) = pair(&mut adapter, PATIENT).await;
    adapter.set_idle(connection).await;
    adapter.drop_connection(connection).await;
    assert_eq!(peer.read(&mut [0]).expect("the end"), 0);
}

#[tokio::test]
async fn connections_are_never_used_again() {
    let mut adapter = Adapter::start().await;
    let (listener, address) = listener();
    let first = adapter.connect(&address, PATIENT).await.expect("a connection");
    adapter.set_state(first, "authenticated").await;
    adapter.set_idle(first).await;
    adapter.drop_connection(first).await;
    let second =
        adapter.run(async |calls| calls.connect(&address, PATIENT, "authenticated").await).await.expect("a connection");
    assert!(!adapter.reused(second).await);
    accept(&listener);
    accept(&listener);
}

#[tokio::test]
async fn a_write_on_an_idle_connection_that_the_peer_has_closed_sends_nothing_and_says_closed() {
    let mut adapter = Adapter::start().await;
    let (connection, peer) = pair(&mut adapter, PATIENT).await;
    adapter.set_idle(connection).await;
    drop(peer);
    let_it_arrive(&mut adapter).await;
    for _ in 0..2 {
        assert_eq!(adapter.write(connection, b"lost").await, Err(Error::Closed));
    }
}

#[tokio::test]
async fn a_write_on_an_idle_connection_with_a_byte_that_nobody_asked_for_says_closed() {
    let mut adapter = Adapter::start().await;
    let (connection, mut peer) = pair(&mut adapter, PATIENT).await;
    adapter.set_idle(connection).await;
    peer.write_all(b"?").expect("room for a byte");
    let_it_arrive(&mut adapter).await;
    for _ in 0..2 {
        assert_eq!(adapter.write(connection, b"lost").await, Err(Error::Closed));
    }
    adapter.drop_connection(connection).await;
    assert_eq!(peer.read(&mut [0]).expect("the end, and nothing before it"), 0);
}

#[tokio::test]
async fn a_write_on_a_quiet_idle_connection_goes_out_and_takes_the_mark_away() {
    let mut adapter = Adapter::start().await;
    let (connection, mut peer) = pair(&mut adapter, PATIENT).await;
    adapter.set_idle(connection).await;
    adapter.write(connection, b"a").await.expect("a write");
    peer.write_all(b"1").expect("room for a byte");
    let_it_arrive(&mut adapter).await;
    adapter.write(connection, b"b").await.expect("a write before the answer is read");
    let mut received = [0; 2];
    peer.read_exact(&mut received).expect("both");
    assert_eq!((&received, adapter.read(connection, 9).await), (b"ab", Ok(b"1".to_vec())));
}

#[tokio::test]
async fn bytes_read_take_the_mark_away() {
    let mut adapter = Adapter::start().await;
    let (connection, mut peer) = pair(&mut adapter, PATIENT).await;
    adapter.set_idle(connection).await;
    peer.write_all(b"12").expect("room for two bytes");
    assert_eq!(adapter.read(connection, 1).await, Ok(b"1".to_vec()));
    adapter.write(connection, b"a").await.expect("a write between two parts of an answer");
    assert_eq!(adapter.read(connection, 1).await, Ok(b"2".to_vec()));
}

#[tokio::test]
async fn a_write_that_fails_without_the_mark_never_says_that_nothing_was_sent() {
    let mut adapter = Adapter::start().await;
    let (connection, peer) = pair(&mut adapter, PATIENT).await;
    drop(peer);
    let_it_arrive(&mut adapter).await;
    // The first is answered by a reset, which the second sees at the latest.
    let mut failures = Vec::new();
    for _ in 0..3 {
        failures.extend(adapter.write(connection, b"lost").await.err());
        let_it_arrive(&mut adapter).await;
    }
    assert!(!failures.is_empty());
    assert!(failures.iter().all(|failure| matches!(failure, Error::Other(_))), "{failures:?}");
}

#[tokio::test]
async fn a_peer_that_does_not_answer_is_waited_for_as_long_as_agreed() {
    let mut adapter = Adapter::start().await;
    let (connection, _peer) = pair(&mut adapter, IMPATIENT).await;
    let begun = Instant::now();
    assert_eq!(adapter.read(connection, 1).await, Err(Error::TimedOut));
    assert_kept(begun);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_waited_for_as_long_as_agreed() {
    let mut adapter = Adapter::start().await;
    let (connection, _peer) = pair(&mut adapter, IMPATIENT).await;
    let begun = Instant::now();
    assert_eq!(adapter.write(connection, &vec![0; 64 << 20]).await, Err(Error::TimedOut));
    assert_kept(begun);
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_waited_for_as_long_as_agreed() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    // A queue for one, from which nobody is accepted.
    let listener = socket.listen(0).expect("a listener");
    let address = listener.local_addr().expect("its own address");
    let limit = Duration::from_millis(SHORT.into());
    let in_queue: Vec<_> = std::iter::from_fn(|| TcpStream::connect_timeout(&address, limit).ok()).take(16).collect();
    assert!(in_queue.len() < 16, "a queue for one took them all");

    let mut adapter = Adapter::start().await;
    let begun = Instant::now();
    let address = Address::Tcp((address.ip().to_string(), address.port()));
    assert_eq!(adapter.connect(&address, IMPATIENT).await.err(), Some(Error::TimedOut));
    assert_kept(begun);
}

fn assert_kept(begun: Instant) {
    assert!(begun.elapsed() >= Duration::from_millis(SHORT.into()), "it gave up early");
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_refused() {
    let (listener, address) = listener();
    drop(listener);
    assert_eq!(Adapter::start().await.connect(&address, PATIENT).await.err(), Some(Error::Refused));
}

#[tokio::test]
async fn an_ipv6_address_is_reached_and_an_ipv4_address_written_as_one() {
    let mut adapter = Adapter::start().await;
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).expect("a machine with IPv6 on its loopback interface");
    adapter.connect(&address_of(&listener), PATIENT).await.expect("a connection");
    accept(&listener);

    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its own address").port();
    adapter.connect(&Address::Tcp(("::ffff:127.0.0.1".to_owned(), port)), PATIENT).await.expect("a connection");
    accept(&listener);
}

#[tokio::test]
async fn a_name_is_looked_up() {
    let (listener, address) = listener();
    let Address::Tcp((_, port)) = address else { unreachable!("an address of TCP") };
    let mut adapter = Adapter::start().await;
    adapter.connect(&Address::Tcp(("localhost".to_owned(), port)), PATIENT).await.expect("a connection");
    accept(&listener);
}

#[tokio::test]
async fn a_name_without_address_is_named() {
    // A label longer than DNS allows, and something that is no name: no server is asked.
    for name in ["x".repeat(64), "no name".to_owned()] {
        let address = Address::Tcp((name.clone(), 6379));
        assert_eq!(Adapter::start().await.connect(&address, PATIENT).await.err(), Some(Error::NameNotFound(name)));
    }
}

#[tokio::test]
async fn what_the_host_forbids_is_denied_and_the_way_out_told() {
    let (listener, address) = listener();
    let Address::Tcp((_, port)) = address else { unreachable!("an address of TCP") };
    for (host, way_out) in [("127.0.0.1", "inherit-network"), ("localhost", "allow-ip-name-lookup")] {
        let denied = Adapter::without_network().await.connect(&Address::Tcp((host.to_owned(), port)), PATIENT).await;
        let Err(Error::Denied(why)) = denied else { panic!("{host}: {denied:?}") };
        assert!(why.contains(way_out), "{host}: {why}");
    }
    listener.set_nonblocking(true).expect("a listener that doesn't wait");
    assert!(listener.accept().is_err(), "nobody came");
}

#[tokio::test]
async fn tls_and_unix_sockets_are_unsupported_and_the_way_out_told() {
    let tls = Address::Tls(("127.0.0.1".to_owned(), 6379));
    for (address, way_out) in [(tls, "tunnel"), (Address::Unix("/run/redis.sock".to_owned()), "redis://")] {
        let unsupported = Adapter::start().await.connect(&address, PATIENT).await;
        let Err(Error::Unsupported(why)) = unsupported else { panic!("{unsupported:?}") };
        assert!(why.contains(way_out), "{why}");
    }
}

#[tokio::test]
async fn the_clock_goes_on_while_waiting() {
    let mut adapter = Adapter::start().await;
    let before = adapter.now().await;
    adapter.wait(SHORT).await;
    assert!(adapter.now().await - before >= SHORT.into());
    adapter.wait(0).await;
}

#[tokio::test]
async fn a_peer_that_answers_while_it_is_waited_for_is_heard_at_once() {
    let mut adapter = Adapter::start().await;
    let (connection, mut peer) = pair(&mut adapter, PATIENT).await;
    let (sender, receiver) = mpsc::channel::<()>();
    let answering = thread::spawn(move || {
        receiver.recv().expect("the reader is about to wait");
        peer.write_all(b"answer").expect("a reader");
        peer
    });
    sender.send(()).expect("a peer");
    assert_eq!(adapter.read(connection, 64).await, Ok(b"answer".to_vec()));
    drop(answering.join());
}
