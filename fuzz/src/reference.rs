//! What redis-protocol makes of a frame.

use drsession::redis::{Reply, scanner::Frame};
use redis_protocol::{resp2, resp3};

/// Holds what was made of a frame against it.
///
/// # Panics
///
/// They differ.
pub fn check(bytes: &[u8], frame: Frame, reply: Option<&Reply>) {
    if frame.resp3 {
        // It reads less than we do (no attributes within attributes, no big numbers with a sign), and loses order.
        if let Ok(Some((theirs, length))) = resp3::decode::complete::decode_range(bytes) {
            assert_eq!(length, frame.length, "the frame's length");
            if let Some(reply) = reply {
                assert!(is_same(bytes, reply, &theirs), "the frame's content");
            }
        }
        return;
    }
    match resp2::decode::decode_range(bytes) {
        Ok(Some((theirs, length))) => {
            assert_eq!(length, frame.length, "the frame's length");
            assert!(reply.is_some_and(|reply| is_same2(bytes, reply, &theirs)), "the frame's content");
        }
        _ => assert!(reply.is_none(), "no reply to redis-protocol"),
    }
}

fn is_same2(bytes: &[u8], ours: &Reply, theirs: &resp2::types::RangeFrame) -> bool {
    use resp2::types::RangeFrame;
    match (ours, theirs) {
        (Reply::Null, RangeFrame::Null) => true,
        (Reply::Integer(ours), RangeFrame::Integer(theirs)) => ours == theirs,
        (Reply::Text(ours), RangeFrame::SimpleString(range) | RangeFrame::BulkString(range)) => {
            ours[..] == bytes[range.0..range.1]
        }
        (Reply::Error(ours), RangeFrame::Error(range)) => ours[..] == bytes[range.0..range.1],
        (Reply::Array(ours), RangeFrame::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_same2(bytes, ours, theirs))
        }
        _ => false,
    }
}

fn is_same(bytes: &[u8], ours: &Reply, theirs: &resp3::types::RangeFrame) -> bool {
    use resp3::types::RangeFrame;
    match (ours, theirs) {
        (Reply::Null, RangeFrame::Null) => true,
        (Reply::Integer(ours), RangeFrame::Number { data, .. }) => ours == data,
        (
            Reply::Text(ours),
            RangeFrame::BlobString { data, .. }
            | RangeFrame::SimpleString { data, .. }
            | RangeFrame::VerbatimString { data, .. },
        ) => ours[..] == bytes[data.0..data.1],
        (Reply::Error(ours), RangeFrame::BlobError { data, .. } | RangeFrame::SimpleError { data, .. }) => {
            ours[..] == bytes[data.0..data.1]
        }
        (Reply::Other, RangeFrame::Boolean { .. } | RangeFrame::Double { .. } | RangeFrame::BigNumber { .. }) => true,
        (Reply::Array(ours), RangeFrame::Array { data, .. } | RangeFrame::Push { data, .. }) => {
            ours.len() == data.len() && ours.iter().zip(data).all(|(ours, theirs)| is_same(bytes, ours, theirs))
        }
        // What stands there twice, it keeps once.
        (Reply::Array(ours), RangeFrame::Set { data, .. }) => ours.len() >= data.len(),
        (Reply::Array(ours), RangeFrame::Map { data, .. }) => ours.len() >= 2 * data.len(),
        _ => false,
    }
}
