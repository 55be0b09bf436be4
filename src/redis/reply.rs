//! One reply: the bytes that arrived, and the positions of its values in them. Nothing is copied.
//!
//! Both ways to read a reply build redis-protocol's `RangeFrame`: the fast path reads plain replies itself, and redis-protocol
//! decodes all others once the scanner has found their end and held them to the limits. RESP3 replies are first rewritten as RESP2
//! (`resp3.rs`).

use bytes::Bytes;
use redis_protocol::resp2::types::RangeFrame;
use std::slice;

/// A reply to one command.
pub struct Reply {
    bytes: Bytes,
    frame: RangeFrame,
}

/// A value in a reply. RESP2 and RESP3 encode values differently, but both arrive here as the same value: a map is the list of its
/// keys and values in turn, a verbatim string is its text.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// Null.
    Null,
    /// A number.
    Integer(i64),
    /// A string of bytes, or a status such as `OK`.
    Text(&'a [u8]),
    /// An error, its code first.
    Error(&'a [u8]),
    /// A list of values.
    List(List<'a>),
}

/// The values of a list, in order.
#[derive(Clone, Copy)]
pub struct List<'a> {
    bytes: &'a [u8],
    frames: &'a [RangeFrame],
}

impl Reply {
    /// A reply of these bytes, with the positions of its values.
    pub(super) fn new(bytes: Bytes, frame: RangeFrame) -> Self {
        Self { bytes, frame }
    }

    /// Its value.
    pub fn value(&self) -> Value<'_> {
        value(&self.bytes, &self.frame)
    }

    /// The bytes that it takes in memory: its length on the wire, or in RESP2 if it was rewritten.
    pub fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Its error text, if it is an error.
    pub fn error(&self) -> Option<&[u8]> {
        match self.value() {
            Value::Error(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the server closes the connection after it. A command sent afterwards would be lost.
    pub fn closes(&self) -> bool {
        self.error().is_some_and(|text| text.starts_with(b"ERR Protocol error"))
    }
}

fn value<'a>(bytes: &'a [u8], frame: &'a RangeFrame) -> Value<'a> {
    match *frame {
        RangeFrame::Null => Value::Null,
        RangeFrame::Integer(number) => Value::Integer(number),
        RangeFrame::BulkString((start, end)) | RangeFrame::SimpleString((start, end)) => {
            Value::Text(&bytes[start..end])
        }
        RangeFrame::Error((start, end)) => Value::Error(&bytes[start..end]),
        RangeFrame::Array(ref frames) => Value::List(List { bytes, frames }),
    }
}

impl<'a> List<'a> {
    /// The number of values.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether the list has no values.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The value at this index.
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        Some(value(self.bytes, self.frames.get(index)?))
    }
}

impl<'a> IntoIterator for List<'a> {
    type Item = Value<'a>;
    type IntoIter = Values<'a>;

    fn into_iter(self) -> Values<'a> {
        Values { bytes: self.bytes, frames: self.frames.iter() }
    }
}

/// An iterator over a list's values.
pub struct Values<'a> {
    bytes: &'a [u8],
    frames: slice::Iter<'a, RangeFrame>,
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.frames.next().map(|frame| value(self.bytes, frame))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.frames.size_hint()
    }
}

impl ExactSizeIterator for Values<'_> {}

/// For tests: the value in a readable notation.
#[cfg(test)]
impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        match self {
            Value::Null => formatter.write_str("null"),
            Value::Integer(number) => write!(formatter, "{number}"),
            Value::Text(bytes) => write!(formatter, "\"{}\"", text(bytes)),
            Value::Error(bytes) => write!(formatter, "error \"{}\"", text(bytes)),
            Value::List(list) => formatter.debug_list().entries(*list).finish(),
        }
    }
}
