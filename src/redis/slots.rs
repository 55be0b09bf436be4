//! The hash slots of a Redis Cluster, and the nodes that own them
//! (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>).

use super::{
    host::Address,
    reply::{List, Value},
};
use std::ops::RangeInclusive;

/// The slot of a key. If the key has a hash tag (the text between its first braces), only the tag counts.
pub fn slot(key: &[u8]) -> u16 {
    redis_protocol::redis_keyslot(key)
}

/// Which node owns which slots.
#[derive(Default, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub struct Slots {
    /// A later range is newer, and takes precedence over earlier ones.
    ranges: Vec<(RangeInclusive<u16>, Address)>,
}

/// After this many redirected slots, the whole table is requested again.
const MAX_MOVED: usize = 64;

impl Slots {
    /// Reads the reply to CLUSTER SLOTS (<https://redis.io/docs/latest/commands/cluster-slots/>) of the node at this
    /// address. Nodes whose host the reply does not name have the host of this node. `None` if the reply is something
    /// else.
    pub fn read(reply: Value, from: &Address) -> Option<Self> {
        let mut ranges = Vec::new();
        for range in list(reply)? {
            let range = list(range)?;
            let primary = list(range.get(2)?)?;
            let host = match primary.get(0)? {
                Value::Text(host) => std::str::from_utf8(host).ok()?,
                _ => "",
            };
            let slots = number(range.get(0)?)?..=number(range.get(1)?)?;
            ranges.push((slots, beside(from, host, number(primary.get(1)?)?)));
        }
        Some(Self { ranges })
    }

    /// A single server owns all slots.
    pub fn single(address: Address) -> Self {
        Self { ranges: vec![(0..=u16::MAX, address)] }
    }

    /// The primary of a slot.
    pub fn primary(&self, slot: u16) -> Option<&Address> {
        self.ranges.iter().rev().find(|(slots, _)| slots.contains(&slot)).map(|(_, address)| address)
    }

    /// Notes that a slot has moved. Returns false if the whole table should be requested again.
    pub fn moved(&mut self, slot: u16, to: Address) -> bool {
        self.ranges.push((slot..=slot, to));
        self.ranges.iter().filter(|(slots, _)| slots.start() == slots.end()).count() <= MAX_MOVED
    }

    /// The primaries, each at least once.
    pub fn primaries(&self) -> impl Iterator<Item = &Address> {
        self.ranges.iter().map(|(_, address)| address)
    }
}

fn list(value: Value) -> Option<List> {
    match value {
        Value::List(list) => Some(list),
        _ => None,
    }
}

fn number(value: Value) -> Option<u16> {
    match value {
        Value::Integer(number) => u16::try_from(number).ok(),
        _ => None,
    }
}

/// The address of another node, which is reached in the same way as this one. An empty host, or `?`, means the host of
/// this node.
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
    use crate::redis::testing::reply;

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp(host.into(), port)
    }

    /// An element of the reply to CLUSTER SLOTS.
    fn range(first: i64, last: i64, host: &str, port: i64) -> String {
        format!("*4\r\n:{first}\r\n:{last}\r\n*3\r\n{host}:{port}\r\n+id\r\n*3\r\n+r\r\n:1\r\n+id\r\n")
    }

    fn read(wire: &str) -> Option<Slots> {
        Slots::read(reply(wire).value(), &tcp("seed", 1))
    }

    #[test]
    fn slots_are_those_that_redis_computes() {
        // From CLUSTER KEYSLOT.
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
        let ranges =
            [range(0, 5460, "+10.0.0.1\r\n", 7000), range(5461, 16383, "+\r\n", 7001), range(3, 3, "$-1\r\n", 7002)];
        let mut slots = read(&format!("*3\r\n{}", ranges.concat())).unwrap();
        assert_eq!(slots.primary(5460), Some(&tcp("10.0.0.1", 7000)));
        assert_eq!(slots.primary(16383), Some(&tcp("seed", 7001)));
        assert_eq!(slots.primary(3), Some(&tcp("seed", 7002)));
        assert!(slots.moved(7, tcp("new", 1)));
        assert_eq!(slots.primary(7), Some(&tcp("new", 1)));
        assert_eq!(slots.primary(8), Some(&tcp("10.0.0.1", 7000)));
        assert!((100..200).any(|slot| !slots.moved(slot, tcp("new", 1))));
    }

    #[test]
    fn another_reply_is_refused() {
        for wire in [
            "$-1\r\n",
            "*1\r\n$-1\r\n",
            &format!("*1\r\n{}", range(-1, 5, "+a\r\n", 1)),
            &format!("*1\r\n{}", range(0, 5, "+a\r\n", 65_536)),
            "*1\r\n*2\r\n:1\r\n:2\r\n",
        ] {
            assert_eq!(read(wire), None, "{wire}");
        }
    }
}
