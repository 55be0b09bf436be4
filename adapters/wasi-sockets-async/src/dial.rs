//! Opens connections: resolves the name and tries its addresses in turn, within one time limit.

use std::net::IpAddr;

use crate::address;
use crate::bindings::exports::drsession::session::socket_async::Error;
use crate::bindings::wasi::sockets::ip_name_lookup::resolve_addresses;
use crate::bindings::wasi::sockets::types::TcpSocket;
use crate::deadline::Deadline;
use crate::error;

pub(crate) async fn dial(host: &str, port: u16, deadline: Deadline) -> Result<TcpSocket, Error> {
    let addresses = match address::parse(host) {
        Some(address) => vec![address],
        None => deadline.limit(look_up(host)).await?,
    };
    first_that_answers(
        &addresses,
        |untried| deadline.share(untried),
        async |address, deadline: Deadline| deadline.limit(connect(address, port)).await,
    )
    .await
}

async fn look_up(host: &str) -> Result<Vec<IpAddr>, Error> {
    let addresses = resolve_addresses(host.to_owned()).await.map_err(|code| error::looking_up(host, code))?;
    match addresses.is_empty() {
        true => Err(Error::NameNotFound(host.to_owned())),
        false => Ok(addresses.into_iter().map(address::from_wasi).collect()),
    }
}

/// Tries the addresses in turn. Each gets an equal share of the time left, so that one that never answers leaves time
/// for the next. `share` returns `None` once no time is left.
async fn first_that_answers<S, D>(
    addresses: &[IpAddr],
    share: impl Fn(usize) -> Option<D>,
    mut connect: impl AsyncFnMut(IpAddr, D) -> Result<S, Error>,
) -> Result<S, Error> {
    let mut failure = Error::Unreachable;
    for (tried, address) in addresses.iter().enumerate() {
        let Some(deadline) = share(addresses.len() - tried) else {
            return Err(Error::TimedOut);
        };
        match connect(*address, deadline).await {
            Ok(socket) => return Ok(socket),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn connect(address: IpAddr, port: u16) -> Result<TcpSocket, Error> {
    let socket = TcpSocket::create(address::family(address)).map_err(error::connecting)?;
    socket.connect(address::with_port(address, port)).await.map_err(error::connecting)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::{Error, first_that_answers};

    const ADDRESSES: [IpAddr; 3] = [
        IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
        IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 3)),
    ];

    /// Tries each address, none of which has to be waited for.
    fn try_all<S>(
        share: impl Fn(usize) -> Option<usize>,
        mut connect: impl FnMut(IpAddr, usize) -> Result<S, Error>,
    ) -> Result<S, Error> {
        let trying = pin!(first_that_answers(&ADDRESSES, share, async |address, share| connect(address, share)));
        match trying.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => unreachable!("there is nothing to wait for"),
        }
    }

    #[test]
    fn the_first_that_answers_is_taken_and_the_untried_share_the_time_left() {
        let mut tried = Vec::new();
        let taken = try_all(Some, |address, share| {
            tried.push((address, share));
            if address.is_ipv6() { Ok(address) } else { Err(Error::Refused) }
        });
        assert_eq!(taken.unwrap(), ADDRESSES[1]);
        assert_eq!(tried, [(ADDRESSES[0], 3), (ADDRESSES[1], 2)]);
    }

    #[test]
    fn if_none_answers_the_last_failure_is_returned() {
        let mut failures = [Error::TimedOut, Error::Unreachable, Error::Refused].into_iter();
        let result = try_all(Some, |_, _| Err::<(), _>(failures.next().unwrap()));
        assert!(matches!(result, Err(Error::Refused)));
    }

    #[test]
    fn nothing_is_tried_after_the_time_limit() {
        let mut tried = 0;
        let share = |untried| (untried == 3).then_some(untried);
        let result = try_all(share, |_, _| {
            tried += 1;
            Err::<(), _>(Error::Refused)
        });
        assert!(matches!(result, Err(Error::TimedOut)));
        assert_eq!(tried, 1);
    }
}
