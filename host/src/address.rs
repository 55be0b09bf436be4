//! Addresses that guests ask for, and the rules that allow them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::error::Error;

/// An address that a guest asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// Plain TCP.
    Tcp {
        /// A name, an IPv4 or an IPv6 address without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// TLS over TCP.
    Tls {
        /// A name, an IPv4 or an IPv6 address without brackets. The server's certificate must be valid for it.
        host: String,
        /// The port.
        port: u16,
    },
    /// A Unix socket.
    Unix {
        /// Its path.
        path: String,
    },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "tcp {host} port {port}"),
            Self::Tls { host, port } => write!(f, "tls {host} port {port}"),
            Self::Unix { path } => write!(f, "unix {path}"),
        }
    }
}

type Rule = Box<dyn Fn(&Address) -> bool + Send + Sync>;

type IpRule = Box<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// The addresses that a guest may reach.
///
/// At least one rule must allow the address, and every restriction must allow the IP address that it resolves to.
#[derive(Default)]
pub(crate) struct Rules {
    allowed: Vec<Rule>,
    restrictions: Vec<IpRule>,
}

impl Rules {
    pub(crate) fn allow(&mut self, rule: impl Fn(&Address) -> bool + Send + Sync + 'static) {
        self.allowed.push(Box::new(rule));
    }

    pub(crate) fn restrict(&mut self, restriction: impl Fn(IpAddr) -> bool + Send + Sync + 'static) {
        self.restrictions.push(Box::new(restriction));
    }

    pub(crate) fn allow_tcp(&mut self, allowed_host: String, allowed_port: u16) {
        self.allow(move |address| {
            matches!(address, Address::Tcp { host, port }
                if host.eq_ignore_ascii_case(&allowed_host) && *port == allowed_port)
        });
    }

    pub(crate) fn allow_tls(&mut self, allowed_host: String, allowed_port: u16) {
        self.allow(move |address| {
            matches!(address, Address::Tls { host, port }
                if host.eq_ignore_ascii_case(&allowed_host) && *port == allowed_port)
        });
    }

    pub(crate) fn allow_unix(&mut self, allowed: &Path) {
        let allowed = allowed.as_os_str().to_owned();
        self.allow(move |address| matches!(address, Address::Unix { path } if allowed == path.as_str()));
    }

    pub(crate) fn check(&self, address: &Address) -> Result<(), Error> {
        if self.allowed.iter().any(|rule| rule(address)) {
            Ok(())
        } else {
            Err(Error::Denied(format!("{address} is not allowed: add it to the host's `SocketsBuilder`")))
        }
    }

    /// Returns those of a host's addresses that every restriction allows.
    pub(crate) fn reachable(&self, host: &str, mut addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Error> {
        addresses.retain(|address| {
            let ip = destination(address.ip());
            self.restrictions.iter().all(|restriction| restriction(ip))
        });
        if addresses.is_empty() {
            return Err(Error::Denied(format!("{host} has no address that `SocketsBuilder::restrict_ips` allows")));
        }
        Ok(addresses)
    }
}

/// The IP address that a connection reaches: operating systems connect the unspecified address to the loopback address.
fn destination(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp { host: host.into(), port }
    }

    #[test]
    fn without_rules_nothing_is_allowed() {
        assert!(matches!(Rules::default().check(&tcp("redis", 6379)), Err(Error::Denied(_))));
    }

    #[test]
    fn a_tcp_rule_allows_its_host_in_any_case_on_its_port_only() {
        let mut rules = Rules::default();
        rules.allow_tcp("Redis.example".into(), 6379);
        assert!(rules.check(&tcp("redis.EXAMPLE", 6379)).is_ok());
        assert!(rules.check(&tcp("redis.example", 6380)).is_err());
        assert!(rules.check(&tcp("redis.example.", 6379)).is_err());
        assert!(rules.check(&Address::Tls { host: "redis.example".into(), port: 6379 }).is_err());
    }

    #[test]
    fn a_tls_rule_allows_no_plain_tcp() {
        let mut rules = Rules::default();
        rules.allow_tls("Redis.example".into(), 6379);
        let tls = |host: &str, port| Address::Tls { host: host.into(), port };
        assert!(rules.check(&tls("redis.EXAMPLE", 6379)).is_ok());
        assert!(rules.check(&tls("redis.example", 6380)).is_err());
        assert!(rules.check(&tls("other.example", 6379)).is_err());
        assert!(rules.check(&tcp("redis.example", 6379)).is_err());
    }

    #[test]
    fn a_unix_rule_allows_exactly_its_path() {
        let mut rules = Rules::default();
        rules.allow_unix(Path::new("/run/redis.sock"));
        let unix = |path: &str| Address::Unix { path: path.into() };
        assert!(rules.check(&unix("/run/redis.sock")).is_ok());
        assert!(rules.check(&unix("/run/../run/redis.sock")).is_err());
    }

    #[test]
    fn every_restriction_must_allow_what_a_host_resolves_to() {
        let mut rules = Rules::default();
        rules.restrict(|ip| !ip.is_loopback());
        rules.restrict(|ip| ip.is_ipv4());
        let lead_elsewhere = ["10.0.0.1:1", "[::ffff:10.0.0.2]:1"].map(|address| address.parse().expect("an address"));
        let restricted =
            ["127.0.0.1:1", "[::ffff:127.0.0.1]:1", "[2001:db8::1]:1", "0.0.0.0:1", "[::ffff:0.0.0.0]:1", "[::]:1"];
        let restricted = restricted.map(|address| address.parse().expect("an address"));
        let all = [&restricted[..], &lead_elsewhere].concat();
        assert_eq!(rules.reachable("redis", all), Ok(lead_elsewhere.to_vec()));
        let denied = rules.reachable("redis", restricted.to_vec());
        assert!(matches!(&denied, Err(Error::Denied(why)) if why.starts_with("redis has no address")), "{denied:?}");
    }

    #[test]
    fn one_matching_rule_is_enough() {
        let mut rules = Rules::default();
        rules.allow(|_| false);
        rules.allow(|address| matches!(address, Address::Tls { .. }));
        assert!(rules.check(&Address::Tls { host: "redis".into(), port: 6380 }).is_ok());
        assert!(rules.check(&tcp("redis", 6380)).is_err());
    }
}
