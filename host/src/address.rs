//! Where a guest wants to go, and whether it may.

use std::fmt;
use std::path::Path;

use crate::error::Error;

/// An address that a guest asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A TCP connection that carries bytes as they are.
    Tcp {
        /// A name, an IPv4 or an IPv6 address without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// TLS within a TCP connection.
    Tls {
        /// A name, an IPv4 or an IPv6 address without brackets. The certificate has to be valid for it.
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

/// The addresses that a guest may reach: those that at least one rule allows.
#[derive(Default)]
pub(crate) struct Rules(Vec<Rule>);

impl Rules {
    pub(crate) fn allow(&mut self, rule: impl Fn(&Address) -> bool + Send + Sync + 'static) {
        self.0.push(Box::new(rule));
    }

    pub(crate) fn allow_tcp(&mut self, allowed_host: String, allowed_port: u16) {
        self.allow(move |address| {
            matches!(address, Address::Tcp { host, port }
                if host.eq_ignore_ascii_case(&allowed_host) && *port == allowed_port)
        });
    }

    pub(crate) fn allow_unix(&mut self, allowed: &Path) {
        let allowed = allowed.as_os_str().to_owned();
        self.allow(move |address| matches!(address, Address::Unix { path } if allowed == path.as_str()));
    }

    pub(crate) fn check(&self, address: &Address) -> Result<(), Error> {
        if self.0.iter().any(|rule| rule(address)) {
            Ok(())
        } else {
            Err(Error::Denied(format!("{address} is not among the addresses that this application may reach")))
        }
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
    fn a_unix_rule_allows_its_very_path() {
        let mut rules = Rules::default();
        rules.allow_unix(Path::new("/run/redis.sock"));
        let unix = |path: &str| Address::Unix { path: path.into() };
        assert!(rules.check(&unix("/run/redis.sock")).is_ok());
        assert!(rules.check(&unix("/run/../run/redis.sock")).is_err());
    }

    #[test]
    fn one_rule_that_agrees_is_enough() {
        let mut rules = Rules::default();
        rules.allow(|_| false);
        rules.allow(|address| matches!(address, Address::Tls { .. }));
        assert!(rules.check(&Address::Tls { host: "redis".into(), port: 6380 }).is_ok());
        assert!(rules.check(&tcp("redis", 6380)).is_err());
    }
}
