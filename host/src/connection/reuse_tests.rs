//! Which connections are pooled, and when they are reused.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::AsFd;
use wasmtime::component::ResourceTable;

use super::*;
use crate::testing::*;

in_both_flavours! {
    reuse_wants_exactly_the_state_and_the_address,
    a_state_that_was_wanted_and_never_said_is_not_kept,
    without_a_wanted_state_a_new_connection_is_kept_as_it_is,
    a_state_said_anew_replaces_the_old_one,
    a_state_too_long_to_keep_is_not_kept,
    without_a_mark_nothing_is_kept,
    a_write_takes_the_mark_back,
    without_a_byte_read_since_the_last_write_nothing_is_kept,
    a_reused_connection_keeps_its_mark_until_the_first_write,
    bytes_read_on_a_marked_connection_take_the_mark_back,
    the_table_of_a_store_gives_back_what_the_guest_never_dropped,
    a_peer_that_closed_is_never_handed_out,
    a_connection_with_unread_bytes_is_never_handed_out,
    past_the_idle_limit_nothing_is_handed_out,
    past_the_size_limit_the_oldest_is_closed,
    clear_idle_closes_what_is_kept,
    an_address_no_longer_allowed_is_denied_its_idle_connection,
}

async fn reuse_wants_exactly_the_state_and_the_address<R: Runtime>() {
    let (sockets, peer, other) = (anywhere(), Peer::start(), Peer::start());
    let _end = leave_idle::<R>(&sockets, &peer, "user 1").await;
    assert_eq!(sockets.idle(), 1);
    assert!(!connect::<R>(&sockets, peer.address(), "user 2").await.reused());
    assert!(!connect::<R>(&sockets, peer.address(), "").await.reused());
    assert!(!connect::<R>(&sockets, other.address(), "user 1").await.reused());
    assert!(connect::<R>(&sockets, peer.address(), "user 1").await.reused());
}

async fn a_state_that_was_wanted_and_never_said_is_not_kept<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "user 1").await;
    connection.set_idle();
    drop(connection);
    assert_eq!(sockets.idle(), 0);
}

async fn without_a_wanted_state_a_new_connection_is_kept_as_it_is<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let _end = peer.accept();
    connection.set_idle();
    drop(connection);
    assert!(!connect::<R>(&sockets, peer.address(), "user 1").await.reused());
    assert!(connect::<R>(&sockets, peer.address(), "").await.reused());
}

async fn a_state_said_anew_replaces_the_old_one<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let _end = leave_idle::<R>(&sockets, &peer, "user 1").await;
    let connection = connect::<R>(&sockets, peer.address(), "user 1").await;
    assert!(connection.reused());
    connection.set_state("user 2".into());
    drop(connection);
    assert!(!connect::<R>(&sockets, peer.address(), "user 1").await.reused());
    assert!(connect::<R>(&sockets, peer.address(), "user 2").await.reused());
}

async fn a_state_too_long_to_keep_is_not_kept<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let _longest = leave_idle::<R>(&sockets, &peer, &"x".repeat(MAX_STATE)).await;
    assert_eq!(sockets.idle(), 1);
    let _too_long = leave_idle::<R>(&sockets, &peer, &"x".repeat(MAX_STATE + 1)).await;
    assert_eq!(sockets.idle(), 1);
}

async fn without_a_mark_nothing_is_kept<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    drop(connect::<R>(&sockets, peer.address(), "").await);
    assert_eq!(sockets.idle(), 0);
    assert_eq!(peer_receives_rest(&peer.accept()), b"");
}

async fn a_write_takes_the_mark_back<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let end = peer.accept();
    connection.set_idle();
    connection.write(b"PING\r\n").await.expect("a write");
    drop(connection);
    assert_eq!(sockets.idle(), 0);
    assert_eq!(peer_receives_rest(&end), b"PING\r\n");
}

async fn without_a_byte_read_since_the_last_write_nothing_is_kept<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    for answered in [true, false] {
        let connection = connect::<R>(&sockets, peer.address(), "").await;
        let end = peer.accept();
        connection.write(b"PING\r\n").await.expect("a write");
        if answered {
            peer_sends(&end, b"+PONG\r\n");
            assert_eq!(connection.read(64).await, Ok(b"+PONG\r\n".to_vec()));
        }
        connection.set_idle();
        drop(connection);
        assert_eq!(sockets.idle(), usize::from(answered));
        sockets.clear_idle();
    }
}

async fn a_reused_connection_keeps_its_mark_until_the_first_write<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let _end = leave_idle::<R>(&sockets, &peer, "user 1").await;
    drop(connect::<R>(&sockets, peer.address(), "user 1").await);
    assert_eq!(sockets.idle(), 1);
    let connection = connect::<R>(&sockets, peer.address(), "user 1").await;
    assert!(connection.reused());
    connection.write(b"PING\r\n").await.expect("a write");
    drop(connection);
    assert_eq!(sockets.idle(), 0);
}

async fn bytes_read_on_a_marked_connection_take_the_mark_back<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let end = peer.accept();
    connection.set_idle();
    peer_sends(&end, b"half an ans");
    assert_eq!(connection.read(64).await, Ok(b"half an ans".to_vec()));
    drop(connection);
    assert_eq!(sockets.idle(), 0);
}

async fn the_table_of_a_store_gives_back_what_the_guest_never_dropped<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let _end = peer.accept();
    connection.set_idle();
    let mut table = ResourceTable::new();
    table.push(connection).expect("room in the table");
    assert_eq!(sockets.idle(), 0);
    drop(table);
    assert_eq!(sockets.idle(), 1);
}

async fn a_peer_that_closed_is_never_handed_out<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let end = peer.accept();
    connection.set_idle();
    let socket = connection.transport().as_fd().try_clone_to_owned().expect("a second descriptor");
    drop(connection);
    drop(end);
    await_arrival(socket);
    assert_eq!(sockets.idle(), 1);
    assert!(!connect::<R>(&sockets, peer.address(), "").await.reused());
    assert_eq!(sockets.idle(), 0);
    assert_eq!(sockets.statistics().reuses, 0);
}

async fn a_connection_with_unread_bytes_is_never_handed_out<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let end = peer.accept();
    connection.set_idle();
    peer_sends(&end, b"+PONG\r\n");
    await_arrival(connection.transport());
    drop(connection);
    assert!(!connect::<R>(&sockets, peer.address(), "").await.reused());
    assert_eq!(sockets.idle(), 0);
}

async fn past_the_idle_limit_nothing_is_handed_out<R: Runtime>() {
    let sockets = Sockets::builder().allow(|_| true).idle_timeout(Duration::ZERO).build();
    let peer = Peer::start();
    let end = leave_idle::<R>(&sockets, &peer, "").await;
    assert!(!connect::<R>(&sockets, peer.address(), "").await.reused());
    assert_eq!(peer_receives_rest(&end), b"");
}

async fn past_the_size_limit_the_oldest_is_closed<R: Runtime>() {
    let sockets = Sockets::builder().allow(|_| true).max_idle(1).build();
    let peer = Peer::start();
    let oldest = leave_idle::<R>(&sockets, &peer, "user 1").await;
    let _newest = leave_idle::<R>(&sockets, &peer, "user 2").await;
    assert_eq!(sockets.idle(), 1);
    assert_eq!(peer_receives_rest(&oldest), b"");
    assert!(connect::<R>(&sockets, peer.address(), "user 2").await.reused());
}

async fn clear_idle_closes_what_is_kept<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let end = leave_idle::<R>(&sockets, &peer, "").await;
    sockets.clear_idle();
    assert_eq!(sockets.idle(), 0);
    assert_eq!(peer_receives_rest(&end), b"");
}

async fn an_address_no_longer_allowed_is_denied_its_idle_connection<R: Runtime>() {
    let peer = Peer::start();
    let open = Arc::new(AtomicBool::new(true));
    let rule = Arc::clone(&open);
    let sockets = Sockets::builder().allow(move |_| rule.load(Ordering::Relaxed)).build();
    let _end = leave_idle::<R>(&sockets, &peer, "").await;
    open.store(false, Ordering::Relaxed);
    let denied = try_connect::<R>(&sockets, peer.address(), "").await;
    assert!(matches!(denied.err(), Some(Error::Denied(_))));
    open.store(true, Ordering::Relaxed);
    assert!(connect::<R>(&sockets, peer.address(), "").await.reused());
}

#[test]
fn a_kept_connection_outlives_its_runtime_and_serves_either_flavour() {
    use crate::blocking::complete;
    use crate::runtime::{Blocking, Tokio};

    let (sockets, peer) = (anywhere(), Peer::start());
    let end = runtime().block_on(leave_idle::<Tokio>(&sockets, &peer, ""));
    let exchange = |sent: &[u8], received: &[u8]| {
        assert_eq!(peer_receives(&end, sent.len()), sent);
        peer_sends(&end, received);
    };
    complete(async {
        let connection = connect::<Blocking>(&sockets, peer.address(), "").await;
        assert!(connection.reused());
        connection.write(b"first").await.expect("a write");
        exchange(b"first", b"1");
        assert_eq!(connection.read(64).await, Ok(b"1".to_vec()));
        connection.set_idle();
    });
    runtime().block_on(async {
        let connection = connect::<Tokio>(&sockets, peer.address(), "").await;
        assert!(connection.reused());
        connection.write(b"second").await.expect("a write");
        exchange(b"second", b"2");
        assert_eq!(connection.read(64).await, Ok(b"2".to_vec()));
    });
}

#[test]
fn a_connection_dropped_after_its_runtime_is_kept() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let runtime = runtime();
    let connection = runtime.block_on(connect::<crate::runtime::Tokio>(&sockets, peer.address(), ""));
    let _end = peer.accept();
    connection.set_idle();
    drop(runtime);
    drop(connection);
    assert_eq!(sockets.idle(), 1);
}
