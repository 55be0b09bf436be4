//! A port where nobody is.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of 127.0.0.1 that nobody listens on, and that nobody else gets as long as this lives: who connects is refused.
#[derive(Debug)]
pub struct DeadPort(TcpSocket);

impl DeadPort {
    /// Takes a free one.
    pub fn bind() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        Self(socket)
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("its own address")
    }
}
