//! The slots of a Redis Cluster, and which node serves them
//! (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>).

use super::{host::Address, reply::Reply};
use crc16::{State, XMODEM};
use std::ops::RangeInclusive;

/// The slot that a key lies in: that of what stands between its first braces, if there is anything, or else of all of it.
pub fn slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let length = rest.iter().position(|byte| *byte == b'}')?;
        (length > 0).then(|| &rest[..length])
    });
    State::<XMODEM>::calculate(tag.unwrap_or(key)) & 0x3fff
}

/// Which node serves which slots.
#[derive(Default, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub struct Slots {
    /// Later ones are newer, and overrule those before them.
    ranges: Vec<(RangeInclusive<u16>, Address)>,
}

/// After how many single slots that have moved the whole is worth asking for again.
const MAX_MOVED: usize = 64;

impl Slots {
    /// Reads the reply to CLUSTER SLOTS (<https://redis.io/docs/latest/commands/cluster-slots/>), which a node at this address
    /// gave: it is meant where a host is not named. None where it is not such a reply.
    pub fn read(reply: &Reply, from: &Address) -> Option<Self> {
        let Reply::Array(ranges) = reply else { return None };
        let ranges = ranges.iter().map(|range| {
            let Reply::Array(range) = range else { return None };
            let [Reply::Integer(first), Reply::Integer(last), Reply::Array(primary), ..] = &range[..] else {
                return None;
            };
            let [host, Reply::Integer(port), ..] = &primary[..] else { return None };
            let host = match host {
                Reply::Text(host) => std::str::from_utf8(host).ok()?,
                _ => "",
            };
            let slots = u16::try_from(*first).ok()?..=u16::try_from(*last).ok()?;
            Some((slots, beside(from, host, u16::try_from(*port).ok()?)))
        });
        Some(Self { ranges: ranges.collect::<Option<_>>()? })
    }

    /// One server has them all.
    pub fn all_at(address: Address) -> Self {
        Self { ranges: vec![(0..=u16::MAX, address)] }
    }

    /// The primary of a slot.
    pub fn primary(&self, slot: u16) -> Option<&Address> {
        self.ranges.iter().rev().find(|(slots, _)| slots.contains(&slot)).map(|(_, address)| address)
    }

    /// A slot has moved. False where so many have that all should be asked for again.
    pub fn moved(&mut self, slot: u16, to: Address) -> bool {
        self.ranges.push((slot..=slot, to));
        self.ranges.iter().filter(|(slots, _)| slots.start() == slots.end()).count() <= MAX_MOVED
    }

    /// The primaries, each at least once.
    pub fn primaries(&self) -> impl Iterator<Item = &Address> {
        self.ranges.iter().map(|(_, address)| address)
    }
}

/// The address of another node of the cluster: reached as this one is, and at its host where none is named.
pub fn beside(address: &Address, host: &str, port: u16) -> Address {
    let host_or = |own: &str| if host.is_empty() || host == "?" { own.into() } else { host.into() };
    match address {
        Address::Tls(own, _) => Address::Tls(host_or(own), port),
        Address::Tcp(own, _) => Address::Tcp(host_or(own), port),
        Address::Unix(_) => Address::Tcp(host_or("localhost"), port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp(host.into(), port)
    }

    fn text(text: &'static str) -> Reply {
        Reply::Text(text.into())
    }

    fn range(first: i64, last: i64, host: Reply, port: i64) -> Reply {
        let primary = Reply::Array(vec![host, Reply::Integer(port), text("id")]);
        let replica = Reply::Array(vec![text("r"), Reply::Integer(1), text("id")]);
        Reply::Array(vec![Reply::Integer(first), Reply::Integer(last), primary, replica])
    }

    #[test]
    fn slots_are_those_that_redis_computes() {
        // As `CLUSTER KEYSLOT` answers.
        let known: [(&[u8], u16); 7] = [
            (b"123456789", 12739),
            (b"foo", 12182),
            (b"{foo}bar", 12182),
            (b"a{foo}{bar}", 12182),
            (b"{}foo", 9500),
            (b"foo{", 7673),
            (b"", 0),
        ];
        for (key, expected) in known {
            assert_eq!(slot(key), expected, "{}", String::from_utf8_lossy(key));
        }
    }

    #[test]
    fn a_slot_is_served_by_its_ranges_primary() {
        let reply = Reply::Array(vec![
            range(0, 5460, text("10.0.0.1"), 7000),
            range(5461, 16383, text(""), 7001),
            range(3, 3, Reply::Null, 7002),
        ]);
        let mut slots = Slots::read(&reply, &tcp("seed", 1)).unwrap();
        assert_eq!(slots.primary(5460), Some(&tcp("10.0.0.1", 7000)));
        assert_eq!(slots.primary(16383), Some(&tcp("seed", 7001)));
        assert_eq!(slots.primary(3), Some(&tcp("seed", 7002)));
        assert!(slots.moved(7, tcp("new", 1)));
        assert_eq!(slots.primary(7), Some(&tcp("new", 1)));
        assert_eq!(slots.primary(8), Some(&tcp("10.0.0.1", 7000)));
        assert!((100..200).any(|slot| !slots.moved(slot, tcp("new", 1))));
    }

    #[test]
    fn another_reply_is_none() {
        for reply in [
            Reply::Null,
            Reply::Array(vec![Reply::Null]),
            Reply::Array(vec![range(-1, 5, text("a"), 1)]),
            Reply::Array(vec![range(0, 5, text("a"), 65_536)]),
            Reply::Array(vec![Reply::Array(vec![Reply::Integer(1), Reply::Integer(2)])]),
        ] {
            assert_eq!(Slots::read(&reply, &tcp("seed", 1)), None);
        }
    }
}
