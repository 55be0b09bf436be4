//! The layout of a session in Redis: the reserved fields beside the application's. The scripts use the same names.

use crate::{
    redis::batch::{StaticArg, static_arg},
    text::parse_int,
};
use std::num::NonZeroU32;

/// The time of creation, in milliseconds of the server's clock. Because of it, the key of a session without fields
/// exists.
pub const CREATED: &[u8] = b"\0created";
/// The tombstone of a session that has moved: a digest of the new id.
pub const MOVED: &[u8] = b"\0moved";
/// The tombstone of a session that was destroyed: a token of the call that did it.
pub const ENDED: &[u8] = b"\0ended";
/// The session's own idle lifetime in seconds. 0 means for ever.
pub const IDLE: &[u8] = b"\0idle";
/// The session's own absolute lifetime in seconds. 0 means for ever.
pub const ABSOLUTE: &[u8] = b"\0absolute";

/// Every reserved field, in the order in which they are read. The first [`LIVENESS`] fields show whether the session is
/// alive.
pub const RESERVED: [&[u8]; 5] = [CREATED, MOVED, ENDED, IDLE, ABSOLUTE];
/// The same, encoded.
pub const RESERVED_ARGS: [StaticArg; 5] =
    [static_arg!(CREATED), static_arg!(MOVED), static_arg!(ENDED), static_arg!(IDLE), static_arg!(ABSOLUTE)];
/// The number of fields that show whether a session is alive.
pub const LIVENESS: usize = 3;

/// The seconds for which a tombstone stays.
pub const TOMBSTONE_SECONDS: &[u8] = b"60";

/// A later time of creation was not written by this component.
const LATEST: u64 = 1 << 53;

/// Whether a field name is reserved.
pub fn is_reserved(field: &[u8]) -> bool {
    field.first() == Some(&0)
}

/// Parses a time of creation.
pub fn created(field: &[u8]) -> Option<u64> {
    parse_int(field).filter(|time| *time <= LATEST)
}

/// A lifetime as scripts and reserved fields hold it. 0 means for ever.
pub fn seconds(lifetime: Option<NonZeroU32>) -> i64 {
    lifetime.map_or(0, |seconds| seconds.get().into())
}
