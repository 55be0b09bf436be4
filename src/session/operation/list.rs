//! `len`, `keys`, `values`, `items`, `items-bytes`: all fields of a session, without the reserved ones.

use super::{Describe, Kind, Outcome, Plain};
use crate::{
    options::Lifetime,
    redis::{Batch, Value, batch::static_arg},
    session::{
        decode::{self, Unexpected},
        transaction::{Seen, Transaction},
    },
};

/// The number of fields: HLEN, less the reserved ones. Yields [`Outcome::Integer`].
#[derive(Clone, Copy)]
pub struct Len;

/// The fields' names: HKEYS (<https://redis.io/docs/latest/commands/hkeys/>). Yields [`Outcome::Names`].
#[derive(Clone, Copy)]
pub struct Keys;

/// The fields' names and values: HGETALL (<https://redis.io/docs/latest/commands/hgetall/>). Yields [`Outcome::Items`].
#[derive(Clone, Copy)]
pub struct Items;

const LEN: Kind = Kind { name: static_arg!(b"HLEN"), plain: Plain::Read, ..Kind::READ };

impl Describe for Len {
    fn kind(&self) -> &'static Kind {
        &LEN
    }

    /// HKEYS, because HLEN counts the reserved fields too.
    fn command(&self, key: &[u8], batch: &mut Batch) {
        batch.command(&[b"HKEYS", key]);
    }

    /// A script returns the number. The plain command returns the names.
    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        Ok(Outcome::Integer(match reply {
            Value::List(_) => decode::names(reply)?.len() as i64,
            number => decode::integer(number)?,
        }))
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Integer(0)
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        transaction.read(self, &[b"HKEYS", transaction.key]);
    }
}

const KEYS: Kind = Kind { name: static_arg!(b"HKEYS"), plain: Plain::Listing, ..LEN };

impl Describe for Keys {
    fn kind(&self) -> &'static Kind {
        &KEYS
    }

    fn command(&self, key: &[u8], batch: &mut Batch) {
        batch.command(&[b"HKEYS", key]);
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        Ok(Outcome::Names(decode::names(reply)?))
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Names(Vec::new())
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        transaction.read(self, &[b"HKEYS", transaction.key]);
    }
}

const ITEMS: Kind = Kind { name: static_arg!(b"HGETALL"), plain: Plain::Listing, lists_values: true, ..LEN };

impl Describe for Items {
    fn kind(&self) -> &'static Kind {
        &ITEMS
    }

    fn command(&self, key: &[u8], batch: &mut Batch) {
        batch.command(&[b"HGETALL", key]);
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        Ok(Outcome::Items(decode::items(reply)?))
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Items(Vec::new())
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        transaction.read(self, &[b"HGETALL", transaction.key]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::testing::reply;

    #[test]
    fn reserved_fields_do_not_count() {
        let names = reply("*3\r\n$8\r\n\0created\r\n$1\r\na\r\n$6\r\n\0later\r\n");
        assert_eq!(Len.decode(names.value()), Ok(Outcome::Integer(1)));
        assert_eq!(Len.decode(reply("$1\r\n7\r\n").value()), Ok(Outcome::Integer(7)));
        assert_eq!(Keys.decode(names.value()), Ok(Outcome::Names(vec![b"a".to_vec()])));
    }
}
