//! Replies of one value or a list of values, and all that has types of RESP3's own
//! (<https://redis.io/docs/latest/develop/reference/protocol-spec/>). The scanner has checked their structure, lengths and
//! depth.

use super::Reply;
use crate::decimal::whole;
use bytes::Bytes;

/// Decodes a whole frame; none where a number is none.
pub(super) fn decode(bytes: &Bytes) -> Option<Reply> {
    Reader { bytes, at: 0 }.element()
}

struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl<'a> Reader<'a> {
    fn element(&mut self) -> Option<Reply> {
        // In a loop: a server may send one attribute after another.
        while *self.bytes.get(self.at)? == b'|' {
            let pairs: usize = whole(self.line()?)?;
            self.elements(pairs * 2)?;
        }
        let kind = *self.bytes.get(self.at)?;
        let line = self.line()?;
        Some(match kind {
            b'+' => Reply::Text(self.bytes.slice_ref(line)),
            b'-' => Reply::Error(self.bytes.slice_ref(line)),
            b':' => Reply::Integer(whole(line)?),
            b'_' => Reply::Null,
            b'$' | b'*' if line == b"-1" => Reply::Null,
            b'$' => Reply::Text(self.string(line)?),
            b'!' => Reply::Error(self.string(line)?),
            // A verbatim string begins with three letters for its format and a colon.
            b'=' => {
                let string = self.string(line)?;
                Reply::Text((string.len() >= 4).then(|| string.slice(4..))?)
            }
            b'*' | b'~' | b'>' => self.elements(whole(line)?)?,
            b'%' => self.elements(whole::<usize>(line)? * 2)?,
            _ => Reply::Other,
        })
    }

    fn elements(&mut self, count: usize) -> Option<Reply> {
        // The scanner has seen each of them.
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(self.element()?);
        }
        Some(Reply::Array(elements))
    }

    /// The line at hand, without its type byte and its end.
    fn line(&mut self) -> Option<&'a [u8]> {
        let begin = self.at + 1;
        let length = self.bytes[begin..].iter().position(|byte| *byte == b'\r')?;
        self.at = begin + length + 2;
        Some(&self.bytes[begin..begin + length])
    }

    fn string(&mut self, length: &[u8]) -> Option<Bytes> {
        let (begin, length) = (self.at, whole::<usize>(length)?);
        self.at = begin + length + 2;
        (self.at <= self.bytes.len()).then(|| self.bytes.slice(begin..begin + length))
    }
}
