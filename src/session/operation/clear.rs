//! `clear`: delete every field.

use super::{Describe, Kind, Outcome};
use crate::{
    options::Lifetime,
    redis::{Value, batch::static_arg},
    session::{
        decode::{self, Unexpected},
        layout::is_reserved,
        transaction::{Seen, Transaction},
    },
};

/// Deletes every field. The session stays, with its reserved fields. Yields [`Outcome::Done`].
#[derive(Clone, Copy)]
pub struct Clear;

// Must not be repeated: it could delete what another handle has written since.
const CLEAR: Kind = Kind { name: static_arg!(b"CLEAR"), needs_names: true, ..Kind::WRITE };

impl Describe for Clear {
    fn kind(&self) -> &'static Kind {
        &CLEAR
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        decode::integer(reply)?;
        Ok(Outcome::Done)
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Done
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, seen: &Seen) {
        let names = seen.names.iter().filter(|name| !is_reserved(name)).map(|name| &name[..]);
        let names: Vec<&[u8]> = names.collect();
        if !transaction.guarded {
            transaction.command(&[b"DEL", transaction.key]);
        } else if !names.is_empty() {
            transaction.command(&[&[b"HDEL", transaction.key], &names[..]].concat());
        }
        transaction.know(Outcome::Done);
    }
}
