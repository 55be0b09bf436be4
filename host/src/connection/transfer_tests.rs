//! Reads and writes, their limits and statistics.

use std::net::Shutdown;
use std::time::Instant;

use super::*;
use crate::Statistics;
use crate::testing::*;

in_both_flavours! {
    a_write_on_a_marked_connection_finds_the_peer_closed_and_sends_nothing,
    a_write_on_a_marked_connection_finds_unread_bytes_and_sends_nothing,
    a_write_on_an_unmarked_connection_does_not_look,
    a_write_that_fails_unmarked_does_not_claim_that_nothing_was_sent,
    a_large_write_arrives_whole,
    a_write_to_a_peer_that_reads_too_slowly_times_out_as_a_whole,
    a_read_times_out_and_its_connection_is_not_kept,
    a_read_finds_the_end_and_its_connection_is_not_kept,
    a_read_returns_max_bytes_at_most,
    a_read_takes_no_more_memory_than_its_limit,
    statistics_count_an_exchange,
}

async fn a_write_on_a_marked_connection_finds_the_peer_closed_and_sends_nothing<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let end = peer.accept();
    connection.set_idle();
    end.shutdown(Shutdown::Write).expect("half closed");
    await_arrival(connection.transport());
    assert_eq!(connection.write(b"INCR n\r\n").await, Err(Error::Closed));
    // Marking it idle does not make it reusable.
    connection.set_idle();
    drop(connection);
    assert_eq!(sockets.idle(), 0);
    assert_eq!(peer_receives_rest(&end), b"");
    assert_eq!(sockets.statistics(), Statistics { connects: 1, ..Statistics::default() });
}

async fn a_write_on_a_marked_connection_finds_unread_bytes_and_sends_nothing<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let end = peer.accept();
    connection.set_idle();
    peer_sends(&end, b"+OK\r\n");
    await_arrival(connection.transport());
    assert_eq!(connection.write(b"INCR n\r\n").await, Err(Error::Closed));
    // Otherwise closing with unread bytes would send a reset.
    assert_eq!(connection.read(64).await, Ok(b"+OK\r\n".to_vec()));
    drop(connection);
    assert_eq!(peer_receives_rest(&end), b"");
}

async fn a_write_on_an_unmarked_connection_does_not_look<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let end = peer.accept();
    peer_sends(&end, b"+OK\r\n");
    end.shutdown(Shutdown::Write).expect("half closed");
    await_arrival(connection.transport());
    assert_eq!(connection.write(b"PING\r\n").await, Ok(()));
    assert_eq!(peer_receives(&end, 6), b"PING\r\n");
    assert_eq!(sockets.statistics().writes, 1);
}

async fn a_write_that_fails_unmarked_does_not_claim_that_nothing_was_sent<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let end = peer.accept();
    connection.write(b"PING\r\n").await.expect("a write");
    await_arrival(&end);
    // Closing with unread bytes resets the connection.
    drop(end);
    await_arrival(connection.transport());
    assert!(matches!(connection.write(b"PING\r\n").await, Err(Error::Other(_))));
    connection.set_idle();
    drop(connection);
    assert_eq!(sockets.idle(), 0);
}

async fn a_large_write_arrives_whole<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let end = peer.accept();
    let reader = std::thread::spawn(move || peer_receives_rest(&end));
    let bytes: Vec<u8> = (0..16 * 1024 * 1024_u32).map(|index| (index % 251) as u8).collect();
    connection.write(&bytes).await.expect("a write");
    drop(connection);
    assert!(reader.join().expect("a reader") == bytes, "other bytes arrived");
    let statistics = sockets.statistics();
    assert_eq!((statistics.writes, statistics.bytes_written), (1, bytes.len() as u64));
}

async fn a_write_to_a_peer_that_reads_too_slowly_times_out_as_a_whole<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let timeouts = Timeouts { connect: LONG, answer: SHORT };
    let connection =
        Connection::<R>::connect(&sockets, peer.address(), timeouts, String::new()).await.expect("a connection");
    let end = peer.accept();
    // A small buffer with constant progress: a limit per step would never be reached.
    rustix::net::sockopt::set_socket_send_buffer_size(connection.transport(), 16 * 1024).expect("a small buffer");
    let reader = std::thread::spawn(move || {
        let mut bytes = [0; 32 * 1024];
        while std::io::Read::read(&mut &end, &mut bytes).is_ok_and(|count| count > 0) {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let begun = Instant::now();
    assert_eq!(connection.write(&vec![0; 64 * 1024 * 1024]).await, Err(Error::TimedOut));
    assert!(begun.elapsed() >= SHORT && begun.elapsed() < LONG, "{:?}", begun.elapsed());
    connection.set_idle();
    drop(connection);
    assert_eq!(sockets.idle(), 0);
    reader.join().expect("a reader");
}

async fn a_read_times_out_and_its_connection_is_not_kept<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let timeouts = Timeouts { connect: LONG, answer: SHORT };
    let connection =
        Connection::<R>::connect(&sockets, peer.address(), timeouts, String::new()).await.expect("a connection");
    let _end = peer.accept();
    let begun = Instant::now();
    assert_eq!(connection.read(64).await, Err(Error::TimedOut));
    assert!(begun.elapsed() >= SHORT && begun.elapsed() < LONG, "{:?}", begun.elapsed());
    connection.set_idle();
    drop(connection);
    assert_eq!(sockets.idle(), 0);
}

async fn a_read_finds_the_end_and_its_connection_is_not_kept<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    drop(peer.accept());
    assert_eq!(connection.read(64).await, Ok(Vec::new()));
    connection.set_idle();
    drop(connection);
    assert_eq!(sockets.idle(), 0);
    assert_eq!(sockets.statistics().reads, 0);
}

async fn a_read_returns_max_bytes_at_most<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    peer_sends(&peer.accept(), b"abcdef");
    assert_eq!(connection.read(2).await, Ok(b"ab".to_vec()));
    assert_eq!(connection.read(0).await, Ok(b"c".to_vec()));
    assert_eq!(connection.read(u32::MAX).await, Ok(b"def".to_vec()));
}

async fn a_read_takes_no_more_memory_than_its_limit<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let end = peer.accept();
    let writer = std::thread::spawn(move || peer_sends(&end, &vec![7; 1024 * 1024]));
    let mut left = 1024 * 1024;
    while left > 0 {
        let bytes = connection.read(u32::MAX).await.expect("bytes");
        assert!((1..=MAX_READ).contains(&bytes.len()) && bytes.capacity() <= MAX_READ);
        left -= bytes.len();
    }
    writer.join().expect("a writer");
}

async fn statistics_count_an_exchange<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let end = leave_idle::<R>(&sockets, &peer, "").await;
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    connection.write(b"PING\r\n").await.expect("a write");
    assert_eq!(peer_receives(&end, 6), b"PING\r\n");
    peer_sends(&end, b"+PONG\r\n");
    assert_eq!(connection.read(64).await, Ok(b"+PONG\r\n".to_vec()));
    let expected = Statistics { connects: 1, reuses: 1, writes: 1, reads: 1, bytes_written: 6, bytes_read: 7 };
    assert_eq!(sockets.statistics(), expected);
}

#[test]
fn a_cancelled_read_takes_no_bytes() {
    let (sockets, peer) = (anywhere(), Peer::start());
    runtime().block_on(async {
        let connection = connect::<crate::runtime::Tokio>(&sockets, peer.address(), "").await;
        let end = peer.accept();
        let cancelled = ::tokio::time::timeout(SHORT, connection.read(64)).await;
        assert!(cancelled.is_err());
        peer_sends(&end, b"abc");
        assert_eq!(connection.read(64).await, Ok(b"abc".to_vec()));
    });
}
