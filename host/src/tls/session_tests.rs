//! Data over TLS, and which TLS connections are pooled.

use std::time::Duration;

use rustix::fd::AsFd;

use crate::Sockets;
use crate::connection::{Connection, Timeouts};
use crate::error::Error;
use crate::outgoing::SharedConnection;
use crate::runtime::Runtime;
use crate::statistics::Statistics;
use crate::testing::tls::*;
use crate::testing::*;

/// More than the buffers of a connection hold.
const LARGE: usize = 16 * 1024 * 1024;

in_both_flavours! {
    a_connection_carries_bytes_and_is_kept_for_its_state,
    a_plain_connection_is_none_for_tls_and_the_reverse,
    large_writes_and_reads_arrive_whole,
    a_read_finds_what_an_earlier_one_left,
    session_tickets_are_no_sign_of_a_dead_connection,
    new_keys_are_no_sign_of_a_dead_connection,
    a_peer_that_says_goodbye_is_never_handed_out,
    a_peer_that_closed_is_never_handed_out,
    a_connection_with_unread_bytes_is_never_handed_out,
    a_write_on_a_marked_connection_finds_the_peer_closed_and_sends_nothing,
    a_write_on_a_marked_connection_finds_unread_bytes_and_sends_nothing,
    a_read_finds_the_goodbye,
    a_read_tells_where_the_stream_was_cut_off,
    a_read_tells_of_bytes_that_are_no_tls,
    a_write_to_a_peer_that_does_not_read_times_out_half_way,
    the_peer_is_told_the_end,
}

/// Both ends of a new connection.
async fn pair<R: Runtime>(sockets: &Sockets, peer: &TlsPeer) -> (Connection<R>, TlsEnd) {
    let accepting = peer.accept();
    let connection = connect::<R>(sockets, peer.address(), "").await;
    (connection, accepting.end())
}

/// Reads the peer's session tickets, so that the next bytes to arrive are the test's.
async fn settle<R: Runtime>(connection: &Connection<R>, end: &mut TlsEnd) {
    end.sends(b"settled");
    assert_eq!(connection.read(64).await, Ok(b"settled".to_vec()));
}

async fn a_connection_carries_bytes_and_is_kept_for_its_state<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut end) = pair::<R>(&sockets, &peer).await;
    connection.write(b"ping").await.expect("a write");
    assert_eq!(end.receives(4), b"ping");
    end.sends(b"pong");
    assert_eq!(connection.read(64).await, Ok(b"pong".to_vec()));
    connection.set_state("user 1".into());
    connection.set_idle();
    drop(connection);

    let accepting = peer.accept();
    assert!(!connect::<R>(&sockets, peer.address(), "user 2").await.reused());
    drop(accepting.end());
    let connection = connect::<R>(&sockets, peer.address(), "user 1").await;
    assert!(connection.reused());
    connection.write(b"again").await.expect("a write");
    assert_eq!(end.receives(5), b"again");
    end.sends(b"!");
    assert_eq!(connection.read(64).await, Ok(b"!".to_vec()));
    let expected = Statistics { connects: 2, reuses: 1, writes: 2, reads: 2, bytes_written: 9, bytes_read: 5 };
    assert_eq!(sockets.statistics(), expected);
}

async fn a_plain_connection_is_none_for_tls_and_the_reverse<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    connect::<R>(&sockets, peer.plain_address(), "").await.set_idle();
    assert_eq!(sockets.idle(), 1);
    let plain = peer.accept();
    let accepting = peer.accept();
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    assert!(!connection.reused());
    connection.set_idle();
    drop(connection);
    assert_eq!(sockets.idle(), 2);
    let again = connect::<R>(&sockets, peer.plain_address(), "").await;
    assert!(again.reused());
    let another = connect::<R>(&sockets, peer.plain_address(), "").await;
    assert!(!another.reused());
    drop((again, another, sockets));
    drop((plain.try_end(), accepting.try_end()));
}

async fn large_writes_and_reads_arrive_whole<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut end) = pair::<R>(&sockets, &peer).await;
    let bytes: Vec<u8> = (0..LARGE as u32).map(|index| (index % 251) as u8).collect();
    let echoing = std::thread::spawn(move || {
        let bytes = end.receives(LARGE);
        end.sends(&bytes);
        end
    });
    connection.write(&bytes).await.expect("a write");
    let mut received = Vec::new();
    while received.len() < LARGE {
        let some = connection.read(u32::MAX).await.expect("bytes");
        assert!(!some.is_empty(), "{} bytes", received.len());
        received.extend(some);
    }
    assert!(received == bytes, "other bytes arrived");
    assert_eq!(sockets.statistics().bytes_written, LARGE as u64);
    drop(echoing.join().expect("a peer"));
}

async fn a_read_finds_what_an_earlier_one_left<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut end) = pair::<R>(&sockets, &peer).await;
    // A single record: once it is decrypted, nothing more arrives at the socket.
    end.sends(b"abcdef");
    assert_eq!(connection.read(2).await, Ok(b"ab".to_vec()));
    assert_eq!(connection.read(0).await, Ok(b"c".to_vec()));
    assert_eq!(connection.read(u32::MAX).await, Ok(b"def".to_vec()));
}

async fn session_tickets_are_no_sign_of_a_dead_connection<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut end) = pair::<R>(&sockets, &peer).await;
    // Nothing has been read yet, so the session tickets are unread.
    await_arrival(connection.transport());
    connection.set_idle();
    drop(connection);
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    assert!(connection.reused());
    connection.write(b"ping").await.expect("a write");
    assert_eq!(end.receives(4), b"ping");
}

async fn new_keys_are_no_sign_of_a_dead_connection<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut end) = pair::<R>(&sockets, &peer).await;
    settle(&connection, &mut end).await;
    connection.set_idle();
    end.changes_keys();
    await_arrival(connection.transport());
    connection.write(b"ping").await.expect("a write");
    assert_eq!(end.receives(4), b"ping");
    settle(&connection, &mut end).await;
}

async fn a_peer_that_says_goodbye_is_never_handed_out<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut end) = pair::<R>(&sockets, &peer).await;
    settle(&connection, &mut end).await;
    connection.set_idle();
    end.says_goodbye();
    await_arrival(connection.transport());
    drop(connection);
    assert_eq!(sockets.idle(), 1);
    let accepting = peer.accept();
    assert!(!connect::<R>(&sockets, peer.address(), "").await.reused());
    assert_eq!(sockets.idle(), 0);
    drop(accepting.end());
}

async fn a_peer_that_closed_is_never_handed_out<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut end) = pair::<R>(&sockets, &peer).await;
    settle(&connection, &mut end).await;
    connection.set_idle();
    let socket = connection.transport().as_fd().try_clone_to_owned().expect("a second descriptor");
    drop(connection);
    drop(end);
    await_arrival(socket);
    let accepting = peer.accept();
    assert!(!connect::<R>(&sockets, peer.address(), "").await.reused());
    drop(accepting.end());
}

async fn a_connection_with_unread_bytes_is_never_handed_out<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut end) = pair::<R>(&sockets, &peer).await;
    end.sends(b"+PONG\r\n");
    assert_eq!(connection.read(5).await, Ok(b"+PONG".to_vec()));
    // The rest was decrypted together with what was read.
    connection.set_idle();
    drop(connection);
    let accepting = peer.accept();
    assert!(!connect::<R>(&sockets, peer.address(), "").await.reused());
    drop(accepting.end());
}

async fn a_write_on_a_marked_connection_finds_the_peer_closed_and_sends_nothing<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut end) = pair::<R>(&sockets, &peer).await;
    settle(&connection, &mut end).await;
    connection.set_idle();
    end.says_goodbye();
    await_arrival(connection.transport());
    assert_eq!(connection.write(b"INCR n\r\n").await, Err(Error::Closed));
    // Marking it idle does not make it reusable.
    connection.set_idle();
    drop(connection);
    assert_eq!(sockets.idle(), 0);
    assert_eq!(end.receives_rest().expect("the end"), b"");
    assert_eq!(sockets.statistics().writes, 0);
}

async fn a_write_on_a_marked_connection_finds_unread_bytes_and_sends_nothing<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut end) = pair::<R>(&sockets, &peer).await;
    settle(&connection, &mut end).await;
    connection.set_idle();
    end.sends(b"+OK\r\n");
    await_arrival(connection.transport());
    assert_eq!(connection.write(b"INCR n\r\n").await, Err(Error::Closed));
    assert_eq!(connection.read(64).await, Ok(b"+OK\r\n".to_vec()));
    drop(connection);
    assert_eq!(end.receives_rest().expect("the end"), b"");
}

async fn a_read_finds_the_goodbye<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut end) = pair::<R>(&sockets, &peer).await;
    end.sends(b"last");
    end.says_goodbye();
    assert_eq!(connection.read(64).await, Ok(b"last".to_vec()));
    // The peer has not closed the socket, and its close message may be decrypted already, so there is nothing to wait
    // for.
    assert_eq!(connection.read(64).await, Ok(Vec::new()));
    assert_eq!(connection.read(64).await, Ok(Vec::new()));
    connection.set_idle();
    drop(connection);
    assert_eq!(sockets.idle(), 0);
}

async fn a_read_tells_where_the_stream_was_cut_off<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    for part_of_a_record in [&b""[..], &[23, 3, 3, 0, 40, 1, 2, 3]] {
        let (connection, mut end) = pair::<R>(&sockets, &peer).await;
        end.sends(b"+O");
        end.sends_bare(part_of_a_record);
        drop(end);
        assert_eq!(connection.read(64).await, Ok(b"+O".to_vec()));
        assert_eq!(connection.read(64).await, Err(Error::Closed));
        connection.set_idle();
        drop(connection);
        assert_eq!(sockets.idle(), 0);
    }
}

async fn a_read_tells_of_bytes_that_are_no_tls<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    // Plain text, and a record that is not encrypted with the session's keys.
    for bytes in [&b"+OK\r\n"[..], &[&[23, 3, 3, 0, 40][..], &[7; 40]].concat()] {
        let (connection, mut end) = pair::<R>(&sockets, &peer).await;
        end.sends_bare(bytes);
        let garbled = connection.read(64).await;
        // Not `tls`, which would mean that the server processed nothing.
        assert!(matches!(&garbled, Err(Error::Other(why)) if why.starts_with("TLS: ")), "{garbled:?}");
        connection.set_idle();
        drop(connection);
        assert_eq!(sockets.idle(), 0);
    }
}

async fn a_write_to_a_peer_that_does_not_read_times_out_half_way<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let accepting = peer.accept();
    let timeouts = Timeouts { connect: LONG, answer: SHORT };
    let connection = Connection::<R>::connect(&sockets, peer.address(), timeouts, String::new()).await;
    let connection = connection.expect("a connection");
    let mut end = accepting.end();
    assert_eq!(connection.write(&vec![1; LARGE]).await, Err(Error::TimedOut));
    assert_eq!(connection.write(b"later").await, Err(Error::Closed));
    connection.set_idle();
    drop(connection);
    assert_eq!(sockets.idle(), 0);
    // And no close message follows.
    assert!(end.receives_rest().is_err());
}

async fn the_peer_is_told_the_end<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let (connection, mut dropped) = pair::<R>(&sockets, &peer).await;
    connection.write(b"all").await.expect("a write");
    drop(connection);
    assert_eq!(dropped.receives_rest().expect("the end"), b"all");

    let (connection, mut kept) = pair::<R>(&sockets, &peer).await;
    connection.set_idle();
    drop(connection);
    sockets.clear_idle();
    assert_eq!(kept.receives_rest().expect("the end"), b"");
}

#[test]
fn a_kept_connection_outlives_its_runtime_and_serves_either_flavour() {
    use crate::blocking::complete;
    use crate::runtime::{Blocking, Tokio};

    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    let mut end = runtime().block_on(async {
        let (connection, end) = pair::<Tokio>(&sockets, &peer).await;
        connection.set_idle();
        end
    });
    complete(async {
        let connection = connect::<Blocking>(&sockets, peer.address(), "").await;
        assert!(connection.reused());
        connection.write(b"first").await.expect("a write");
        assert_eq!(end.receives(5), b"first");
        settle(&connection, &mut end).await;
        connection.set_idle();
    });
    runtime().block_on(async {
        let connection = connect::<Tokio>(&sockets, peer.address(), "").await;
        assert!(connection.reused());
        connection.write(b"second").await.expect("a write");
        assert_eq!(end.receives(6), b"second");
    });
}

#[test]
fn a_cancelled_read_takes_no_bytes() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    runtime().block_on(async {
        let (connection, mut end) = pair::<crate::runtime::Tokio>(&sockets, &peer).await;
        // This has read the session tickets.
        let cancelled = ::tokio::time::timeout(Duration::from_millis(50), connection.read(64)).await;
        assert!(cancelled.is_err());
        end.sends(b"abc");
        assert_eq!(connection.read(64).await, Ok(b"abc".to_vec()));
    });
}

#[test]
fn a_write_and_a_read_run_at_the_same_time() {
    let authority = Authority::new();
    let (sockets, peer) = (authority.sockets(), authority.server());
    runtime().block_on(async {
        let (connection, mut end) = pair::<crate::runtime::Tokio>(&sockets, &peer).await;
        let connection = SharedConnection::new(connection);
        let answering = std::thread::spawn(move || {
            end.sends(b"answer");
            (end.receives(LARGE), end)
        });
        let write = connection.write(vec![7; LARGE]);
        let (read, written) = ::tokio::join!(connection.read(64), write);
        assert_eq!((read, written), (Ok(b"answer".to_vec()), Ok(())));
        assert_eq!(answering.join().expect("a peer").0, vec![7; LARGE]);
    });
}
