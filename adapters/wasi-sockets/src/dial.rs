//! Opens connections: resolves the name and tries its addresses in turn, within one time limit.

use std::net::IpAddr;

use crate::address;
use crate::bindings::exports::drsession::session::socket::Error;
use crate::bindings::wasi::io::streams::{InputStream, OutputStream};
use crate::bindings::wasi::sockets::instance_network::instance_network;
use crate::bindings::wasi::sockets::ip_name_lookup::resolve_addresses;
use crate::bindings::wasi::sockets::network::{ErrorCode, Network};
use crate::bindings::wasi::sockets::tcp::TcpSocket;
use crate::bindings::wasi::sockets::tcp_create_socket::create_tcp_socket;
use crate::deadline::Deadline;
use crate::error;

/// An open TCP connection. WASI requires the fields to be dropped in this order.
pub(crate) struct Stream {
    pub(crate) input: InputStream,
    pub(crate) output: OutputStream,
    _socket: TcpSocket,
}

pub(crate) fn dial(host: &str, port: u16, deadline: Deadline) -> Result<Stream, Error> {
    let network = instance_network();
    let addresses = match address::parse(host) {
        Some(address) => vec![address],
        None => look_up(&network, host, deadline)?,
    };
    first_that_answers(
        &addresses,
        |untried| deadline.share(untried),
        |address, deadline| connect(&network, address, port, deadline),
    )
}

fn look_up(network: &Network, host: &str, deadline: Deadline) -> Result<Vec<IpAddr>, Error> {
    let failure = |code| error::looking_up(host, code);
    let stream = resolve_addresses(network, host).map_err(failure)?;
    let ready = stream.subscribe();
    let mut addresses = Vec::new();
    loop {
        let next = deadline.attempt(&ready, || pending(stream.resolve_next_address(), failure))?;
        match next {
            Some(address) => addresses.push(address::from_wasi(address)),
            None if addresses.is_empty() => return Err(Error::NameNotFound(host.to_owned())),
            None => return Ok(addresses),
        }
    }
}

/// Tries the addresses in turn. Each gets an equal share of the time left, so that one that never answers leaves time
/// for the next. `share` returns `None` once no time is left.
fn first_that_answers<S, D>(
    addresses: &[IpAddr],
    share: impl Fn(usize) -> Option<D>,
    mut connect: impl FnMut(IpAddr, D) -> Result<S, Error>,
) -> Result<S, Error> {
    let mut failure = Error::Unreachable;
    for (tried, address) in addresses.iter().enumerate() {
        let Some(deadline) = share(addresses.len() - tried) else {
            return Err(Error::TimedOut);
        };
        match connect(*address, deadline) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn connect(network: &Network, address: IpAddr, port: u16, deadline: Deadline) -> Result<Stream, Error> {
    let socket = create_tcp_socket(address::family(address)).map_err(error::connecting)?;
    socket.start_connect(network, address::with_port(address, port)).map_err(error::connecting)?;
    let ready = socket.subscribe();
    let (input, output) = deadline.attempt(&ready, || pending(socket.finish_connect(), error::connecting))?;
    drop(ready);
    Ok(Stream { input, output, _socket: socket })
}

/// Turns `would-block` into `None`.
fn pending<T>(result: Result<T, ErrorCode>, failure: impl Fn(ErrorCode) -> Error) -> Result<Option<T>, Error> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(ErrorCode::WouldBlock) => Ok(None),
        Err(code) => Err(failure(code)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Error, first_that_answers};

    const ADDRESSES: [IpAddr; 3] = [
        IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
        IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 3)),
    ];

    #[test]
    fn the_first_that_answers_is_taken_and_the_untried_share_the_time_left() {
        let mut tried = Vec::new();
        let taken = first_that_answers(&ADDRESSES, Some, |address, share| {
            tried.push((address, share));
            if address.is_ipv6() { Ok(address) } else { Err(Error::Refused) }
        });
        assert_eq!(taken.unwrap(), ADDRESSES[1]);
        assert_eq!(tried, [(ADDRESSES[0], 3), (ADDRESSES[1], 2)]);
    }

    #[test]
    fn if_none_answers_the_last_failure_is_returned() {
        let mut failures = [Error::TimedOut, Error::Unreachable, Error::Refused].into_iter();
        let result = first_that_answers(&ADDRESSES, Some, |_, _| Err::<(), _>(failures.next().unwrap()));
        assert!(matches!(result, Err(Error::Refused)));
    }

    #[test]
    fn nothing_is_tried_after_the_time_limit() {
        let mut tried = 0;
        let share = |untried| (untried == 3).then_some(());
        let result = first_that_answers(&ADDRESSES, share, |_, ()| {
            tried += 1;
            Err::<(), _>(Error::Refused)
        });
        assert!(matches!(result, Err(Error::TimedOut)));
        assert_eq!(tried, 1);
    }
}
