//! Makes a new connection. One time limit covers the lookup, the connect and the TLS handshake.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use crate::address::Address;
use crate::error::Error;
use crate::runtime::{Deadline, Runtime};
use crate::sockets::ConnectionPermit;
use crate::tls::handshake;
use crate::transport::Transport;

/// Connects to the address. The permit stays taken while any work for it is under way, even past the deadline.
pub(crate) async fn dial<R: Runtime>(
    address: &Address,
    deadline: Deadline,
    permit: &Arc<ConnectionPermit>,
) -> Result<Transport<R::Stream>, Error> {
    match address {
        Address::Tcp { host, port } => tcp::<R>(host, *port, deadline, permit).await.map(Transport::plain),
        Address::Tls { host, port } => {
            let tls = permit.tls()?;
            let socket = tcp::<R>(host, *port, deadline, permit).await?;
            handshake::<R>(tls, host, socket, deadline).await
        }
        Address::Unix { path } => unix::<R>(path, deadline, permit).await.map(Transport::plain),
    }
}

async fn tcp<R: Runtime>(
    host: &str,
    port: u16,
    deadline: Deadline,
    permit: &Arc<ConnectionPermit>,
) -> Result<R::Stream, Error> {
    let addresses = look_up::<R>(host, port, deadline, permit).await?;
    let stream = first_that_answers::<R>(&addresses, deadline).await?;
    // A request waits for its answer, so delaying it to fill a packet gains nothing.
    rustix::net::sockopt::set_tcp_nodelay(&stream, true).map_err(io::Error::from)?;
    Ok(stream)
}

async fn look_up<R: Runtime>(
    host: &str,
    port: u16,
    deadline: Deadline,
    permit: &Arc<ConnectionPermit>,
) -> Result<Vec<SocketAddr>, Error> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return permit.rules().reachable(host, vec![SocketAddr::new(ip, port)]);
    }
    let name = host.to_owned();
    let permit_of_lookup = Arc::clone(permit);
    let found = R::on_thread(deadline, move || {
        let found = (name, port).to_socket_addrs().map(Vec::from_iter);
        drop(permit_of_lookup);
        found
    })
    .await?;
    match found {
        Ok(addresses) if !addresses.is_empty() => permit.rules().reachable(host, addresses),
        // The standard library does not distinguish a name without addresses from a failing resolver.
        _ => Err(Error::NameNotFound(host.to_owned())),
    }
}

/// Tries the addresses in turn. Each gets an equal share of the time left, so that one that never answers leaves time
/// for the next.
async fn first_that_answers<R: Runtime>(addresses: &[SocketAddr], deadline: Deadline) -> Result<R::Stream, Error> {
    let mut failure = Error::Unreachable;
    for (tried, address) in addresses.iter().enumerate() {
        let untried = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = deadline.left() / untried;
        if share.is_zero() {
            return Err(Error::TimedOut);
        }
        match R::connect(*address, Deadline::after(share)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error.into(),
        }
    }
    Err(failure)
}

#[cfg(unix)]
async fn unix<R: Runtime>(path: &str, deadline: Deadline, permit: &Arc<ConnectionPermit>) -> Result<R::Stream, Error> {
    let path = path.to_owned();
    let permit = Arc::clone(permit);
    // Blocks while the server's queue of connections is full.
    let stream = R::on_thread(deadline, move || {
        let stream = unix_stream(&path, deadline);
        drop(permit);
        stream
    })
    .await??;
    Ok(R::register(stream.into())?)
}

#[cfg(unix)]
fn unix_stream(path: &str, deadline: Deadline) -> io::Result<std::os::unix::net::UnixStream> {
    use socket2::{Domain, SockAddr, Socket, Type};

    let left = deadline.left();
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // This limit also applies to connecting.
    socket.set_write_timeout(Some(left))?;
    socket.connect(&SockAddr::unix(path)?)?;
    socket.set_nonblocking(true)?;
    Ok(std::os::fd::OwnedFd::from(socket).into())
}

#[cfg(not(unix))]
async fn unix<R: Runtime>(_: &str, _: Deadline, _: &Arc<ConnectionPermit>) -> Result<R::Stream, Error> {
    Err(Error::Unsupported("this operating system has no Unix sockets: use a TCP address (redis://host:port)".into()))
}

#[cfg(test)]
mod tests;
