//! Making a new connection, within one time limit for all that belongs to it.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use crate::address::Address;
use crate::error::Error;
use crate::runtime::{Deadline, Runtime};
use crate::sockets::Slot;
use crate::tls::handshake;
use crate::transport::Transport;

/// Connects to the address. The slot stays taken as long as anything is under way for it, be it after the deadline.
pub(crate) async fn dial<R: Runtime>(
    address: &Address,
    deadline: Deadline,
    slot: &Arc<Slot>,
) -> Result<Transport<R::Stream>, Error> {
    match address {
        Address::Tcp { host, port } => tcp::<R>(host, *port, deadline, slot).await.map(Transport::plain),
        Address::Tls { host, port } => {
            let tls = slot.tls()?;
            let socket = tcp::<R>(host, *port, deadline, slot).await?;
            handshake::<R>(tls, host, socket, deadline).await
        }
        Address::Unix { path } => unix::<R>(path, deadline, slot).await.map(Transport::plain),
    }
}

async fn tcp<R: Runtime>(host: &str, port: u16, deadline: Deadline, slot: &Arc<Slot>) -> Result<R::Stream, Error> {
    let addresses = look_up::<R>(host, port, deadline, slot).await?;
    let stream = first_that_answers::<R>(&addresses, deadline).await?;
    // A request waits for its answer: nothing is gained by holding it back to fill a packet.
    rustix::net::sockopt::set_tcp_nodelay(&stream, true).map_err(io::Error::from)?;
    Ok(stream)
}

async fn look_up<R: Runtime>(
    host: &str,
    port: u16,
    deadline: Deadline,
    slot: &Arc<Slot>,
) -> Result<Vec<SocketAddr>, Error> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return slot.rules().reachable(host, vec![SocketAddr::new(ip, port)]);
    }
    let name = host.to_owned();
    let taken = Arc::clone(slot);
    let found = R::on_thread(deadline, move || {
        let found = (name, port).to_socket_addrs().map(Vec::from_iter);
        drop(taken);
        found
    })
    .await?;
    match found {
        Ok(addresses) if !addresses.is_empty() => slot.rules().reachable(host, addresses),
        // The standard library does not tell a name without addresses from a resolver in trouble.
        _ => Err(Error::NameNotFound(host.to_owned())),
    }
}

/// Tries every address in turn. Each gets its share of the time, so that one that never answers leaves some for the next.
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
async fn unix<R: Runtime>(path: &str, deadline: Deadline, slot: &Arc<Slot>) -> Result<R::Stream, Error> {
    let path = path.to_owned();
    let slot = Arc::clone(slot);
    // A connect to a Unix socket is done at once, or it waits for room in the peer's queue.
    let stream = R::on_thread(deadline, move || {
        let stream = unix_stream(&path, deadline);
        drop(slot);
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
    // The limit on sending is the limit on connecting, too.
    socket.set_write_timeout(Some(left))?;
    socket.connect(&SockAddr::unix(path)?)?;
    socket.set_nonblocking(true)?;
    Ok(std::os::fd::OwnedFd::from(socket).into())
}

#[cfg(not(unix))]
async fn unix<R: Runtime>(_: &str, _: Deadline, _: &Arc<Slot>) -> Result<R::Stream, Error> {
    Err(Error::Unsupported("this host has no Unix sockets: use an address of the form tcp".into()))
}

#[cfg(test)]
mod tests;
