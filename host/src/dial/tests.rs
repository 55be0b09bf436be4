use std::sync::mpsc;
use std::time::{Duration, Instant};

use wasmtime::component::ResourceTable;

use super::*;
use crate::connection::{Connection, Timeouts};
use crate::testing::*;
use crate::{Sockets, SocketsView};

in_both_flavours! {
    an_address_that_is_not_allowed_is_denied,
    tls_without_settings_is_unsupported_and_the_way_out_told,
    too_many_connections_are_an_error_until_one_is_dropped,
    a_guest_past_its_own_limit_is_refused_and_others_are_not,
    whatever_leads_to_a_restricted_address_is_denied,
    every_address_is_tried,
    the_last_failure_is_told_when_no_address_answers,
    an_address_that_never_answers_leaves_time_for_the_next,
    a_name_is_looked_up,
    a_name_without_addresses_is_told,
    a_port_that_nobody_listens_on_is_refused,
    connecting_has_a_time_limit,
    a_connect_without_time_times_out,
    a_look_up_that_never_ends_times_out,
    small_writes_are_not_held_back,
}

#[cfg(unix)]
mod unix_sockets {
    use super::*;

    in_both_flavours! {
        a_unix_socket_carries_bytes_and_is_reused,
        a_path_without_a_socket_is_unreachable,
        a_unix_socket_whose_queue_is_full_times_out,
    }

    async fn a_unix_socket_carries_bytes_and_is_reused<R: Runtime>() {
        use std::io::{Read, Write};

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("peer.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        let address = Address::Unix { path: path.to_str().expect("a plain path").into() };
        let sockets = Sockets::builder().allow_unix(&path).build();

        let connection = connect::<R>(&sockets, address.clone(), "").await;
        let (mut end, _) = listener.accept().expect("a connection");
        connection.write(b"ping").await.expect("a write");
        let mut received = [0; 4];
        end.read_exact(&mut received).expect("four bytes");
        assert_eq!(&received, b"ping");
        end.write_all(b"pong").expect("room for four bytes");
        assert_eq!(connection.read(64).await, Ok(b"pong".to_vec()));
        connection.set_idle();
        drop(connection);

        assert!(connect::<R>(&sockets, address, "").await.reused());
    }

    async fn a_path_without_a_socket_is_unreachable<R: Runtime>() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("none.sock").to_str().expect("a plain path").to_owned();
        let unreachable = try_connect::<R>(&anywhere(), Address::Unix { path }, "").await;
        assert_eq!(unreachable.err(), Some(Error::Unreachable));
    }

    async fn a_unix_socket_whose_queue_is_full_times_out<R: Runtime>() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("full.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        rustix::net::listen(&listener, 0).expect("a short queue");
        let address = Address::Unix { path: path.to_str().expect("a plain path").into() };
        fill_queue::<R>(address).await;
    }

    #[test]
    fn the_thread_that_connects_ends_with_the_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("full.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        rustix::net::listen(&listener, 0).expect("a short queue");
        let path = path.to_str().expect("a plain path").to_owned();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let connect = || unix_stream(&path, Deadline::after(SHORT));
            let waiting: Vec<_> = std::iter::repeat_with(connect).take(16).collect();
            sender.send(waiting).expect("someone who waits");
        });
        let waiting = receiver.recv_timeout(LONG).expect("sixteen attempts that end");
        let failure = waiting.into_iter().find_map(Result::err).expect("a queue for one");
        assert_eq!(Error::from(failure), Error::TimedOut);
    }
}

/// Connects, and is not accepted, until a connect times out.
async fn fill_queue<R: Runtime>(address: Address) {
    let sockets = anywhere();
    let mut waiting = Vec::new();
    for _ in 0..16 {
        let begun = Instant::now();
        let timeouts = Timeouts { connect: SHORT, answer: LONG };
        match Connection::<R>::connect(&sockets, address.clone(), timeouts, String::new()).await {
            Ok(connection) => waiting.push(connection),
            Err(error) => {
                assert_eq!(error, Error::TimedOut);
                assert!(begun.elapsed() >= SHORT && begun.elapsed() < LONG, "{:?}", begun.elapsed());
                return;
            }
        }
    }
    panic!("{} connections in a queue for one", waiting.len());
}

/// A listener whose queue is full, so that it no longer answers.
fn listener_with_full_queue() -> (std::net::TcpListener, Vec<std::net::TcpStream>) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    rustix::net::listen(&listener, 0).expect("a short queue");
    let address = listener.local_addr().expect("its own address");
    let waiting = std::iter::from_fn(|| std::net::TcpStream::connect_timeout(&address, SHORT).ok());
    let waiting: Vec<_> = waiting.take(16).collect();
    assert!(waiting.len() < 16, "a queue for one took them all");
    (listener, waiting)
}

async fn every_address_is_tried<R: Runtime>() {
    let peer = Peer::start();
    let (dead, live) = (DeadPort::bind(), SocketAddr::from(([127, 0, 0, 1], peer.port())));
    let addresses = [dead.address(), dead.address(), live];
    assert!(first_that_answers::<R>(&addresses, Deadline::after(LONG)).await.is_ok());
    peer.accept();
}

async fn the_last_failure_is_told_when_no_address_answers<R: Runtime>() {
    let dead = DeadPort::bind();
    let addresses = [dead.address(), dead.address()];
    let failed = first_that_answers::<R>(&addresses, Deadline::after(LONG)).await;
    assert_eq!(failed.err(), Some(Error::Refused));
}

async fn an_address_that_never_answers_leaves_time_for_the_next<R: Runtime>() {
    let (silent, _waiting) = listener_with_full_queue();
    let silent = silent.local_addr().expect("its own address");
    let peer = Peer::start();
    let addresses = [silent, SocketAddr::from(([127, 0, 0, 1], peer.port()))];
    let limit = Duration::from_secs(2);
    assert!(first_that_answers::<R>(&addresses, Deadline::after(limit)).await.is_ok());
    peer.accept();
}

async fn a_name_is_looked_up<R: Runtime>() {
    let peer = Peer::start();
    let address = Address::Tcp { host: "localhost".into(), port: peer.port() };
    assert!(try_connect::<R>(&anywhere(), address, "").await.is_ok());
    peer.accept();
}

async fn a_name_without_addresses_is_told<R: Runtime>() {
    // A label longer than DNS allows, so that no DNS server is asked.
    let name = "x".repeat(64);
    let address = Address::Tcp { host: name.clone(), port: 6379 };
    let failed = try_connect::<R>(&anywhere(), address, "").await;
    assert_eq!(failed.err(), Some(Error::NameNotFound(name)));
}

async fn a_port_that_nobody_listens_on_is_refused<R: Runtime>() {
    let sockets = Sockets::builder().allow(|_| true).max_open(1).build();
    let dead = DeadPort::bind();
    let address = Address::Tcp { host: "127.0.0.1".into(), port: dead.address().port() };
    // More often than the limit allows: a failed connect holds no permit.
    for _ in 0..3 {
        let refused = try_connect::<R>(&sockets, address.clone(), "").await;
        assert_eq!(refused.err(), Some(Error::Refused));
    }
    assert_eq!(sockets.statistics().connects, 0);
}

async fn connecting_has_a_time_limit<R: Runtime>() {
    let (listener, _waiting) = listener_with_full_queue();
    let port = listener.local_addr().expect("its own address").port();
    fill_queue::<R>(Address::Tcp { host: "127.0.0.1".into(), port }).await;
}

async fn a_connect_without_time_times_out<R: Runtime>() {
    let peer = Peer::start();
    let timeouts = Timeouts { connect: Duration::ZERO, answer: LONG };
    let failed = Connection::<R>::connect(&anywhere(), peer.address(), timeouts, String::new()).await;
    assert_eq!(failed.err(), Some(Error::TimedOut));
}

async fn a_look_up_that_never_ends_times_out<R: Runtime>() {
    let (end, never) = mpsc::channel::<()>();
    let begun = Instant::now();
    let result = R::on_thread(Deadline::after(SHORT), move || never.recv()).await;
    assert_eq!(result.map_err(Error::from), Err(Error::TimedOut));
    assert!(begun.elapsed() >= SHORT && begun.elapsed() < LONG, "{:?}", begun.elapsed());
    drop(end);
}

async fn small_writes_are_not_held_back<R: Runtime>() {
    let (sockets, peer) = (anywhere(), Peer::start());
    let permit = sockets.reserve().expect("room");
    let stream = dial::<R>(&peer.address(), Deadline::after(LONG), &permit).await.expect("a connection");
    assert_eq!(rustix::net::sockopt::tcp_nodelay(&stream), Ok(true));
}

async fn an_address_that_is_not_allowed_is_denied<R: Runtime>() {
    let (allowed, other) = (Peer::start(), Peer::start());
    let sockets = Sockets::builder().allow_tcp("127.0.0.1", allowed.port()).build();
    assert!(try_connect::<R>(&sockets, allowed.address(), "").await.is_ok());
    let denied = try_connect::<R>(&sockets, other.address(), "").await;
    assert!(matches!(denied.err(), Some(Error::Denied(_))));
    assert_eq!(sockets.statistics().connects, 1);
}

async fn tls_without_settings_is_unsupported_and_the_way_out_told<R: Runtime>() {
    let address = Address::Tls { host: "127.0.0.1".into(), port: Peer::start().port() };
    let unsupported = try_connect::<R>(&anywhere(), address, "").await.err();
    assert!(
        matches!(&unsupported, Some(Error::Unsupported(way_out)) if way_out.contains("SocketsBuilder::tls")),
        "{unsupported:?}",
    );
}

async fn too_many_connections_are_an_error_until_one_is_dropped<R: Runtime>() {
    let sockets = Sockets::builder().allow(|_| true).max_open(2).build();
    let peer = Peer::start();
    let first = connect::<R>(&sockets, peer.address(), "").await;
    let _second = connect::<R>(&sockets, peer.address(), "").await;
    let third = try_connect::<R>(&sockets, peer.address(), "").await;
    assert_eq!(third.err(), Some(Error::Other("this application has too many connections open (`max_open`)".into())));
    drop(first);
    assert!(try_connect::<R>(&sockets, peer.address(), "").await.is_ok());
}

async fn a_guest_past_its_own_limit_is_refused_and_others_are_not<R: Runtime>() {
    let sockets = Sockets::builder().allow(|_| true).max_open_per_guest(2).build();
    let peer = Peer::start();
    let mut tables = [(); 2].map(|()| ResourceTable::new());
    for table in &mut tables {
        let for_guest =
            |table: &mut _| SocketsView { sockets: &sockets, table }.for_guest().expect("room in the table");
        let first = connect::<R>(&for_guest(table), peer.address(), "").await;
        let _end = peer.accept();
        let second = connect::<R>(&for_guest(table), peer.address(), "").await;
        let third = try_connect::<R>(&for_guest(table), peer.address(), "").await;
        assert_eq!(
            third.err(),
            Some(Error::Other("this guest has too many connections open (`max_open_per_guest`)".into()))
        );
        // Idle connections do not count towards the guest's limit. Reused ones do.
        first.set_idle();
        drop(first);
        let first = connect::<R>(&for_guest(table), peer.address(), "").await;
        assert!(first.reused());
        assert!(try_connect::<R>(&for_guest(table), peer.address(), "").await.is_err());
        for kept in [first, second] {
            table.push(kept).expect("room in the table");
        }
    }
}

async fn whatever_leads_to_a_restricted_address_is_denied<R: Runtime>() {
    let sockets = Sockets::builder().allow(|_| true).restrict_ips(|ip| !ip.is_loopback()).build();
    let peer = Peer::start();
    for host in [
        "localhost",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "0.0.0.0",
        "0",
        "::",
        "::ffff:0.0.0.0",
    ] {
        let address = Address::Tcp { host: host.into(), port: peer.port() };
        let denied = try_connect::<R>(&sockets, address, "").await;
        assert!(matches!(denied.err(), Some(Error::Denied(_))), "{host}");
    }
    assert_eq!(sockets.statistics().connects, 0);
}
