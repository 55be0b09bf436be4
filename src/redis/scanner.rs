//! Finds the end of a reply in bytes that arrive in any pieces. Checks the limits before memory is allocated or
//! anything is decoded. The scanner looks at each byte once, however often it is called, and does not use recursion.
//!
//! It reads RESP2 and RESP3 by their type bytes (<https://redis.io/docs/latest/develop/reference/protocol-spec/>).
//! Streamed strings and aggregates, which no Redis server sends, are refused.

use std::mem;

/// The longest reply, in bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// The most elements in a reply, at all depths together.
pub const MAX_ELEMENTS: usize = 1 << 20;
/// How deep a reply may nest. The replies to our commands nest four deep at most (CLUSTER SLOTS since Redis 7).
pub const MAX_DEPTH: usize = 16;
/// The longest line of text, such as a status or an error. Those that Redis sends are far shorter.
const MAX_LINE: usize = 1 << 20;
/// The longest line that holds a number: a type byte, a sign and 20 digits.
const MAX_NUMBER: usize = 22;
/// The longest line that holds a double. Those that Redis sends are shorter.
const MAX_DOUBLE: usize = 512;

/// Why a reply is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScanError {
    /// It exceeds a limit. Carries the limit in bytes.
    TooLarge(usize),
    /// It is not RESP. Says why.
    Malformed(&'static str),
}

/// A whole frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Its length in bytes, from the beginning of what was scanned.
    pub length: usize,
    /// Whether it holds types that only RESP3 has.
    pub resp3: bool,
    /// Whether it answers a command. Push messages and attributes do not.
    pub answers: bool,
}

/// An aggregate whose elements are still coming.
struct Open {
    remaining: usize,
    /// Whether it is an attribute, which precedes a value and does not count as an element.
    attribute: bool,
}

/// How far the frame that is arriving has been scanned.
#[derive(Default)]
pub struct Scanner {
    /// The bytes of the frame before this index have been scanned.
    at: usize,
    /// The line that begins at `at` does not end before this index.
    searched: usize,
    open: Vec<Open>,
    elements: usize,
    resp3: bool,
    kind: Option<u8>,
}

/// What the next element is.
enum Element {
    Whole,
    Aggregate(Open),
    Unfinished,
}

impl Scanner {
    /// Continues where the previous call stopped. `bytes` begins with the frame, and holds at least what it held in the
    /// previous call. Returns `None` if the frame is not complete yet. After a frame, the scanner begins with the next
    /// one.
    pub fn scan(&mut self, bytes: &[u8]) -> Result<Option<Frame>, ScanError> {
        let result = self.proceed(bytes);
        match result {
            Ok(None) if bytes.len() > MAX_BYTES => Err(ScanError::TooLarge(MAX_BYTES)),
            Ok(None) => Ok(None),
            ended => {
                self.open.clear();
                *self = Self { open: mem::take(&mut self.open), ..Self::default() };
                ended
            }
        }
    }

    fn proceed(&mut self, bytes: &[u8]) -> Result<Option<Frame>, ScanError> {
        while self.at < bytes.len() {
            match self.element(bytes)? {
                Element::Unfinished => return Ok(None),
                Element::Aggregate(open) => {
                    self.open.push(open);
                }
                Element::Whole => self.count_element(),
            }
            self.close_finished();
            if self.open.is_empty() {
                return Ok(Some(Frame {
                    length: self.at,
                    resp3: self.resp3,
                    answers: !matches!(self.kind, Some(b'>' | b'|')),
                }));
            }
        }
        Ok(None)
    }

    fn count_element(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.remaining -= 1;
        }
    }

    fn close_finished(&mut self) {
        while let Some(Open { remaining: 0, .. }) = self.open.last() {
            let finished = self.open.pop();
            if finished.is_some_and(|open| !open.attribute) {
                self.count_element();
            }
        }
    }

    /// Reads the element that begins at `at`, and moves past it if it is complete.
    fn element(&mut self, bytes: &[u8]) -> Result<Element, ScanError> {
        let kind = bytes[self.at];
        let limit = match kind {
            b'+' | b'-' | b'(' => MAX_LINE,
            b',' => MAX_DOUBLE,
            b':' | b'$' | b'*' | b'_' | b'#' | b'=' | b'!' | b'~' | b'>' | b'%' | b'|' => MAX_NUMBER,
            _ => return Err(ScanError::Malformed("unknown type byte")),
        };
        self.kind.get_or_insert(kind);
        let Some(line) = self.line(bytes, limit)? else {
            return Ok(Element::Unfinished);
        };
        let after_line = self.at + line.len() + 3;
        match kind {
            b'+' | b'-' | b':' => self.at = after_line,
            b'_' | b'#' | b',' | b'(' => {
                self.resp3 = true;
                self.at = after_line;
            }
            b'$' if line == b"-1" => self.at = after_line,
            b'*' if line == b"-1" => self.at = after_line,
            b'$' | b'=' | b'!' => {
                self.resp3 |= kind != b'$';
                let end = count(line, MAX_BYTES)? + after_line + 2;
                if end > MAX_BYTES {
                    return Err(ScanError::TooLarge(MAX_BYTES));
                }
                if bytes.len() < end {
                    return Ok(Element::Unfinished);
                }
                if &bytes[end - 2..end] != b"\r\n" {
                    return Err(ScanError::Malformed("a string without its end of line"));
                }
                self.at = end;
            }
            _ => {
                self.resp3 |= kind != b'*';
                let pairs = matches!(kind, b'%' | b'|');
                let remaining = count(line, MAX_ELEMENTS)? << u32::from(pairs);
                self.elements += remaining;
                if self.elements > MAX_ELEMENTS {
                    return Err(ScanError::TooLarge(MAX_BYTES));
                }
                if self.open.len() == MAX_DEPTH {
                    return Err(ScanError::Malformed("nested too deeply"));
                }
                self.at = after_line;
                self.searched = 0;
                let attribute = kind == b'|';
                return Ok(Element::Aggregate(Open { remaining, attribute }));
            }
        }
        self.searched = 0;
        Ok(Element::Whole)
    }

    /// The line at `at` without its type byte and its end, once that has arrived.
    fn line<'a>(&mut self, bytes: &'a [u8], limit: usize) -> Result<Option<&'a [u8]>, ScanError> {
        let from = self.searched.max(self.at + 1);
        let end = bytes[from..].iter().position(|&byte| byte == b'\r');
        let end = end.map_or(bytes.len(), |offset| from + offset);
        if end - self.at > limit {
            return Err(ScanError::Malformed("a line is too long"));
        }
        self.searched = end;
        match bytes.get(end + 1) {
            None => Ok(None),
            Some(b'\n') => Ok(Some(&bytes[self.at + 1..end])),
            Some(_) => Err(ScanError::Malformed("a line with a bare carriage return")),
        }
    }
}

/// Parses a length or a number of elements, and checks it against its limit.
fn count(digits: &[u8], limit: usize) -> Result<usize, ScanError> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(ScanError::Malformed("a length that is not a number"));
    }
    let number =
        digits.iter().try_fold(0_usize, |number, digit| number.checked_mul(10)?.checked_add(usize::from(digit - b'0')));
    match number {
        Some(number) if number <= limit => Ok(number),
        _ => Err(ScanError::TooLarge(MAX_BYTES)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[&[u8]] = &[
        b"+OK\r\n",
        b"-ERR it \xff is\r\n",
        b":-9223372036854775808\r\n",
        b"$-1\r\n",
        b"*-1\r\n",
        b"_\r\n",
        b"#t\r\n",
        b",1.5e300\r\n",
        b"(3492890328409238509324850943850943825024385\r\n",
        b"$0\r\n\r\n",
        b"$6\r\na\r\nb\r\n\r\n",
        b"*0\r\n",
        b"*3\r\n$1\r\na\r\n*2\r\n:1\r\n*0\r\n$-1\r\n",
        b"%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n",
        b"~1\r\n+a\r\n",
        b"=7\r\ntxt:abc\r\n",
        b"!5\r\nERR x\r\n",
        b"*2\r\n|1\r\n+ttl\r\n:3\r\n+a\r\n+b\r\n",
    ];

    #[test]
    fn a_frame_is_found_wherever_it_is_cut() {
        for &frame in WHOLE {
            let mut longer = frame.to_vec();
            longer.extend_from_slice(b"+the next one");
            for cut in 0..frame.len() {
                let mut scanner = Scanner::default();
                assert_eq!(scanner.scan(&frame[..cut]), Ok(None), "{frame:?} at {cut}");
                let found = scanner.scan(&longer).unwrap().unwrap();
                assert_eq!(found.length, frame.len(), "{frame:?} at {cut}");
                assert!(found.answers);
            }
        }
    }

    #[test]
    fn a_frame_is_found_byte_by_byte() {
        for &frame in WHOLE {
            let mut scanner = Scanner::default();
            for end in 0..frame.len() {
                assert_eq!(scanner.scan(&frame[..end]), Ok(None));
            }
            assert_eq!(scanner.scan(frame).unwrap().unwrap().length, frame.len());
        }
    }

    #[test]
    fn pushed_messages_and_attributes_answer_nothing() {
        for frame in [&b">2\r\n+invalidate\r\n_\r\n"[..], b"|1\r\n+a\r\n+b\r\n"] {
            let found = Scanner::default().scan(frame).unwrap().unwrap();
            assert!(!found.answers && found.resp3);
            assert_eq!(found.length, frame.len());
        }
    }

    #[test]
    fn what_is_not_resp_is_refused_at_once() {
        let malformed: [&[u8]; 12] = [
            b"hello",
            b"HTTP/1.1 400 Bad Request\r\n",
            b"$?\r\n",
            b"*?\r\n",
            b"$-2\r\n",
            b"$+5\r\nhello\r\n",
            b"$5\r\nhelloXX",
            b"*\r\n",
            b":1\rX",
            b"*1x\r\n",
            b"$00000000000000000000000000001\r\n",
            b"_000000000000000000000000000",
        ];
        for bytes in malformed {
            let result = Scanner::default().scan(bytes);
            assert!(matches!(result, Err(ScanError::Malformed(_))), "{bytes:?}: {result:?}");
        }
    }

    #[test]
    fn what_is_past_a_limit_is_refused_before_it_arrives() {
        let too_large: [&[u8]; 5] =
            [b"$536870912\r\n", b"$99999999999999999999\r\n", b"*1048577\r\n", b"%524289\r\n", b"*2\r\n*1048000\r\n"];
        for bytes in too_large {
            let mut scanner = Scanner::default();
            let mut result = scanner.scan(bytes);
            if result == Ok(None) {
                let more = [bytes, &b"*1048000\r\n".repeat(2)].concat();
                result = scanner.scan(&more);
            }
            assert_eq!(result, Err(ScanError::TooLarge(MAX_BYTES)), "{bytes:?}");
        }
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let bytes = b"*1\r\n".repeat(MAX_DEPTH + 1);
        let result = Scanner::default().scan(&bytes);
        assert_eq!(result, Err(ScanError::Malformed("nested too deeply")));
        let mut deepest = b"*1\r\n".repeat(MAX_DEPTH);
        deepest.extend_from_slice(b":1\r\n");
        assert!(Scanner::default().scan(&deepest).unwrap().is_some());
    }

    #[test]
    fn a_line_without_end_is_refused_at_the_limit() {
        let mut scanner = Scanner::default();
        let mut bytes = vec![b'x'; MAX_LINE];
        bytes[0] = b'-';
        assert_eq!(scanner.scan(&bytes), Ok(None));
        bytes.extend_from_slice(b"xx");
        assert_eq!(scanner.scan(&bytes), Err(ScanError::Malformed("a line is too long")));
    }
}
