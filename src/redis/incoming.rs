//! Turns the bytes from a server, which arrive in any pieces, into one reply after another.

mod fast_path;

use super::{
    reply::Reply,
    resp3,
    scanner::{ScanError, Scanner},
};
use bytes::Bytes;
use redis_protocol::resp2::decode::decode_range;
use std::mem;

/// Bytes that have arrived but are not parsed yet.
#[derive(Default)]
pub struct Incoming {
    /// The last read, if nothing was left before it. Usually it holds whole replies, which are parsed in place.
    fresh: Bytes,
    /// Replies that came in pieces, or that are not plain.
    collected: Vec<u8>,
    scanner: Scanner,
}

const MALFORMED: ScanError = ScanError::Malformed("an element does not match its type byte");

impl Incoming {
    /// Whether every byte has been parsed.
    pub fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.collected.is_empty()
    }

    /// Adds the bytes of one read.
    pub fn add(&mut self, bytes: Vec<u8>) {
        if self.is_empty() {
            self.fresh = bytes.into();
        } else {
            self.collect();
            self.collected.extend_from_slice(&bytes);
        }
    }

    /// Takes the next reply to a command. Skips what answers no command (RESP3 push messages and attributes). `None` if
    /// the reply is not complete yet.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ScanError> {
        loop {
            if let Some((frame, length)) = fast_path::read(&self.fresh) {
                let whole = length == self.fresh.len();
                let bytes = if whole { mem::take(&mut self.fresh) } else { self.fresh.split_to(length) };
                return Ok(Some(Reply::new(bytes, frame)));
            }
            self.collect();
            let Some(frame) = self.scanner.scan(&self.collected)? else { return Ok(None) };
            let mut bytes = self.take(frame.length);
            if !frame.answers {
                continue;
            }
            if frame.resp3 {
                bytes = resp3::to_resp2(&bytes).ok_or(MALFORMED)?;
            }
            return match decode_range(&bytes) {
                Ok(Some((range, length))) if length == bytes.len() => Ok(Some(Reply::new(bytes, range))),
                _ => Err(MALFORMED),
            };
        }
    }

    fn collect(&mut self) {
        if !self.fresh.is_empty() {
            self.collected = mem::take(&mut self.fresh).into();
        }
    }

    /// Takes the first bytes. The rest is parsed as if it had just arrived.
    fn take(&mut self, length: usize) -> Bytes {
        self.fresh = mem::take(&mut self.collected).into();
        self.fresh.split_to(length)
    }
}

#[cfg(test)]
mod tests {
    use super::{Incoming, ScanError};

    /// Every reply in these bytes, which arrive in pieces of this size.
    fn read(bytes: &[u8], size: usize) -> Vec<String> {
        let (mut incoming, mut replies) = (Incoming::default(), Vec::new());
        for piece in bytes.chunks(size) {
            incoming.add(piece.to_vec());
            while let Some(reply) = incoming.next_reply().unwrap() {
                replies.push(format!("{:?}", reply.value()));
            }
        }
        assert!(incoming.is_empty());
        replies
    }

    fn read_one(bytes: &[u8]) -> String {
        read(bytes, usize::MAX).pop().unwrap()
    }

    #[test]
    fn replies_are_the_same_in_pieces_of_any_size() {
        let bytes = b"+OK\r\n*3\r\n$2\r\nab\r\n$-1\r\n:-7\r\n>1\r\n+pushed\r\n$0\r\n\r\n*2\r\n*1\r\n+a\r\n*0\r\n-ERR no\r\n*-1\r\n_\r\n$1\r\n1\r\n";
        let expected =
            ["\"OK\"", "[\"ab\", null, -7]", "\"\"", "[[\"a\"], []]", "error \"ERR no\"", "null", "null", "\"1\""];
        for size in 1..=bytes.len() {
            assert_eq!(read(bytes, size), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn malformed_replies_are_refused() {
        for bytes in [
            &b"*1\r\n$1\r\nabc\r\n"[..],
            b"$+1\r\na\r\n",
            b":12a\r\n",
            b":0000000000000000000000001\r\n",
            b":99999999999999999999\r\n",
            b"%1\r\n:1\r\n:x\r\n",
            b"+a\rb\r\n",
            b"$1:\r\na",
            b"~-1\r\n",
            b"%-1\r\n",
        ] {
            let mut incoming = Incoming::default();
            incoming.add(bytes.to_vec());
            assert!(matches!(incoming.next_reply(), Err(ScanError::Malformed(_))), "{bytes:?}");
        }
    }

    #[test]
    fn an_incomplete_reply_is_waited_for() {
        for bytes in
            [&b"$3\r\nab"[..], b"$3\r\nabc\r", b"*2\r\n:1\r\n", b"*1000000\r\n", b"$", b"$1", b"*1\r", b":1", b"+a\r"]
        {
            let mut incoming = Incoming::default();
            incoming.add(bytes.to_vec());
            assert!(matches!(incoming.next_reply(), Ok(None)), "{bytes:?}");
        }
    }

    #[test]
    fn both_protocols_say_the_same() {
        let same: [(&[u8], &[u8]); 7] = [
            (b"*2\r\n+a\nb\r\n$-1\r\n", b"*2\r\n+a\nb\r\n_\r\n"),
            (b"$-1\r\n", b"_\r\n"),
            (b"*-1\r\n", b"_\r\n"),
            (b"$4\r\nabcd\r\n", b"=8\r\ntxt:abcd\r\n"),
            (b"*4\r\n$1\r\nb\r\n:1\r\n$1\r\na\r\n:2\r\n", b"%2\r\n$1\r\nb\r\n:1\r\n$1\r\na\r\n:2\r\n"),
            (b"*1\r\n*2\r\n+a\r\n$-1\r\n", b"*1\r\n%1\r\n+a\r\n_\r\n"),
            (b"-ERR a  b\r\n", b"!8\r\nERR a\r\nb\r\n"),
        ];
        for (resp2, resp3) in same {
            assert_eq!(read_one(resp2), read_one(resp3), "{resp2:?}");
            // Replies in pieces take the other path: scanner and redis-protocol.
            assert_eq!(read(resp3, 1), read(resp2, 1), "{resp2:?}");
        }
    }

    #[test]
    fn a_long_map_keeps_its_order() {
        let mut map = b"%100\r\n".to_vec();
        let mut list = b"*200\r\n".to_vec();
        for number in 0..100 {
            let key = format!("{}", number * 7919 % 101);
            let pair = format!("${}\r\n{key}\r\n:{number}\r\n", key.len());
            map.extend_from_slice(pair.as_bytes());
            list.extend_from_slice(pair.as_bytes());
        }
        for size in [7, usize::MAX] {
            assert_eq!(read(&map, size), read(&list, usize::MAX));
        }
    }

    #[test]
    fn an_error_need_not_be_text() {
        assert_eq!(read_one(b"-ERR \xff\xfe\r\n"), "error \"ERR \\xff\\xfe\"");
    }

    #[test]
    fn attributes_are_skipped() {
        assert_eq!(read_one(b"*2\r\n|1\r\n+ttl\r\n*1\r\n:3\r\n:3\r\n+a\r\n"), "[3, \"a\"]");
        assert_eq!(read_one(b"*1\r\n|1\r\n|1\r\n+a\r\n+b\r\n+k\r\n+v\r\n:1\r\n"), "[1]");
        let many = [b"*1\r\n", &b"|0\r\n".repeat(1_000_000)[..], b":1\r\n"].concat();
        assert_eq!(read_one(&many), "[1]");
    }
}
