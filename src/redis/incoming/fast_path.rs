//! Plain replies that have arrived whole: a value, or a list of values. Nearly every reply is one.
//!
//! They are read in one pass. That costs a third of finding the reply's end first and decoding it afterwards.
//! Everything else (nested, malformed, incomplete, an error) is left to the scanner and redis-protocol.

use crate::text::parse_int;
use redis_protocol::resp2::types::RangeFrame;

/// Longer input is left to the scanner. A single read is shorter, and shorter input cannot exceed the scanner's limits
/// for replies.
const MAX_LENGTH: usize = 256 << 10;
/// The most digits of a count. No length within `MAX_LENGTH` has as many.
const MAX_DIGITS: usize = 7;
/// Longer integers are left to the scanner, which accepts one more digit.
const MAX_INTEGER: usize = 20;

/// Reads the reply at the beginning of `bytes`; returns it with its length, or `None` if it is not a plain one.
pub(super) fn read(bytes: &[u8]) -> Option<(RangeFrame, usize)> {
    if bytes.len() > MAX_LENGTH {
        return None;
    }
    let mut reader = Reader { length: bytes.len(), rest: bytes };
    let frame = match bytes.first()? {
        b'*' | b'~' => reader.list(1)?,
        b'%' => reader.list(2)?,
        _ => reader.value()?,
    };
    Some((frame, reader.position()))
}

/// Reads from the front of `rest`. Positions are counted from the beginning of the input.
struct Reader<'a> {
    length: usize,
    rest: &'a [u8],
}

impl Reader<'_> {
    fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    fn list(&mut self, values_per_element: usize) -> Option<RangeFrame> {
        let Some(count) = self.count()? else { return Some(RangeFrame::Null) };
        let count = count * values_per_element;
        // The shortest element is a type byte and a line end. This bounds the allocation.
        if count > self.rest.len() / 3 {
            return None;
        }
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(self.value()?);
        }
        Some(RangeFrame::Array(elements))
    }

    fn value(&mut self) -> Option<RangeFrame> {
        Some(match self.rest.first()? {
            b'$' => match self.count()? {
                Some(length) => {
                    let begin = self.position();
                    self.rest = self.rest.get(length..)?;
                    self.line_end()?;
                    RangeFrame::BulkString((begin, begin + length))
                }
                None => RangeFrame::Null,
            },
            b':' => {
                let (line, _) = self.line()?;
                RangeFrame::Integer(parse_int((line.len() <= MAX_INTEGER).then_some(line)?)?)
            }
            b'+' => RangeFrame::SimpleString(self.line()?.1),
            b'_' => {
                self.rest = &self.rest[1..];
                self.line_end()?;
                RangeFrame::Null
            }
            _ => return None,
        })
    }

    /// A type byte, and a length or a number of elements; `Some(None)` for -1, which stands for null.
    fn count(&mut self) -> Option<Option<usize>> {
        if let [b'*' | b'$', b'-', b'1', b'\r', b'\n', rest @ ..] = self.rest {
            self.rest = rest;
            return Some(None);
        }
        let mut count = 0;
        for (index, byte) in self.rest.iter().enumerate().skip(1) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                self.rest = &self.rest[index..];
                self.line_end()?;
                return (index > 1).then_some(Some(count));
            }
            if index > MAX_DIGITS {
                break;
            }
            count = count * 10 + usize::from(digit);
        }
        None
    }

    /// The line without its type byte and its end, and its position.
    fn line(&mut self) -> Option<(&[u8], (usize, usize))> {
        let begin = self.position() + 1;
        let length = self.rest[1..].iter().position(|byte| *byte == b'\r')?;
        let (line, rest) = self.rest[1..].split_at(length);
        self.rest = rest;
        self.line_end()?;
        Some((line, (begin, begin + length)))
    }

    fn line_end(&mut self) -> Option<()> {
        self.rest = self.rest.strip_prefix(b"\r\n")?;
        Some(())
    }
}
