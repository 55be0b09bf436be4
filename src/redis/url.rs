//! The URL that says where Redis is and who we are there.

use super::host::Address;
use crate::{decimal::whole, error::Error, joined::joined};

/// Where Redis is.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub enum Place {
    /// At this address.
    At(Address),
    /// At the primary of this name, as the sentinels at these addresses know it.
    Sentinels(Vec<Address>, String),
    /// In a cluster, of which these nodes are known.
    Cluster(Vec<Address>),
}

/// What a URL says.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Where Redis is.
    pub place: Place,
    /// The ACL user; none for `default`, or where there is no password.
    pub user: Option<Vec<u8>>,
    /// The password.
    pub password: Option<Vec<u8>>,
    /// The database to select.
    pub database: u32,
    /// Whether to speak RESP3.
    pub resp3: bool,
}

/// The port that Redis listens at unless told otherwise.
const DEFAULT_PORT: u16 = 6379;

impl Server {
    /// Reads a URL. Its parts never appear in an error: they may be secret.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let (scheme, rest) = url
            .split_once(':')
            .and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("//")?)))
            .ok_or_else(|| invalid("needs a scheme, such as redis://"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if rest.contains('#') || query.contains('#') {
            return Err(invalid("takes no fragment; a # in a password is written %23"));
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
            "redis+unix" | "unix" => return Err(invalid("needs the socket's absolute path")),
            _ => return Err(invalid("has another scheme than redis, rediss or redis+unix")),
        };
        if database.is_some() && parameters.database.is_some() {
            return Err(invalid("names the database twice"));
        }
        let database = database.or(parameters.database).unwrap_or(0);
        if parameters.cluster && database != 0 {
            return Err(invalid("names a database, and a cluster has but one"));
        }
        let resp3 = parameters.resp3;
        Ok(Server { place: parameters.place(addresses)?, user, password, database, resp3 })
    }
}

fn invalid(what: &str) -> Error {
    Error::InvalidArgument(joined(&["the URL ", what]))
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
                Some(("protocol", _)) => return Err(invalid("has a protocol other than 2 and 3")),
                Some(("db", digits)) => parameters.database = Some(parse_database(digits)?),
                Some(("cluster", "true")) => parameters.cluster = true,
                Some(("cluster", "false")) => parameters.cluster = false,
                Some(("cluster", _)) => return Err(invalid("has a cluster other than true and false")),
                Some(("sentinel", "")) => return Err(invalid("has a sentinel without a name")),
                Some(("sentinel", name)) => parameters.sentinel = Some(text(name, "sentinel")?),
                _ => return Err(invalid("has a parameter other than protocol, db, cluster and sentinel")),
            }
        }
        Ok(parameters)
    }

    fn place(self, mut addresses: Vec<Address>) -> Result<Place, Error> {
        let is_unix = |address: &Address| matches!(address, Address::Unix(_));
        match (self.cluster, self.sentinel) {
            (true, Some(_)) => Err(invalid("has both a cluster and a sentinel")),
            (true, None) | (false, Some(_)) if addresses.iter().any(is_unix) => {
                Err(invalid("has a socket's path, and cluster and sentinel want hosts"))
            }
            (true, None) => Ok(Place::Cluster(addresses)),
            (false, Some(name)) => Ok(Place::Sentinels(addresses, name)),
            (false, None) if addresses.len() > 1 => {
                Err(invalid("has several hosts, and neither cluster=true nor sentinel=NAME"))
            }
            (false, None) => addresses.pop().map(Place::At).ok_or_else(|| invalid("has no valid host")),
        }
    }
}

type Credentials = (Option<Vec<u8>>, Option<Vec<u8>>);

fn parse_credentials(text: &str) -> Result<Credentials, Error> {
    let Some((user, password)) = text.split_once(':') else {
        return Err(invalid("has a user and no password"));
    };
    if password.is_empty() {
        return Err(invalid("has an empty password"));
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
    let addresses = hosts.split(',').map(|host| {
        let (host, port) = parse_host(host)?;
        Ok(if scheme == "rediss" { Address::Tls(host, port) } else { Address::Tcp(host, port) })
    });
    Ok((addresses.collect::<Result<_, _>>()?, database))
}

fn parse_host(text: &str) -> Result<(String, u16), Error> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(|| invalid("has text behind ]"))?)),
            None => return Err(invalid("has a [ without ]")),
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_host) {
        return Err(invalid("has no valid host"));
    }
    let port = match port {
        None => DEFAULT_PORT,
        Some(digits) => number(digits)
            .and_then(|port| u16::try_from(port).ok())
            .filter(|port| *port != 0)
            .ok_or_else(|| invalid("has a port that is none; an IPv6 address stands in []"))?,
    };
    Ok((host.into(), port))
}

fn parse_database(digits: &str) -> Result<u32, Error> {
    number(digits).ok_or_else(|| invalid("has a database that is no number"))
}

fn number(digits: &str) -> Option<u32> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| whole(digits.as_bytes()))?
}

fn text(encoded: &str, what: &str) -> Result<String, Error> {
    String::from_utf8(decode(encoded)?).map_err(|_| invalid(&joined(&["has no UTF-8 in its ", what])))
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
            _ => return Err(invalid("has a % without two hexadecimal digits; % itself is written %25")),
        }
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Server {
        Server::parse(url).unwrap_or_else(|error| panic!("{url}: {error:?}"))
    }

    fn tcp(host: &str, port: u16) -> Place {
        Place::At(Address::Tcp(host.into(), port))
    }

    #[test]
    fn addresses() {
        assert_eq!(parse("redis://localhost").place, tcp("localhost", 6379));
        assert_eq!(parse("redis://10.0.0.1:7000/").place, tcp("10.0.0.1", 7000));
        assert_eq!(parse("redis://[::1]").place, tcp("::1", 6379));
        assert_eq!(parse("redis://[fe80::1%eth0]:1").place, tcp("fe80::1%eth0", 1));
        let unix = parse("redis+unix:///run/my%20redis.sock?db=3");
        assert_eq!(unix.place, Place::At(Address::Unix("/run/my redis.sock".into())));
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
    fn what_is_malformed_is_told_without_a_word_of_it() {
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
            match Server::parse(url) {
                Err(Error::InvalidArgument(why)) => assert!(!why.contains("hunter2"), "{why}"),
                _ => panic!("{url} is taken"),
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
        assert_eq!(parse("redis://a:1,[::1]:2,c?cluster=true").place, Place::Cluster(hosts(false)));
        assert_eq!(parse("rediss://u:p@a:1,[::1]:2,c/0?cluster=true").place, Place::Cluster(hosts(true)));
        let sentinels = Place::Sentinels(hosts(false), "my main".into());
        assert_eq!(parse("redis://a:1,[::1]:2,c/3?sentinel=my%20main").place, sentinels);
        assert_eq!(parse("redis://a?cluster=false").place, tcp("a", 6379));
        assert_eq!(parse("rediss://a").place, Place::At(Address::Tls("a".into(), 6379)));
    }
}
