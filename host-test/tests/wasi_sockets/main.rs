//! The adapter that makes drsession's socket out of `wasi:sockets`: what the contract says of a socket, over real TCP.

mod adapter;

use std::{
    io::{Read as _, Write as _},
    net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use adapter::{Adapter, Address, Error, Timeouts};

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
fn pair(adapter: &mut Adapter, timeouts: Timeouts) -> (adapter::Connection, TcpStream) {
    let (listener, address) = listener();
    let connection = adapter.connect(&address, timeouts).expect("a connection");
    (connection, accept(&listener))
}

/// Reads until there are so many bytes, or the end.
fn read_to(adapter: &mut Adapter, connection: adapter::Connection, length: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < length {
        match adapter.read(connection, u32::MAX).expect("bytes or the end") {
            bytes if bytes.is_empty() => break,
            bytes => all.extend(bytes),
        }
    }
    all
}

/// Gives what the peer has done the time to arrive: the look for it doesn't wait.
fn let_it_arrive(adapter: &mut Adapter) {
    adapter.wait(100);
}

#[test]
fn bytes_travel_both_ways_until_the_peer_closes() {
    let mut adapter = Adapter::start();
    let (connection, mut peer) = pair(&mut adapter, PATIENT);
    adapter.write(connection, b"ping").expect("a write");
    let mut received = [0; 4];
    peer.read_exact(&mut received).expect("four bytes");
    assert_eq!(&received, b"ping");

    peer.write_all(b"pong").expect("room for four bytes");
    drop(peer);
    assert_eq!(read_to(&mut adapter, connection, usize::MAX), b"pong");
    assert_eq!(adapter.read(connection, 1), Ok(Vec::new()), "the end stays");
}

#[test]
fn a_read_returns_as_much_as_was_asked_for_at_most() {
    let mut adapter = Adapter::start();
    let (connection, mut peer) = pair(&mut adapter, PATIENT);
    peer.write_all(&[7; 100_000]).expect("a reader");
    assert_eq!(adapter.read(connection, 5), Ok(vec![7; 5]));
    let most = adapter.read(connection, u32::MAX).expect("bytes").len();
    assert!((1..=16_384).contains(&most), "{most}");
    assert_eq!(read_to(&mut adapter, connection, 99_995 - most).len(), 99_995 - most);
}

#[test]
fn megabytes_arrive_whole_at_a_peer_that_takes_its_time() {
    let mut adapter = Adapter::start();
    let (connection, mut peer) = pair(&mut adapter, PATIENT);
    let sent: Vec<u8> = (0..12 << 20_u32).map(|place: u32| (place % 251) as u8).collect();
    let reader = thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).expect("bytes until the end");
        received
    });
    for bytes in [&sent[..1], &sent[1..4_096], &sent[4_096..10_000], &sent[10_000..]] {
        adapter.write(connection, bytes).expect("a write");
    }
    adapter.write(connection, b"").expect("nothing to write");
    adapter.drop_connection(connection);
    assert!(reader.join().expect("a reader") == sent);
}

#[test]
fn a_connection_dropped_is_closed() {
    let mut adapter = Adapter::start();
    let (connection, mut peer) = pair(&mut adapter, PATIENT);
    adapter.set_idle(connection);
    adapter.drop_connection(connection);
    assert_eq!(peer.read(&mut [0]).expect("the end"), 0);
}

#[test]
fn connections_are_never_used_again() {
    let mut adapter = Adapter::start();
    let (listener, address) = listener();
    let first = adapter.connect(&address, PATIENT).expect("a connection");
    adapter.set_state(first, "authenticated");
    adapter.set_idle(first);
    adapter.drop_connection(first);
    let second = adapter.connect_in_state(&address, PATIENT, "authenticated").expect("a connection");
    assert!(!adapter.reused(second));
    accept(&listener);
    accept(&listener);
}

#[test]
fn a_write_on_an_idle_connection_that_the_peer_has_closed_sends_nothing_and_says_closed() {
    let mut adapter = Adapter::start();
    let (connection, peer) = pair(&mut adapter, PATIENT);
    adapter.set_idle(connection);
    drop(peer);
    let_it_arrive(&mut adapter);
    for _ in 0..2 {
        assert_eq!(adapter.write(connection, b"lost"), Err(Error::Closed));
    }
}

#[test]
fn a_write_on_an_idle_connection_with_a_byte_that_nobody_asked_for_says_closed() {
    let mut adapter = Adapter::start();
    let (connection, mut peer) = pair(&mut adapter, PATIENT);
    adapter.set_idle(connection);
    peer.write_all(b"?").expect("room for a byte");
    let_it_arrive(&mut adapter);
    for _ in 0..2 {
        assert_eq!(adapter.write(connection, b"lost"), Err(Error::Closed));
    }
    adapter.drop_connection(connection);
    assert_eq!(peer.read(&mut [0]).expect("the end, and nothing before it"), 0);
}

#[test]
fn a_write_on_a_quiet_idle_connection_goes_out_and_takes_the_mark_away() {
    let mut adapter = Adapter::start();
    let (connection, mut peer) = pair(&mut adapter, PATIENT);
    adapter.set_idle(connection);
    adapter.write(connection, b"a").expect("a write");
    peer.write_all(b"1").expect("room for a byte");
    let_it_arrive(&mut adapter);
    adapter.write(connection, b"b").expect("a write before the answer is read");
    let mut received = [0; 2];
    peer.read_exact(&mut received).expect("both");
    assert_eq!((&received, adapter.read(connection, 9)), (b"ab", Ok(b"1".to_vec())));
}

#[test]
fn bytes_read_take_the_mark_away() {
    let mut adapter = Adapter::start();
    let (connection, mut peer) = pair(&mut adapter, PATIENT);
    adapter.set_idle(connection);
    peer.write_all(b"12").expect("room for two bytes");
    assert_eq!(adapter.read(connection, 1), Ok(b"1".to_vec()));
    adapter.write(connection, b"a").expect("a write between two parts of an answer");
    assert_eq!(adapter.read(connection, 1), Ok(b"2".to_vec()));
}

#[test]
fn a_write_that_fails_without_the_mark_never_says_that_nothing_was_sent() {
    let mut adapter = Adapter::start();
    let (connection, peer) = pair(&mut adapter, PATIENT);
    drop(peer);
    let_it_arrive(&mut adapter);
    // The first is answered by a reset, which the second sees at the latest.
    let mut failures = Vec::new();
    for _ in 0..3 {
        failures.extend(adapter.write(connection, b"lost").err());
        let_it_arrive(&mut adapter);
    }
    assert!(!failures.is_empty());
    assert!(failures.iter().all(|failure| matches!(failure, Error::Other(_))), "{failures:?}");
}

#[test]
fn a_peer_that_does_not_answer_is_waited_for_as_long_as_agreed() {
    let mut adapter = Adapter::start();
    let (connection, _peer) = pair(&mut adapter, IMPATIENT);
    let begun = Instant::now();
    assert_eq!(adapter.read(connection, 1), Err(Error::TimedOut));
    assert_kept(begun);
}

#[test]
fn a_peer_that_does_not_read_is_waited_for_as_long_as_agreed() {
    let mut adapter = Adapter::start();
    let (connection, _peer) = pair(&mut adapter, IMPATIENT);
    let begun = Instant::now();
    assert_eq!(adapter.write(connection, &vec![0; 64 << 20]), Err(Error::TimedOut));
    assert_kept(begun);
}

#[test]
fn a_host_that_does_not_answer_is_waited_for_as_long_as_agreed() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listener = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        // A queue for one, from which nobody is accepted.
        socket.listen(0)
    });
    let address = listener.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
    let (_listener, address) = address.expect("a free port");
    let limit = Duration::from_millis(SHORT.into());
    let in_queue: Vec<_> = std::iter::from_fn(|| TcpStream::connect_timeout(&address, limit).ok()).take(16).collect();
    assert!(in_queue.len() < 16, "a queue for one took them all");

    let mut adapter = Adapter::start();
    let begun = Instant::now();
    let address = Address::Tcp((address.ip().to_string(), address.port()));
    assert_eq!(adapter.connect(&address, IMPATIENT).err(), Some(Error::TimedOut));
    assert_kept(begun);
}

fn assert_kept(begun: Instant) {
    assert!(begun.elapsed() >= Duration::from_millis(SHORT.into()), "it gave up early");
}

#[test]
fn a_port_that_nobody_listens_on_is_refused() {
    let (listener, address) = listener();
    drop(listener);
    assert_eq!(Adapter::start().connect(&address, PATIENT).err(), Some(Error::Refused));
}

#[test]
fn an_ipv6_address_is_reached_and_an_ipv4_address_written_as_one() {
    let mut adapter = Adapter::start();
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).expect("a machine with IPv6 on its loopback interface");
    adapter.connect(&address_of(&listener), PATIENT).expect("a connection");
    accept(&listener);

    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its own address").port();
    adapter.connect(&Address::Tcp(("::ffff:127.0.0.1".to_owned(), port)), PATIENT).expect("a connection");
    accept(&listener);
}

#[test]
fn a_name_is_looked_up() {
    let (listener, address) = listener();
    let Address::Tcp((_, port)) = address else { unreachable!("an address of TCP") };
    let mut adapter = Adapter::start();
    adapter.connect(&Address::Tcp(("localhost".to_owned(), port)), PATIENT).expect("a connection");
    accept(&listener);
}

#[test]
fn a_name_without_address_is_named() {
    // A label longer than DNS allows, and something that is no name: no server is asked.
    for name in ["x".repeat(64), "no name".to_owned()] {
        let address = Address::Tcp((name.clone(), 6379));
        assert_eq!(Adapter::start().connect(&address, PATIENT).err(), Some(Error::NameNotFound(name)));
    }
}

#[test]
fn what_the_host_forbids_is_denied_and_the_way_out_told() {
    let (listener, address) = listener();
    let Address::Tcp((_, port)) = address else { unreachable!("an address of TCP") };
    for (host, way_out) in [("127.0.0.1", "inherit-network"), ("localhost", "allow-ip-name-lookup")] {
        let denied = Adapter::without_network().connect(&Address::Tcp((host.to_owned(), port)), PATIENT);
        let Err(Error::Denied(why)) = denied else { panic!("{host}: {denied:?}") };
        assert!(why.contains(way_out), "{host}: {why}");
    }
    listener.set_nonblocking(true).expect("a listener that doesn't wait");
    assert!(listener.accept().is_err(), "nobody came");
}

#[test]
fn tls_and_unix_sockets_are_unsupported_and_the_way_out_told() {
    let tls = Address::Tls(("127.0.0.1".to_owned(), 6379));
    for (address, way_out) in [(tls, "tunnel"), (Address::Unix("/run/redis.sock".to_owned()), "redis://")] {
        let unsupported = Adapter::start().connect(&address, PATIENT);
        let Err(Error::Unsupported(why)) = unsupported else { panic!("{unsupported:?}") };
        assert!(why.contains(way_out), "{why}");
    }
}

#[test]
fn the_clock_goes_on_while_waiting() {
    let mut adapter = Adapter::start();
    let before = adapter.now();
    adapter.wait(SHORT);
    assert!(adapter.now() - before >= SHORT.into());
    adapter.wait(0);
}

#[test]
fn a_peer_that_answers_while_it_is_waited_for_is_heard_at_once() {
    let mut adapter = Adapter::start();
    let (connection, mut peer) = pair(&mut adapter, PATIENT);
    let (sender, receiver) = mpsc::channel::<()>();
    let answering = thread::spawn(move || {
        receiver.recv().expect("the reader is about to wait");
        peer.write_all(b"answer").expect("a reader");
        peer
    });
    sender.send(()).expect("a peer");
    assert_eq!(adapter.read(connection, 64), Ok(b"answer".to_vec()));
    drop(answering.join());
}
