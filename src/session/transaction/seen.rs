//! What a transaction reads before it writes.

use crate::{
    options::Lifetime,
    redis::{Batch, Value, batch::static_arg},
    session::{
        Operation,
        decode::{self, Unexpected},
        layout::{self, RESERVED_ARGS},
        request::Response,
    },
    text::parse_int,
};
use std::{collections::BinaryHeap, num::NonZeroU32};

/// Adds the commands that read a key, and what else the operations need.
pub fn read_commands(batch: &mut Batch, key: &[u8], operations: &[Operation]) {
    let fields = needed_fields(operations);
    batch.begin_with(2 + RESERVED_ARGS.len() + fields.len());
    batch.static_argument(static_arg!(b"HMGET"));
    batch.argument(key);
    RESERVED_ARGS.iter().for_each(|field| batch.static_argument(*field));
    fields.iter().for_each(|field| batch.argument(field.as_bytes()));
    batch.command(&[b"PTTL", key]);
    batch.command(&[b"TIME"]);
    if needs_names(operations) {
        batch.command(&[b"HKEYS", key]);
    }
}

/// The fields that have to be read, sorted. A comparison may end the batch, and then every outcome before it has to be known.
fn needed_fields<'a>(operations: &'a [Operation]) -> Vec<&'a str> {
    let compares = operations.iter().any(|operation| operation.describe().kind().compares);
    let needed = operations.iter().map(Operation::describe).filter(|operation| compares || operation.kind().can_fail);
    let mut fields: Vec<&str> =
        BinaryHeap::from_iter(needed.filter_map(|operation| operation.field())).into_sorted_vec();
    fields.dedup();
    fields
}

fn needs_names(operations: &[Operation]) -> bool {
    operations.iter().any(|operation| operation.describe().kind().needs_names)
}

/// What a field holds, as far as it is known.
#[derive(Clone, PartialEq)]
pub enum Held {
    /// It does not exist.
    Nothing,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A sum that HINCRBYFLOAT will compute: its digits are not known yet.
    Sum(f64),
}

impl Held {
    /// Whether the field exists.
    pub fn exists(&self) -> bool {
        *self != Held::Nothing
    }

    /// Its bytes, if they are known.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Held::Bytes(bytes) => Some(bytes.clone()),
            Held::Nothing | Held::Sum(_) => None,
        }
    }
}

impl From<&[u8]> for Held {
    fn from(bytes: &[u8]) -> Self {
        Held::Bytes(bytes.to_vec())
    }
}

/// What was read.
#[derive(Default)]
pub struct Seen<'a> {
    /// The time of creation.
    pub created: Option<u64>,
    moved: Option<Vec<u8>>,
    ended: Option<Vec<u8>>,
    own_idle: Option<i64>,
    own_absolute: Option<i64>,
    /// The reply to PTTL.
    pub expiry: i64,
    /// The server's time in milliseconds.
    pub now: u64,
    /// The fields that the operations need, sorted by name.
    pub fields: Vec<(&'a str, Held)>,
    /// All field names, if the operations need them.
    pub names: Vec<Vec<u8>>,
}

impl<'a> Seen<'a> {
    /// What is left after the key was deleted.
    pub fn emptied(&self) -> Self {
        let fields = self.fields.iter().map(|(name, _)| (*name, Held::Nothing)).collect();
        Self { expiry: -2, now: self.now, fields, ..Self::default() }
    }

    /// Reads the replies to [`read_commands`].
    pub fn read<'b>(
        replies: &mut impl Iterator<Item = Value<'b>>,
        operations: &'a [Operation],
    ) -> Result<Self, Unexpected> {
        let mut next = || replies.next().ok_or(Unexpected);
        let mut values = decode::list(next()?)?.into_iter().map(decode::optional_text);
        let mut value = || values.next().unwrap_or(Err(Unexpected));
        let created = value()?.and_then(layout::created);
        let (moved, ended) = (value()?.map(<[u8]>::to_vec), value()?.map(<[u8]>::to_vec));
        let (own_idle, own_absolute) = (value()?.and_then(parse_int), value()?.and_then(parse_int));
        let mut fields = Vec::new();
        for field in needed_fields(operations) {
            fields.push((field, value()?.map_or(Held::Nothing, Held::from)));
        }
        let expiry = decode::integer(next()?)?;
        let time = decode::list(next()?)?;
        let number = |index| {
            let digits = decode::text(time.get(index).ok_or(Unexpected)?)?;
            parse_int::<u32>(digits).map(u64::from).ok_or(Unexpected)
        };
        let now = number(0)? * 1000 + number(1)? / 1000;
        let mut names = Vec::new();
        if needs_names(operations) {
            for name in decode::list(next()?)? {
                names.push(decode::text(name)?.to_vec());
            }
        }
        Ok(Seen { created, moved, ended, own_idle, own_absolute, expiry, now, fields, names })
    }

    /// The digest of the id that the session has moved to.
    pub fn moved(&self) -> Option<&[u8]> {
        self.moved.as_deref()
    }

    /// Whether the key exists.
    pub fn exists(&self) -> bool {
        self.expiry != -2
    }

    /// Why the session is not alive. `None` if it is alive.
    pub fn end(&self) -> Option<Response> {
        if let Some(digest) = &self.moved {
            return Some(Response::Moved(digest.clone()));
        }
        if let Some(token) = &self.ended {
            return Some(Response::Gone(token.clone()));
        }
        (!self.exists()).then_some(Response::Missing)
    }

    /// Whether the absolute lifetime is over, although the key still exists. If the request does not renew, the key's expiry decides,
    /// if it has one.
    pub fn is_past(&self, lifetime: Lifetime, renew: bool) -> bool {
        let deciding = renew || self.expiry == -1;
        let absolute = self.lifetime(lifetime).absolute;
        match (self.created, absolute) {
            (Some(created), Some(seconds)) if deciding => created + u64::from(seconds.get()) * 1000 <= self.now,
            _ => false,
        }
    }

    /// The session's lifetime: its own, or else the store's.
    pub fn lifetime(&self, stores: Lifetime) -> Lifetime {
        let own = |field: Option<i64>, stores: Option<NonZeroU32>| match field {
            None => stores,
            Some(seconds) => NonZeroU32::new(u32::try_from(seconds).unwrap_or(0)),
        };
        Lifetime { idle: own(self.own_idle, stores.idle), absolute: own(self.own_absolute, stores.absolute) }
    }
}
