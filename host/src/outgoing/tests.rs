use std::net::{Shutdown, TcpStream};
use std::pin::{Pin, pin};
use std::task::Poll;

use ::tokio::task::spawn_blocking;

use super::*;
use crate::connection::Timeouts;
use crate::sockets::Sockets;
use crate::testing::*;

/// More than the buffers of a connection hold.
const LARGE: usize = 16 * 1024 * 1024;

async fn shared(sockets: &Sockets, peer: &Peer) -> (SharedConnection, TcpStream) {
    let connection = SharedConnection::new(connect(sockets, peer.address(), "").await);
    (connection, peer.accept())
}

/// Polls a future once.
async fn poll_once<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// Starts a write and cancels it.
async fn write_and_cancel(connection: &SharedConnection, bytes: Vec<u8>) {
    assert!(poll_once(pin!(connection.write(bytes))).await.is_pending());
}

async fn received_until_the_end(end: TcpStream) -> Vec<u8> {
    spawn_blocking(move || peer_receives_rest(&end)).await.expect("a reader")
}

#[test]
fn a_cancelled_write_is_sent_and_what_is_written_next_comes_after_it() {
    runtime().block_on(async {
        let (sockets, peer) = (anywhere(), Peer::start());
        let (connection, end) = shared(&sockets, &peer).await;
        write_and_cancel(&connection, vec![1; LARGE]).await;
        write_and_cancel(&connection, vec![2; LARGE]).await;
        let received = ::tokio::spawn(received_until_the_end(end));
        assert_eq!(connection.write(b"next".to_vec()).await, Ok(()));
        assert_eq!(sockets.statistics().bytes_written, 2 * LARGE as u64 + 4);
        drop(connection);
        let expected = [vec![1; LARGE], vec![2; LARGE], b"next".to_vec()].concat();
        assert!(received.await.expect("a reader") == expected, "other bytes arrived");
    });
}

#[test]
fn a_write_and_a_read_run_at_the_same_time() {
    runtime().block_on(async {
        let (sockets, peer) = (anywhere(), Peer::start());
        let (connection, end) = shared(&sockets, &peer).await;
        let mut read = pin!(connection.read(64));
        assert!(poll_once(read.as_mut()).await.is_pending());
        let mut write = pin!(connection.write(vec![7; LARGE]));
        assert!(poll_once(write.as_mut()).await.is_pending());
        peer_sends(&end, b"answer");
        assert_eq!(read.await, Ok(b"answer".to_vec()));
        assert!(poll_once(write.as_mut()).await.is_pending());
        let received = spawn_blocking(move || peer_receives(&end, LARGE));
        assert_eq!(write.await, Ok(()));
        assert_eq!(received.await.expect("a reader").len(), LARGE);
    });
}

#[test]
fn a_cancelled_read_takes_no_bytes() {
    runtime().block_on(async {
        let (sockets, peer) = (anywhere(), Peer::start());
        let (connection, end) = shared(&sockets, &peer).await;
        assert!(poll_once(pin!(connection.read(64))).await.is_pending());
        peer_sends(&end, b"abc");
        await_arrival(connection.transport());
        assert_eq!(connection.read(64).await, Ok(b"abc".to_vec()));
    });
}

#[test]
fn a_write_on_a_marked_connection_finds_the_peer_closed_and_sends_nothing() {
    runtime().block_on(async {
        let (sockets, peer) = (anywhere(), Peer::start());
        let (connection, end) = shared(&sockets, &peer).await;
        connection.set_idle();
        end.shutdown(Shutdown::Write).expect("half closed");
        await_arrival(connection.transport());
        assert_eq!(connection.write(b"INCR n\r\n".to_vec()).await, Err(Error::Closed));
        drop(connection);
        assert_eq!(received_until_the_end(end).await, b"");
        assert_eq!(sockets.idle(), 0);
    });
}

#[test]
fn behind_a_write_that_failed_nothing_is_sent() {
    runtime().block_on(async {
        let (sockets, peer) = (anywhere(), Peer::start());
        let timeouts = Timeouts { connect: LONG, answer: SHORT };
        let connection = Connection::connect(&sockets, peer.address(), timeouts, String::new()).await;
        let connection = SharedConnection::new(connection.expect("a connection"));
        let end = peer.accept();
        let (partial, behind) = ::tokio::join!(connection.write(vec![1; LARGE]), connection.write(b"behind".to_vec()));
        assert_eq!((partial, behind), (Err(Error::TimedOut), Err(Error::Closed)));
        assert_eq!(connection.write(b"later".to_vec()).await, Err(Error::Closed));
        connection.set_idle();
        drop(connection);
        assert_eq!(sockets.idle(), 0);
        let received = received_until_the_end(end).await;
        assert!(
            received.len() < LARGE && received.iter().all(|byte| *byte == 1),
            "more than the partial write arrived"
        );
    });
}

#[test]
fn dropped_while_a_cancelled_write_is_sent_it_is_closed_and_not_kept() {
    runtime().block_on(async {
        let (sockets, peer) = (anywhere(), Peer::start());
        let (connection, end) = shared(&sockets, &peer).await;
        write_and_cancel(&connection, vec![1; LARGE]).await;
        connection.set_idle();
        drop(connection);
        assert!(received_until_the_end(end).await.len() < LARGE);
        assert_eq!(sockets.idle(), 0);
    });
}

#[test]
fn once_all_is_sent_it_is_kept() {
    runtime().block_on(async {
        let (sockets, peer) = (anywhere(), Peer::start());
        let (connection, end) = shared(&sockets, &peer).await;
        write_and_cancel(&connection, vec![1; LARGE]).await;
        let received = spawn_blocking(move || (peer_receives(&end, LARGE + 4), end));
        assert_eq!(connection.write(b"next".to_vec()).await, Ok(()));
        let (_, end) = received.await.expect("a reader");
        peer_sends(&end, b"answer");
        assert_eq!(connection.read(64).await, Ok(b"answer".to_vec()));
        connection.set_idle();
        drop(connection);
        assert!(connect::<Tokio>(&sockets, peer.address(), "").await.reused());
    });
}

#[test]
fn past_its_bound_nothing_more_waits_on_any_connection_of_the_guest() {
    runtime().block_on(async {
        let sockets = Sockets::builder().allow(|_| true).max_unsent_per_guest(2 * LARGE).build();
        let peer = Peer::start();
        let (connection, end) = shared(&sockets, &peer).await;
        let (other, _other_end) = shared(&sockets, &peer).await;
        write_and_cancel(&connection, vec![1; LARGE]).await;
        write_and_cancel(&other, vec![1; LARGE]).await;
        for connection in [&connection, &other] {
            let refused = connection.write(b"x".to_vec()).await;
            assert!(matches!(refused, Err(Error::Other(_))), "{refused:?}");
        }
        drop(other);
        let received = spawn_blocking(move || (peer_receives(&end, LARGE), end));
        let (_, end) = received.await.expect("a reader");
        assert_eq!(connection.write(b"y".to_vec()).await, Ok(()));
        // A write above the limit is accepted only if nothing else waits.
        write_and_cancel(&connection, vec![2; 3 * LARGE]).await;
        let refused = connection.write(b"z".to_vec()).await;
        assert!(matches!(refused, Err(Error::Other(_))), "{refused:?}");
        drop(connection);
        assert!(received_until_the_end(end).await.starts_with(b"y\x02"));
    });
}
