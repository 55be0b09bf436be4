//! What arrives from a server in any pieces, as replies one after another.

mod plain;

use super::{
    reply::{self, Reply},
    scanner::{ScanError, Scanner},
};
use bytes::{Buf, Bytes, BytesMut};
use std::mem;

/// Bytes that have arrived, and are no replies yet.
#[derive(Default)]
pub struct Incoming {
    /// What came last, with nothing before it. Nearly always it is whole replies, which are read where they lie.
    fresh: Bytes,
    /// What came in pieces, or needs a closer look.
    collected: BytesMut,
    scanner: Scanner,
}

impl Incoming {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.collected.is_empty()
    }

    /// Adds what was read.
    pub fn add(&mut self, bytes: Vec<u8>) {
        if self.is_empty() {
            self.fresh = bytes.into();
        } else {
            self.collect();
            self.collected.extend_from_slice(&bytes);
        }
    }

    /// Takes the next reply to a command, past messages that answer none. None where it is not whole yet.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ScanError> {
        if let Some((reply, length)) = plain::read(&self.fresh) {
            self.fresh.advance(length);
            return Ok(Some(reply));
        }
        self.collect();
        while let Some(frame) = self.scanner.scan(&self.collected)? {
            let bytes = self.take(frame.length);
            if frame.answers {
                return reply::decode(&bytes, frame).ok_or(reply::MALFORMED).map(Some);
            }
        }
        Ok(None)
    }

    fn collect(&mut self) {
        if !self.fresh.is_empty() {
            self.collected = mem::take(&mut self.fresh).into();
        }
    }

    fn take(&mut self, length: usize) -> Bytes {
        let whole = length == self.collected.len();
        let bytes = if whole { mem::take(&mut self.collected) } else { self.collected.split_to(length) };
        bytes.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::{Incoming, Reply, ScanError};

    fn text(text: &'static str) -> Reply {
        Reply::Text(text.into())
    }

    /// Every reply in these bytes, which come in pieces of this size.
    fn read(bytes: &[u8], size: usize) -> Vec<Reply> {
        let (mut incoming, mut replies) = (Incoming::default(), Vec::new());
        for piece in bytes.chunks(size) {
            incoming.add(piece.to_vec());
            while let Some(reply) = incoming.next_reply().unwrap() {
                replies.push(reply);
            }
        }
        assert!(incoming.is_empty());
        replies
    }

    #[test]
    fn replies_are_the_same_in_pieces_of_any_size() {
        let bytes = b"+OK\r\n*3\r\n$2\r\nab\r\n$-1\r\n:-7\r\n>1\r\n+pushed\r\n$0\r\n\r\n*2\r\n*1\r\n+a\r\n*0\r\n-ERR no\r\n*-1\r\n_\r\n$1\r\n1\r\n";
        let list = |elements: &[Reply]| Reply::Array(elements.to_vec());
        let expected = [
            text("OK"),
            list(&[text("ab"), Reply::Null, Reply::Integer(-7)]),
            text(""),
            list(&[list(&[text("a")]), list(&[])]),
            Reply::Error("ERR no".into()),
            Reply::Null,
            Reply::Null,
            text("1"),
        ];
        for size in 1..=bytes.len() {
            assert_eq!(read(bytes, size), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_reply_is_told() {
        for bytes in [
            &b"*1\r\n$1\r\nabc\r\n"[..],
            b"$+1\r\na\r\n",
            b":12a\r\n",
            b":0000000000000000000000001\r\n",
            b"+a\rb\r\n",
            b"$1:\r\na",
        ] {
            let mut incoming = Incoming::default();
            incoming.add(bytes.to_vec());
            assert!(matches!(incoming.next_reply(), Err(ScanError::Malformed(_))), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_not_whole_is_waited_for() {
        for bytes in
            [&b"$3\r\nab"[..], b"$3\r\nabc\r", b"*2\r\n:1\r\n", b"*1000000\r\n", b"$", b"$1", b"*1\r", b":1", b"+a\r"]
        {
            let mut incoming = Incoming::default();
            incoming.add(bytes.to_vec());
            assert!(matches!(incoming.next_reply(), Ok(None)), "{bytes:?}");
        }
    }
}
