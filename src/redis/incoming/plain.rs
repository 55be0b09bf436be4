//! The plainest replies, which nearly all are, when they have arrived whole: a value, or a list of values. They are read in
//! one pass, for a third of what it costs to find a reply's end first and decode it then. Whatever is anything else, wrong
//! or not whole yet is left to the scanner, which tells these apart.

use super::Reply;
use crate::decimal::whole;
use bytes::Bytes;

/// The most bytes that are looked at: more than one read brings, and far less than any limit of the scanner's.
const MAX_LENGTH: usize = 256 << 10;
/// The most digits of a length: more than any that can be whole within these bytes.
const MAX_DIGITS: usize = 7;
/// The longest line of an integer that the scanner lets pass.
const MAX_INTEGER: usize = 20;

/// The reply that the bytes begin with, and its length.
pub(super) fn read(bytes: &Bytes) -> Option<(Reply, usize)> {
    if bytes.len() > MAX_LENGTH {
        return None;
    }
    let mut reader = Reader { bytes, at: 0 };
    let reply = if let Some(b'*') = bytes.first() { reader.list()? } else { reader.value()? };
    Some((reply, reader.at))
}

struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl<'a> Reader<'a> {
    fn list(&mut self) -> Option<Reply> {
        let Some(count) = self.count()? else { return Some(Reply::Null) };
        // No element is shorter than a type byte and an end of line.
        if count > (self.bytes.len() - self.at) / 3 {
            return None;
        }
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(self.value()?);
        }
        Some(Reply::Array(elements))
    }

    fn value(&mut self) -> Option<Reply> {
        Some(match self.bytes.get(self.at)? {
            b'$' => match self.count()? {
                Some(length) => Reply::Text(self.string(length)?),
                None => Reply::Null,
            },
            b':' => Reply::Integer(whole(self.line().filter(|line| line.len() <= MAX_INTEGER)?)?),
            b'+' => Reply::Text(self.bytes.slice_ref(self.line()?)),
            _ => return None,
        })
    }

    /// A length or a number of elements, behind its type byte; none within for -1, which stands for nothing there.
    fn count(&mut self) -> Option<Option<usize>> {
        let line = &self.bytes[self.at + 1..];
        let digits = line.iter().take(MAX_DIGITS).take_while(|byte| byte.is_ascii_digit());
        let (mut count, mut length) = (0, 0);
        for digit in digits {
            count = count * 10 + usize::from(digit - b'0');
            length += 1;
        }
        if length == 0 {
            self.at += 1 + line.starts_with(b"-1\r\n").then_some(4)?;
            return Some(None);
        }
        self.at += 1 + length;
        self.end_of_line()?;
        Some(Some(count))
    }

    fn string(&mut self, length: usize) -> Option<Bytes> {
        let begin = self.at;
        self.at += length;
        self.end_of_line()?;
        Some(self.bytes.slice(begin..begin + length))
    }

    /// The line at hand, without its type byte and its end.
    fn line(&mut self) -> Option<&'a [u8]> {
        let line = &self.bytes[self.at + 1..];
        let line = &line[..line.iter().position(|byte| *byte == b'\r')?];
        self.at += 1 + line.len();
        self.end_of_line()?;
        Some(line)
    }

    fn end_of_line(&mut self) -> Option<()> {
        let end = [*self.bytes.get(self.at)?, *self.bytes.get(self.at + 1)?];
        self.at += 2;
        (end == *b"\r\n").then_some(())
    }
}
