//! What is looked at before a transaction is made, and what was there.

use crate::{
    decimal::whole,
    options::Lifetime,
    redis::{Batch, Reply, batch::word},
    session::{
        call::Answer,
        layout::{self, RESERVED, RESERVED_WORDS},
        reading::{self, Unexpected},
        step::Step,
    },
};
use bytes::Bytes;
use std::{collections::BinaryHeap, num::NonZeroU32};

/// Adds the commands that look at a key, and at what the steps need to know beforehand.
pub fn look_commands(batch: &mut Batch, key: &[u8], steps: &[Step]) {
    let fields = needed_fields(steps);
    batch.begin(2 + RESERVED.len() + fields.len());
    batch.word(word!(b"HMGET"));
    batch.argument(key);
    RESERVED_WORDS.iter().for_each(|field| batch.word(*field));
    fields.iter().for_each(|field| batch.argument(field.as_bytes()));
    batch.command(&[b"PTTL", key]);
    batch.command(&[b"TIME"]);
    if needs_names(steps) {
        batch.command(&[b"HKEYS", key]);
    }
}

/// A comparison may end the batch: then every outcome before it has to be known without writing.
fn needed_fields<'a>(steps: &[Step<'a>]) -> Vec<&'a str> {
    let compares = steps.iter().any(|step| matches!(step, Step::CompareAndSet { .. }));
    let needed = steps.iter().filter(|step| compares || step.can_fail());
    let fields: Vec<&'a str> = needed.filter_map(Step::field).collect();
    let mut fields = BinaryHeap::from(fields).into_sorted_vec();
    fields.dedup();
    fields
}

fn needs_names(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::Clear))
}

/// Fields by name, in order.
#[derive(Clone, Default)]
pub(super) struct Fields<'a>(pub(super) Vec<(&'a str, Held)>);

/// What a field holds, as far as that is known.
#[derive(Clone, PartialEq)]
pub(super) enum Held {
    Nothing,
    Bytes(Bytes),
    /// A sum of HINCRBYFLOAT: known in about, not to the digit.
    Sum(f64),
}

impl Held {
    pub(super) fn of(value: Option<Bytes>) -> Self {
        value.map_or(Held::Nothing, Held::Bytes)
    }

    pub(super) fn into_value(self) -> Option<Bytes> {
        match self {
            Held::Bytes(bytes) => Some(bytes),
            Held::Nothing | Held::Sum(_) => None,
        }
    }
}

impl Fields<'_> {
    pub(super) fn held(&self, field: &str) -> Held {
        let place = self.0.binary_search_by_key(&field, |(name, _)| name);
        place.map_or(Held::Nothing, |index| self.0[index].1.clone())
    }

    pub(super) fn hold(&mut self, field: &str, held: Held) {
        if let Ok(index) = self.0.binary_search_by_key(&field, |(name, _)| name) {
            self.0[index].1 = held;
        }
    }
}

/// What was there when we looked.
#[derive(Default)]
pub struct Seen<'a> {
    pub(super) created: Option<u64>,
    moved: Option<Bytes>,
    ended: Option<Bytes>,
    own_idle: Option<i64>,
    own_absolute: Option<i64>,
    pub(super) expiry: i64,
    pub(super) now: u64,
    pub(super) fields: Fields<'a>,
    pub(super) names: Vec<Bytes>,
}

impl<'a> Seen<'a> {
    /// What is left when the key is deleted.
    pub(super) fn emptied(&self) -> Self {
        let mut fields = self.fields.clone();
        fields.0.iter_mut().for_each(|(_, held)| *held = Held::Nothing);
        Self { expiry: -2, now: self.now, fields, ..Self::default() }
    }

    /// Reads the replies to [`look_commands`].
    pub fn read(replies: &mut impl Iterator<Item = Reply>, steps: &[Step<'a>]) -> Result<Self, Unexpected> {
        let mut next = || replies.next().ok_or(Unexpected);
        let mut values = reading::list(next()?)?.into_iter().map(reading::value);
        let mut value = || values.next().unwrap_or(Err(Unexpected));
        let created = value()?.and_then(|field| layout::created(&field));
        let (moved, ended) = (value()?, value()?);
        let own_idle = value()?.and_then(|digits| whole(&digits));
        let own_absolute = value()?.and_then(|digits| whole(&digits));
        let mut fields = Fields::default();
        for field in needed_fields(steps) {
            fields.0.push((field, Held::of(value()?)));
        }
        let expiry = reading::integer(next()?)?;
        let time = reading::texts(reading::list(next()?)?)?;
        let [seconds, microseconds] = &time[..] else {
            return Err(Unexpected);
        };
        let number = |digits: &Bytes| whole::<u32>(digits).map(u64::from).ok_or(Unexpected);
        let now = number(seconds)? * 1000 + number(microseconds)? / 1000;
        let names = if needs_names(steps) { reading::texts(reading::list(next()?)?)? } else { Vec::new() };
        Ok(Seen { created, moved, ended, own_idle, own_absolute, expiry, now, fields, names })
    }

    /// The digest of the id that the session has moved to.
    pub fn moved(&self) -> Option<&Bytes> {
        self.moved.as_ref()
    }

    /// Whether there is anything at the key.
    pub fn exists(&self) -> bool {
        self.expiry != -2
    }

    /// Why there is no session, if there is none.
    pub fn ended(&self) -> Option<Answer> {
        if let Some(digest) = &self.moved {
            return Some(Answer::Rotated(digest.clone()));
        }
        if let Some(token) = &self.ended {
            return Some(Answer::Gone(token.clone()));
        }
        (!self.exists()).then_some(Answer::Missing)
    }

    /// Whether the absolute lifetime is over, although the key is still there. Where nothing is renewed, the expiry that
    /// stands decides, if one does.
    pub fn is_past(&self, lifetime: Lifetime, renew: bool) -> bool {
        let deciding = renew || self.expiry == -1;
        let absolute = self.own(lifetime).absolute;
        match (self.created, absolute) {
            (Some(created), Some(seconds)) if deciding => created + u64::from(seconds.get()) * 1000 <= self.now,
            _ => false,
        }
    }

    pub(super) fn own(&self, lifetime: Lifetime) -> Lifetime {
        let own = |field: Option<i64>, stores: Option<NonZeroU32>| match field {
            None => stores,
            Some(seconds) => NonZeroU32::new(u32::try_from(seconds).unwrap_or(0)),
        };
        Lifetime { idle: own(self.own_idle, lifetime.idle), absolute: own(self.own_absolute, lifetime.absolute) }
    }
}
