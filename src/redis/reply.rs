//! A reply, decoded once it is whole. Nothing is copied: text is a slice of what was read.
//!
//! redis-protocol decodes RESP2, which is what is spoken unless the URL asks for RESP3. Two things are read in
//! `reply/reader.rs` instead: replies without lists within lists, which cost a third as much there; and RESP3, whose decoder
//! puts maps into hash maps, so that the order of a session's fields is lost, and made the component larger by 72 KB.

mod reader;

use super::scanner::{Frame, ScanError};
use bytes::Bytes;
use redis_protocol::resp2;

/// What Redis answers to one command. RESP2 and RESP3 differ in how they say it, not in what comes out here: a map is the
/// list of its keys and values in turn, a verbatim string is its text.
#[derive(Clone, PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub enum Reply {
    /// Nothing there.
    Null,
    /// A number.
    Integer(i64),
    /// A string of bytes, or a status such as `OK`.
    Text(Bytes),
    /// An error, its prefix first.
    Error(Bytes),
    /// A list.
    Array(Vec<Reply>),
    /// A type that no command of ours is answered with: a double, a boolean, a big number.
    Other,
}

impl Reply {
    /// Whether the server closes the connection after it: a next command would be sent into the void.
    pub fn closes(&self) -> bool {
        matches!(self, Reply::Error(text) if text.starts_with(b"ERR Protocol error"))
    }
}

/// What is wrong where a frame can't be decoded.
pub const MALFORMED: ScanError = ScanError::Malformed("an element that is not what its type says");

/// Decodes the frame that fills `bytes`, as the scanner found it. None where it is malformed after all.
pub fn decode(bytes: &Bytes, frame: Frame) -> Option<Reply> {
    if frame.resp3 || !frame.nested {
        reader::decode(bytes)
    } else {
        let decoded = resp2::decode::decode_range(bytes).ok()??;
        (decoded.1 == frame.length).then(|| from_resp2(bytes, decoded.0))
    }
}

fn from_resp2(bytes: &Bytes, frame: resp2::types::RangeFrame) -> Reply {
    use resp2::types::RangeFrame;
    match frame {
        RangeFrame::Null => Reply::Null,
        RangeFrame::Integer(number) => Reply::Integer(number),
        RangeFrame::SimpleString((start, end)) | RangeFrame::BulkString((start, end)) => {
            Reply::Text(bytes.slice(start..end))
        }
        RangeFrame::Error((start, end)) => Reply::Error(bytes.slice(start..end)),
        RangeFrame::Array(elements) => {
            Reply::Array(elements.into_iter().map(|element| from_resp2(bytes, element)).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::scanner::Scanner, *};

    fn read(bytes: &'static [u8]) -> Option<Reply> {
        let frame = Scanner::default().scan(bytes).unwrap().unwrap();
        decode(&Bytes::from_static(bytes), frame)
    }

    fn text(text: &'static str) -> Reply {
        Reply::Text(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn both_protocols_say_the_same() {
        let same: [(&[u8], &[u8]); 4] = [
            (b"$-1\r\n", b"_\r\n"),
            (b"*-1\r\n", b"_\r\n"),
            (b"$4\r\nabcd\r\n", b"=8\r\ntxt:abcd\r\n"),
            (b"*4\r\n$1\r\nb\r\n:1\r\n$1\r\na\r\n:2\r\n", b"%2\r\n$1\r\nb\r\n:1\r\n$1\r\na\r\n:2\r\n"),
        ];
        for (resp2, resp3) in same {
            assert!(read(resp2).is_some());
            assert_eq!(read(resp2), read(resp3), "{resp2:?}");
        }
    }

    #[test]
    fn a_long_map_keeps_its_order() {
        let mut bytes = b"%100\r\n".to_vec();
        let mut expected = Vec::new();
        for number in 0..100 {
            let key = format!("{}", number * 7919 % 101);
            bytes.extend_from_slice(format!("${}\r\n{key}\r\n:{number}\r\n", key.len()).as_bytes());
            expected.extend([Reply::Text(key.into()), Reply::Integer(number)]);
        }
        let bytes = Bytes::from(bytes);
        let frame = Scanner::default().scan(&bytes).unwrap().unwrap();
        assert_eq!(decode(&bytes, frame), Some(Reply::Array(expected)));
    }

    #[test]
    fn an_error_need_not_be_text() {
        let error = Reply::Error(Bytes::from_static(b"ERR \xff\xfe"));
        assert_eq!(read(b"-ERR \xff\xfe\r\n"), Some(error));
    }

    #[test]
    fn an_attribute_inside_is_passed_over() {
        let expected = Reply::Array(vec![Reply::Integer(3), text("a")]);
        assert_eq!(read(b"*2\r\n|1\r\n+ttl\r\n:3\r\n:3\r\n+a\r\n"), Some(expected));
    }

    #[test]
    fn one_attribute_after_another_takes_no_stack() {
        let bytes = Bytes::from([b"*1\r\n", &b"|0\r\n".repeat(1_000_000)[..], b":1\r\n"].concat());
        let frame = Scanner::default().scan(&bytes).unwrap().unwrap();
        assert_eq!(decode(&bytes, frame), Some(Reply::Array(vec![Reply::Integer(1)])));
    }

    #[test]
    fn a_number_that_is_none_is_malformed() {
        for bytes in [&b":12a\r\n"[..], b":99999999999999999999\r\n", b"%1\r\n:1\r\n:x\r\n"] {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
    }
}
