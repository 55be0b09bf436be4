//! Converts addresses between Rust's types and WASI's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::bindings::wasi::sockets::network::{
    IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};

/// Parses an IP address. Returns `None` for a name. An IPv4 address mapped into IPv6 becomes IPv4, because WASI does
/// not connect to the mapped form.
pub(crate) fn parse(host: &str) -> Option<IpAddr> {
    host.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

pub(crate) fn from_wasi(address: IpAddress) -> IpAddr {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(a, b, c, d).into(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => Ipv6Addr::new(a, b, c, d, e, f, g, h).into(),
    }
}

pub(crate) fn family(address: IpAddr) -> IpAddressFamily {
    match address {
        IpAddr::V4(_) => IpAddressFamily::Ipv4,
        IpAddr::V6(_) => IpAddressFamily::Ipv6,
    }
}

pub(crate) fn with_port(address: IpAddr, port: u16) -> IpSocketAddress {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) })
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.segments();
            let address = (a, b, c, d, e, f, g, h);
            IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info: 0, address, scope_id: 0 })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{IpAddress, IpSocketAddress, from_wasi, parse, with_port};

    #[test]
    fn names_are_not_addresses() {
        for address in ["127.0.0.1", "::1", "2001:db8::7:0"] {
            assert_eq!(parse(address).map(|parsed| parsed.to_string()).as_deref(), Some(address));
        }
        for name in ["localhost", "redis.example", "127.1", "127.0.0.1.", "[::1]", "", "fe80::1%eth0"] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_mapped_ipv4_address_becomes_ipv4() {
        assert_eq!(parse("::ffff:10.1.2.3"), parse("10.1.2.3"));
    }

    #[test]
    fn every_part_keeps_its_place() {
        let v4 = parse("1.2.3.4").unwrap();
        let IpSocketAddress::Ipv4(address) = with_port(v4, 6379) else { panic!("IPv4") };
        assert_eq!((address.port, from_wasi(IpAddress::Ipv4(address.address))), (6379, v4));

        let v6 = parse("1:2:3:4:5:6:7:8").unwrap();
        let IpSocketAddress::Ipv6(address) = with_port(v6, 6380) else { panic!("IPv6") };
        assert_eq!((address.port, from_wasi(IpAddress::Ipv6(address.address))), (6380, v6));
    }
}
