//! From what was seen to what is written.

use super::{
    Plan,
    commands::{Ending, Known, Transaction},
    look::{Held, Seen},
};
use crate::{
    error::Error,
    options::Lifetime,
    session::{
        call::{Answer, Call, Mode},
        layout::{ABSOLUTE, CREATED, ENDED, IDLE, MARKER_SECONDS, is_reserved},
        reading,
        script::seconds,
        step::{Outcome, Step, Swap},
    },
};
use bytes::Bytes;

/// What to do about a call, after looking.
pub(super) fn plan<'a>(stores: Lifetime, call: &'a Call<'a>, seen: &Seen<'a>) -> Plan<'a> {
    let guarded = call.mode != Mode::Unguarded;
    let past = guarded && seen.ended().is_none() && seen.is_past(stores, call.renew);
    let emptied;
    let (seen, mut transaction) = if past {
        emptied = seen.emptied();
        (&emptied, Transaction::deletion(call.key))
    } else {
        (seen, Transaction::begin())
    };
    match seen.ended().filter(|_| guarded) {
        None => {}
        Some(Answer::Missing) if call.mode == Mode::Create => transaction.ending = Ending::Done,
        Some(_) if past => return Plan::Write(transaction),
        Some(ended) => return Plan::Answer(ended),
    }
    let creating = guarded && !seen.exists();
    match simulate(call, seen) {
        Simulated::Fine => {}
        Simulated::Unsupported(error) => return Plan::Refuse(error),
        Simulated::Stops(outcomes, ending) => {
            if guarded && !creating {
                transaction.note_creation(call.key, seen);
                transaction.settle(call.key, stores, seen, call.renew);
            }
            transaction.outcomes = outcomes.into_iter().map(Known::Outcome).collect();
            transaction.ending = ending;
            return Plan::Write(transaction);
        }
    }
    if guarded {
        transaction.note_creation(call.key, seen);
    }
    // What only reads may ask for the expiry, and then for the new one.
    let only_reads = call.steps.iter().all(|step| !step.writes());
    if guarded && only_reads {
        transaction.settle(call.key, stores, seen, call.renew || creating);
    }
    for step in call.steps {
        step_commands(&mut transaction, call, seen, step);
    }
    let own_lifetime = call.steps.iter().find_map(|step| match step {
        Step::SetLifetime(lifetime) => Some(*lifetime),
        _ => None,
    });
    let destroys = call.steps.iter().any(|step| matches!(step, Step::Destroy(_)));
    if guarded && !only_reads && !destroys {
        match own_lifetime {
            Some(lifetime) => transaction.expire(call.key, lifetime, seen.now, seen.now),
            None => transaction.settle(call.key, stores, seen, call.renew || creating),
        }
    }
    Plan::Write(transaction)
}

enum Simulated {
    /// No step will fail.
    Fine,
    /// A step will, after these outcomes; nothing is to be written.
    Stops(Vec<Outcome>, Ending),
    /// Only the server could tell.
    Unsupported(Error),
}

/// Runs the steps over what was seen, for a transaction that fails halfway is not undone by Redis.
fn simulate(call: &Call, seen: &Seen) -> Simulated {
    let mut fields = seen.fields.clone();
    let mut outcomes = Vec::with_capacity(call.steps.len());
    let mut summed = false;
    for step in call.steps {
        let held = step.field().map_or(Held::Nothing, |field| fields.held(field));
        // The digits of a sum are known only once it is written: too late to add to them, or to answer them with a conflict.
        let unknown = match step {
            Step::Increment(..) => matches!(held, Held::Sum(_)),
            Step::CompareAndSet { .. } => summed,
            _ => false,
        };
        if unknown {
            return Simulated::Unsupported(Error::Unsupported(
                "scripts are off: in one batch no comparison can follow increment-float, and no increment on its field"
                    .into(),
            ));
        }
        summed |= matches!(step, Step::IncrementFloat(..));
        let is_held = held != Held::Nothing;
        let outcome = match *step {
            Step::CompareAndSet { field, expected, value } => {
                let stored = held.into_value();
                if expected != stored.as_deref() {
                    outcomes.push(Outcome::Swap(Swap::Conflict(stored)));
                    return Simulated::Stops(outcomes, Ending::Conflict);
                }
                fields.hold(field, Held::of(value.map(Bytes::copy_from_slice)));
                Outcome::Swap(Swap::Stored)
            }
            Step::Increment(field, by) => {
                let stored = held.into_value();
                if let Some(error) = reading::counter_error(step, stored.as_deref()) {
                    return Simulated::Stops(Vec::new(), Ending::Failed(error));
                }
                let number = stored.as_deref().and_then(reading::canonical_integer).unwrap_or(0) + by;
                let digits = Bytes::copy_from_slice(itoa::Buffer::new().format(number).as_bytes());
                fields.hold(field, Held::Bytes(digits));
                Outcome::Integer(number)
            }
            Step::IncrementFloat(field, by) => {
                let number = match held {
                    Held::Nothing => Some(0.0),
                    Held::Sum(sum) => Some(sum),
                    Held::Bytes(bytes) => reading::float(&bytes),
                };
                let Some(number) = number else {
                    return Simulated::Stops(Vec::new(), Ending::Failed(Error::NotANumber(field.into())));
                };
                if !(number + by).is_finite() {
                    return Simulated::Stops(Vec::new(), Ending::Failed(Error::Overflow));
                }
                fields.hold(field, Held::Sum(number + by));
                Outcome::Number(number + by)
            }
            Step::Set(field, value) => {
                fields.hold(field, Held::Bytes(Bytes::copy_from_slice(value)));
                Outcome::Done
            }
            Step::SetIfAbsent(field, value) => {
                if !is_held {
                    fields.hold(field, Held::Bytes(Bytes::copy_from_slice(value)));
                }
                Outcome::Flag(!is_held)
            }
            Step::Get(_) => Outcome::Value(held.into_value()),
            Step::Contains(_) => Outcome::Flag(is_held),
            Step::Delete(field) => {
                fields.hold(field, Held::Nothing);
                Outcome::Flag(is_held)
            }
            Step::Pop(field) => {
                fields.hold(field, Held::Nothing);
                Outcome::Value(held.into_value())
            }
            Step::Len | Step::Keys | Step::Items | Step::Ttl => Outcome::Done,
            Step::Clear | Step::SetLifetime(_) | Step::Destroy(_) => Outcome::Done,
        };
        outcomes.push(outcome);
    }
    Simulated::Fine
}

fn step_commands<'a>(transaction: &mut Transaction<'a>, call: &Call, seen: &Seen, step: &'a Step<'a>) {
    let key = call.key;
    let mut digits = itoa::Buffer::new();
    match *step {
        Step::Get(field) => transaction.read(step, &[b"HGET", key, field.as_bytes()]),
        Step::Contains(field) => transaction.read(step, &[b"HEXISTS", key, field.as_bytes()]),
        Step::Set(field, value) => {
            transaction.command(&[b"HSET", key, field.as_bytes(), value]);
            transaction.know(Outcome::Done);
        }
        Step::SetIfAbsent(field, value) => transaction.read(step, &[b"HSETNX", key, field.as_bytes(), value]),
        Step::CompareAndSet { field, value, .. } => {
            match value {
                Some(value) => transaction.command(&[b"HSET", key, field.as_bytes(), value]),
                None => transaction.command(&[b"HDEL", key, field.as_bytes()]),
            }
            transaction.know(Outcome::Swap(Swap::Stored));
        }
        Step::Delete(field) => transaction.read(step, &[b"HDEL", key, field.as_bytes()]),
        Step::Pop(field) => {
            transaction.read(step, &[b"HGET", key, field.as_bytes()]);
            transaction.command(&[b"HDEL", key, field.as_bytes()]);
        }
        Step::Increment(field, by) => {
            transaction.read(step, &[b"HINCRBY", key, field.as_bytes(), digits.format(by).as_bytes()]);
        }
        Step::IncrementFloat(field, by) => {
            let mut digits = ryu::Buffer::new();
            transaction.read(step, &[b"HINCRBYFLOAT", key, field.as_bytes(), digits.format_finite(by).as_bytes()]);
        }
        // The names tell which of them count.
        Step::Len | Step::Keys => transaction.read(step, &[b"HKEYS", key]),
        Step::Items => transaction.read(step, &[b"HGETALL", key]),
        Step::Ttl => transaction.read(step, &[b"PTTL", key]),
        Step::Clear => {
            let names = seen.names.iter().filter(|name| !is_reserved(name)).map(|name| &name[..]);
            let names: Vec<&[u8]> = names.collect();
            if call.mode == Mode::Unguarded {
                transaction.command(&[b"DEL", key]);
            } else if !names.is_empty() {
                transaction.command(&[&[b"HDEL", key], &names[..]].concat());
            }
            transaction.know(Outcome::Done);
        }
        Step::SetLifetime(lifetime) => {
            let (mut idle, mut absolute) = (itoa::Buffer::new(), itoa::Buffer::new());
            transaction.command(&[
                b"HSET",
                key,
                CREATED,
                digits.format(seen.now).as_bytes(),
                IDLE,
                idle.format(seconds(lifetime.idle)).as_bytes(),
                ABSOLUTE,
                absolute.format(seconds(lifetime.absolute)).as_bytes(),
            ]);
            transaction.know(Outcome::Done);
        }
        Step::Destroy(token) => {
            transaction.command(&[b"DEL", key]);
            if call.mode != Mode::Unguarded {
                transaction.command(&[b"HSET", key, ENDED, token.as_bytes()]);
                transaction.command(&[b"EXPIRE", key, MARKER_SECONDS]);
            }
            transaction.know(Outcome::Done);
        }
    }
}
