//! The Redis URL: addresses, credentials, database and protocol.

use super::host::Address;
use crate::{
    error::Error,
    text::{concat, parse_int},
};

/// How many servers there are, and how to find the one that owns a key.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub enum Topology {
    /// One server, at this address.
    Single(Address),
    /// The primary of this name, which the sentinels at these addresses know.
    Sentinel(Vec<Address>, String),
    /// A Redis Cluster, of which these nodes are known.
    Cluster(Vec<Address>),
}

/// A parsed Redis URL.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    /// The servers.
    pub topology: Topology,
    /// The ACL user. `None`: the user `default`, or no password is needed.
    pub user: Option<Vec<u8>>,
    /// The password.
    pub password: Option<Vec<u8>>,
    /// The database to select.
    pub database: u32,
    /// Whether to use RESP3.
    pub resp3: bool,
}

/// Redis's default port.
const DEFAULT_PORT: u16 = 6379;

impl RedisUrl {
    /// Parses a URL. An error never repeats a part of the URL, because that may be secret.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let (scheme, rest) = url
            .split_once(':')
            .and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("//")?)))
            .ok_or_else(|| invalid("missing scheme (redis://, rediss:// or redis+unix://)"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if rest.contains('#') || query.contains('#') {
            return Err(invalid("unexpected # (write %23 for a # in a password)"));
        }
        let parameters = Parameters::parse(query)?;
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, rest),
        };
        let (user, password) = credentials.map_or(Ok((None, None)), parse_credentials)?;
        let (addresses, database) = match scheme {
            "redis" | "rediss" => parse_hosts(scheme, place)?,
            "redis+unix" | "unix" if place.starts_with('/') && place.len() > 1 => {
                (vec![Address::Unix(text(place, "socket path")?)], None)
            }
            "redis+unix" | "unix" => {
                return Err(invalid("missing path (redis+unix:// needs the socket's absolute path)"));
            }
            _ => return Err(invalid("unknown scheme (use redis://, rediss:// or redis+unix://)")),
        };
        if database.is_some() && parameters.database.is_some() {
            return Err(invalid("the database is given twice"));
        }
        let database = database.or(parameters.database).unwrap_or(0);
        if parameters.cluster && database != 0 {
            return Err(invalid("a cluster has only database 0"));
        }
        let resp3 = parameters.resp3;
        Ok(RedisUrl { topology: parameters.topology(addresses)?, user, password, database, resp3 })
    }
}

fn invalid(what: &str) -> Error {
    Error::InvalidArgument(concat(&["invalid Redis URL: ", what]))
}

#[derive(Default)]
struct Parameters {
    resp3: bool,
    database: Option<u32>,
    cluster: bool,
    sentinel: Option<String>,
}

impl Parameters {
    fn parse(query: &str) -> Result<Self, Error> {
        let mut parameters = Self::default();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("protocol", "2")) => parameters.resp3 = false,
                Some(("protocol", "3")) => parameters.resp3 = true,
                Some(("protocol", _)) => return Err(invalid("protocol must be 2 or 3")),
                Some(("db", digits)) => parameters.database = Some(parse_database(digits)?),
                Some(("cluster", "true")) => parameters.cluster = true,
                Some(("cluster", "false")) => parameters.cluster = false,
                Some(("cluster", _)) => return Err(invalid("cluster must be true or false")),
                Some(("sentinel", "")) => return Err(invalid("sentinel needs the name of the primary")),
                Some(("sentinel", name)) => parameters.sentinel = Some(text(name, "sentinel")?),
                _ => return Err(invalid("unknown parameter (known: protocol, db, cluster, sentinel)")),
            }
        }
        Ok(parameters)
    }

    fn topology(self, mut addresses: Vec<Address>) -> Result<Topology, Error> {
        let is_unix = |address: &Address| matches!(address, Address::Unix(_));
        match (self.cluster, self.sentinel) {
            (true, Some(_)) => Err(invalid("cluster and sentinel exclude each other")),
            (true, None) | (false, Some(_)) if addresses.iter().any(is_unix) => {
                Err(invalid("cluster and sentinel need hosts, not a socket path"))
            }
            (true, None) => Ok(Topology::Cluster(addresses)),
            (false, Some(name)) => Ok(Topology::Sentinel(addresses, name)),
            (false, None) if addresses.len() > 1 => Err(invalid("several hosts need cluster=true or sentinel=NAME")),
            (false, None) => addresses.pop().map(Topology::Single).ok_or_else(|| invalid("missing or invalid host")),
        }
    }
}

type Credentials = (Option<Vec<u8>>, Option<Vec<u8>>);

fn parse_credentials(text: &str) -> Result<Credentials, Error> {
    let Some((user, password)) = text.split_once(':') else {
        return Err(invalid("a user needs a password (user:password@)"));
    };
    if password.is_empty() {
        return Err(invalid("the password is empty"));
    }
    let user = Some(decode(user)?).filter(|user| !user.is_empty());
    Ok((user, Some(decode(password)?)))
}

fn parse_hosts(scheme: &str, place: &str) -> Result<(Vec<Address>, Option<u32>), Error> {
    let (hosts, database) = match place.split_once('/') {
        Some((hosts, "")) => (hosts, None),
        Some((hosts, digits)) => (hosts, Some(parse_database(digits)?)),
        None => (place, None),
    };
    let mut addresses = Vec::new();
    for host in hosts.split(',') {
        let (host, port) = parse_host(host)?;
        addresses.push(if scheme == "rediss" { Address::Tls(host, port) } else { Address::Tcp(host, port) });
    }
    Ok((addresses, database))
}

fn parse_host(text: &str) -> Result<(String, u16), Error> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, port)) => {
                (host, Some(port.strip_prefix(':').ok_or_else(|| invalid("unexpected text after ]"))?))
            }
            None => return Err(invalid("missing ] after an IPv6 address")),
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_host) {
        return Err(invalid("missing or invalid host"));
    }
    let port = match port {
        None => DEFAULT_PORT,
        Some(digits) => number(digits)
            .and_then(|port| u16::try_from(port).ok())
            .filter(|port| *port != 0)
            .ok_or_else(|| invalid("invalid port (write IPv6 addresses as [::1]:6379)"))?,
    };
    Ok((host.into(), port))
}

fn parse_database(digits: &str) -> Result<u32, Error> {
    number(digits).ok_or_else(|| invalid("the database must be a number"))
}

fn number(digits: &str) -> Option<u32> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| parse_int(digits.as_bytes()))?
}

fn text(encoded: &str, what: &str) -> Result<String, Error> {
    String::from_utf8(decode(encoded)?).map_err(|_| invalid(&concat(&["the ", what, " must be UTF-8"])))
}

/// Percent-decoding (RFC 3986, section 2.1).
fn decode(encoded: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = encoded.bytes();
    let mut decoded = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        match (digit(), digit()) {
            (Some(high), Some(low)) => decoded.push((high * 16 + low) as u8),
            _ => return Err(invalid("% must be followed by two hexadecimal digits (write %25 for a %)")),
        }
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> RedisUrl {
        RedisUrl::parse(url).unwrap_or_else(|error| panic!("{url}: {error:?}"))
    }

    fn tcp(host: &str, port: u16) -> Topology {
        Topology::Single(Address::Tcp(host.into(), port))
    }

    #[test]
    fn addresses() {
        assert_eq!(parse("redis://localhost").topology, tcp("localhost", 6379));
        assert_eq!(parse("redis://10.0.0.1:7000/").topology, tcp("10.0.0.1", 7000));
        assert_eq!(parse("redis://[::1]").topology, tcp("::1", 6379));
        assert_eq!(parse("redis://[fe80::1%eth0]:1").topology, tcp("fe80::1%eth0", 1));
        let unix = parse("redis+unix:///run/my%20redis.sock?db=3");
        assert_eq!(unix.topology, Topology::Single(Address::Unix("/run/my redis.sock".into())));
        assert_eq!(unix.database, 3);
    }

    #[test]
    fn credentials_database_and_protocol() {
        let server = parse("redis://me%3A:p%40s@s@localhost/15?protocol=3");
        assert_eq!(server.user.as_deref(), Some(&b"me:"[..]));
        assert_eq!(server.password.as_deref(), Some(&b"p@s@s"[..]));
        assert_eq!((server.database, server.resp3), (15, true));
        let server = parse("redis://:secret@localhost");
        assert_eq!((server.user, server.password), (None, Some(b"secret".to_vec())));
    }

    #[test]
    fn a_malformed_url_is_refused_and_not_repeated() {
        for url in [
            "",
            "localhost",
            "http://localhost",
            "redis://",
            "redis://:0",
            "redis://h:0",
            "redis://h:65536",
            "redis://h:+1",
            "redis://::1",
            "redis://[::1",
            "redis://[::1]x",
            "redis://h/x",
            "redis://h/-1",
            "redis://hunter2@h",
            "redis://u:@h",
            "redis://u:%zz@h",
            "redis://u:%4@h",
            "redis://h?protocol=4",
            "redis://h?timeout=5",
            "redis://h?db",
            "redis://h/1?db=1",
            "redis://a,b",
            "redis+unix://tmp/x",
            "redis+unix:///",
            "redis://h#hunter2",
            "redis://ho st",
            "redis://h/99999999999",
            "redis://a,,b?cluster=true",
            "redis://a/1?cluster=true",
            "redis://a?cluster=yes",
            "redis://a?sentinel=",
            "redis://a?cluster=true&sentinel=b",
            "redis+unix:///a?cluster=true",
            "redis+unix:///a?sentinel=b",
        ] {
            match RedisUrl::parse(url) {
                Err(Error::InvalidArgument(why)) => assert!(!why.contains("hunter2"), "{why}"),
                _ => panic!("{url} is accepted"),
            }
        }
    }

    #[test]
    fn several_hosts_are_a_cluster_or_sentinels() {
        let hosts = |tls: bool| {
            let address = |(host, port): (&str, u16)| match tls {
                true => Address::Tls(host.into(), port),
                false => Address::Tcp(host.into(), port),
            };
            [("a", 1), ("::1", 2), ("c", 6379)].map(address).to_vec()
        };
        assert_eq!(parse("redis://a:1,[::1]:2,c?cluster=true").topology, Topology::Cluster(hosts(false)));
        assert_eq!(parse("rediss://u:p@a:1,[::1]:2,c/0?cluster=true").topology, Topology::Cluster(hosts(true)));
        let sentinels = Topology::Sentinel(hosts(false), "my main".into());
        assert_eq!(parse("redis://a:1,[::1]:2,c/3?sentinel=my%20main").topology, sentinels);
        assert_eq!(parse("redis://a?cluster=false").topology, tcp("a", 6379));
        assert_eq!(parse("rediss://a").topology, Topology::Single(Address::Tls("a".into(), 6379)));
    }
}
