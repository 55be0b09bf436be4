//! Shared by the tests of both flavours: scripted peers, and macros that run a test in each flavour.

pub(crate) mod tls;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;

use crate::address::Address;
use crate::connection::{Connection, Timeouts};
use crate::error::Error;
use crate::runtime::Runtime;
use crate::sockets::Sockets;

/// A time limit that no successful operation reaches.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Long enough to be measured, short enough to wait for.
pub(crate) const SHORT: Duration = Duration::from_millis(80);

/// Makes two tests of each `async fn name<R: Runtime>()`: `blocking::name` and `tokio::name`.
macro_rules! in_both_flavours {
    ($($name:ident),+ $(,)?) => {
        mod blocking {
            $(#[test]
            fn $name() {
                crate::blocking::complete(super::$name::<crate::runtime::Blocking>());
            })+
        }

        mod tokio {
            $(#[test]
            fn $name() {
                crate::testing::runtime().block_on(super::$name::<crate::runtime::Tokio>());
            })+
        }
    };
}
pub(crate) use in_both_flavours;

pub(crate) fn runtime() -> ::tokio::runtime::Runtime {
    ::tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A server on a free port.
pub(crate) struct Peer(TcpListener);

impl Peer {
    pub(crate) fn start() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).expect("a free port"))
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().expect("its own address").port()
    }

    pub(crate) fn address(&self) -> Address {
        Address::Tcp { host: "127.0.0.1".into(), port: self.port() }
    }

    /// Accepts the oldest waiting connection, and returns the peer's end of it.
    pub(crate) fn accept(&self) -> TcpStream {
        await_arrival(&self.0);
        let (stream, _) = self.0.accept().expect("a connection");
        stream.set_read_timeout(Some(LONG)).expect("a time limit");
        stream
    }
}

/// A port without a listener, reserved while this value lives.
pub(crate) struct DeadPort(socket2::Socket);

impl DeadPort {
    pub(crate) fn bind() -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
        Self(socket)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().ok().and_then(|address| address.as_socket()).expect("its own address")
    }
}

pub(crate) fn anywhere() -> Sockets {
    Sockets::builder().allow(|_| true).build()
}

pub(crate) async fn try_connect<R: Runtime>(
    sockets: &Sockets,
    address: Address,
    state: &str,
) -> Result<Connection<R>, Error> {
    let timeouts = Timeouts { connect: LONG, answer: LONG };
    Connection::connect(sockets, address, timeouts, state.into()).await
}

pub(crate) async fn connect<R: Runtime>(sockets: &Sockets, address: Address, state: &str) -> Connection<R> {
    try_connect(sockets, address, state).await.expect("a connection")
}

/// Waits until bytes, or the end of the stream, have arrived at the socket.
pub(crate) fn await_arrival(socket: impl AsFd) {
    let limit = Timespec::try_from(LONG).expect("a time limit");
    let events = poll(&mut [PollFd::new(&socket, PollFlags::IN)], Some(&limit)).expect("poll");
    assert_eq!(events, 1, "nothing arrived");
}

pub(crate) fn peer_sends(mut peer: &TcpStream, bytes: &[u8]) {
    peer.write_all(bytes).expect("room for a few bytes");
}

/// Receives this many bytes at the peer's end.
pub(crate) fn peer_receives(mut peer: &TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    peer.read_exact(&mut bytes).expect("so many bytes");
    bytes
}

/// Receives everything until the other end closes.
pub(crate) fn peer_receives_rest(mut peer: &TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    peer.read_to_end(&mut bytes).expect("the end");
    bytes
}

/// Opens a connection, sets its state, marks it idle and drops it. Returns the peer's end.
pub(crate) async fn leave_idle<R: Runtime>(sockets: &Sockets, peer: &Peer, state: &str) -> TcpStream {
    let connection = connect::<R>(sockets, peer.address(), state).await;
    let end = peer.accept();
    connection.set_state(state.into());
    connection.set_idle();
    drop(connection);
    end
}
