//! What lies in Redis beside the application's fields. The scripts write the same names.

use crate::{
    decimal::whole,
    redis::batch::{Word, word},
};

/// When the session was made, in milliseconds of the server's clock. Keeps an emptied session alive.
pub const CREATED: &[u8] = b"\0created";
/// Marks a key whose session has moved; a digest of the new id.
pub const MOVED: &[u8] = b"\0moved";
/// Marks a key whose session was destroyed; a token of who did it.
pub const ENDED: &[u8] = b"\0ended";
/// The session's own idle lifetime in seconds, 0 = never.
pub const IDLE: &[u8] = b"\0idle";
/// The session's own absolute lifetime in seconds, 0 = never.
pub const ABSOLUTE: &[u8] = b"\0absolute";

/// Every reserved field, in the order in which they are asked for. The first [`GUARD`] tell whether the session lives.
pub const RESERVED: [&[u8]; 5] = [CREATED, MOVED, ENDED, IDLE, ABSOLUTE];
/// The same, encoded.
pub const RESERVED_WORDS: [Word; 5] = [word!(CREATED), word!(MOVED), word!(ENDED), word!(IDLE), word!(ABSOLUTE)];
/// How many of them the guard needs.
pub const GUARD: usize = 3;

/// Seconds for which a marker stands.
pub const MARKER_SECONDS: &[u8] = b"60";

/// A moment of creation later than this is none of ours.
const LATEST: u64 = 1 << 53;

/// Whether a name is not the application's.
pub fn is_reserved(field: &[u8]) -> bool {
    field.first() == Some(&0)
}

/// A moment of creation, where the field holds one.
pub fn created(field: &[u8]) -> Option<u64> {
    let moment = whole(field)?;
    (moment <= LATEST).then_some(moment)
}
