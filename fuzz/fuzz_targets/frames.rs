//! Replies of every shape that RESP2 and RESP3 allow: encodes a value, and reads the same value from the bytes.

#![no_main]

use arbitrary::Arbitrary;
use drsession::redis::{
    incoming::Incoming,
    scanner::{MAX_DEPTH, ScanError, Scanner},
};
use drsession_fuzz::reference::{self, read_frame, take_replies, without_line_breaks};
use libfuzzer_sys::fuzz_target;

/// What the encoded value is followed by: the beginning of another reply, and the rest of it.
const NEXT: [&[u8]; 2] = [b"+the next", b" one\r\n"];
const TOO_DEEP: ScanError = ScanError::Malformed("nested too deeply");

#[derive(Arbitrary, Debug)]
enum Value {
    Null,
    NullString,
    NullArray,
    Integer(i64),
    Text(Vec<u8>),
    Status(String),
    Error(String),
    BlobError(Vec<u8>),
    Verbatim([u8; 3], Vec<u8>),
    Double(f64),
    Boolean(bool),
    BigNumber(u128),
    Array(Vec<Value>),
    Set(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Attributed(Vec<(Value, Value)>, Box<Value>),
}

fuzz_target!(|value: Value| {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    let length = bytes.len();
    bytes.extend_from_slice(NEXT[0]);
    let is_accepted = scan(&value, &bytes, length);
    for size in [bytes.len(), 1, 7] {
        if is_accepted {
            read(&value, &bytes, size);
        } else {
            assert_eq!(reference::read_in_pieces(&bytes, size), (Vec::new(), Err(TOO_DEEP)), "{value:?}");
        }
    }
});

/// Finds the value's frames. Each attribute before the value counts as a separate frame. Returns false if the value nests too deeply.
fn scan(value: &Value, bytes: &[u8], length: usize) -> bool {
    let mut begin = 0;
    loop {
        let frame = match Scanner::default().scan(&bytes[begin..]) {
            Err(TOO_DEEP) if value.depth() > MAX_DEPTH => return false,
            scanned => scanned.expect("a frame").expect("a complete one"),
        };
        let found = &bytes[begin..begin + frame.length];
        let read = read_frame(found, frame);
        begin += frame.length;
        if frame.answers {
            assert_eq!(read, Ok(Some(value.expected())), "{value:?}");
            assert!(begin == length && value.depth() <= MAX_DEPTH);
            return true;
        }
        assert_eq!(read, Ok(None), "{value:?}");
    }
}

/// Reads the value and the reply after it, which arrive in pieces of this size.
fn read(value: &Value, bytes: &[u8], size: usize) {
    let (mut incoming, mut replies) = (Incoming::default(), Vec::new());
    for piece in bytes.chunks(size) {
        incoming.add(piece.to_vec());
        take_replies(&mut incoming, &mut replies).expect("well-formed replies");
    }
    assert_eq!(replies, [value.expected()], "{value:?} in pieces of {size}");
    incoming.add(NEXT[1].to_vec());
    take_replies(&mut incoming, &mut replies).expect("well-formed replies");
    assert_eq!(replies[1..], [reference::Value::Text(b"the next one".to_vec())], "after {value:?}");
    assert!(incoming.is_empty());
}

impl Value {
    fn encode(&self, bytes: &mut Vec<u8>) {
        let mut line = |text: String| bytes.extend_from_slice(format!("{text}\r\n").as_bytes());
        match self {
            Value::Null => line("_".into()),
            Value::NullString => line("$-1".into()),
            Value::NullArray => line("*-1".into()),
            Value::Integer(number) => line(format!(":{number}")),
            Value::Status(text) => line(format!("+{}", one_line(text))),
            Value::Error(text) => line(format!("-{}", one_line(text))),
            Value::Double(number) => line(format!(",{number:e}")),
            Value::Boolean(yes) => line(if *yes { "#t" } else { "#f" }.into()),
            Value::BigNumber(number) => line(format!("({number}")),
            Value::Text(text) => blob(b'$', text, bytes),
            Value::BlobError(text) => blob(b'!', text, bytes),
            Value::Verbatim(format, text) => blob(b'=', &[format, &b":"[..], text].concat(), bytes),
            Value::Array(elements) => aggregate('*', elements.len(), elements, bytes),
            Value::Set(elements) => aggregate('~', elements.len(), elements, bytes),
            Value::Map(pairs) => aggregate('%', pairs.len(), both(pairs), bytes),
            Value::Attributed(pairs, value) => {
                aggregate('|', pairs.len(), both(pairs), bytes);
                value.encode(bytes);
            }
        }
    }

    /// What is read from the encoded value.
    fn expected(&self) -> reference::Value {
        use reference::Value as Read;
        match self {
            Value::Null | Value::NullString | Value::NullArray => Read::Null,
            Value::Integer(number) => Read::Integer(*number),
            Value::Text(text) | Value::Verbatim(_, text) => Read::Text(text.clone()),
            Value::Status(text) => Read::Text(one_line(text).into()),
            Value::Error(text) => Read::Error(one_line(text).into()),
            Value::BlobError(text) => Read::Error(without_line_breaks(text)),
            Value::Double(number) => Read::Text(format!("{number:e}").into()),
            Value::Boolean(yes) => Read::Text(if *yes { b"t" } else { b"f" }.to_vec()),
            Value::BigNumber(number) => Read::Text(number.to_string().into()),
            Value::Array(elements) | Value::Set(elements) => Read::List(elements.iter().map(Value::expected).collect()),
            Value::Map(pairs) => Read::List(both(pairs).map(Value::expected).collect()),
            Value::Attributed(_, value) => value.expected(),
        }
    }

    /// How deep it nests, attributes included.
    fn depth(&self) -> usize {
        let deepest = |values: &mut dyn Iterator<Item = &Value>| 1 + values.map(Value::depth).max().unwrap_or(0);
        match self {
            Value::Array(elements) | Value::Set(elements) => deepest(&mut elements.iter()),
            Value::Map(pairs) => deepest(&mut both(pairs)),
            Value::Attributed(pairs, value) => deepest(&mut both(pairs)).max(value.depth()),
            _ => 0,
        }
    }
}

fn both(pairs: &[(Value, Value)]) -> impl Iterator<Item = &Value> {
    pairs.iter().flat_map(|(key, value)| [key, value])
}

fn aggregate<'a>(kind: char, count: usize, elements: impl IntoIterator<Item = &'a Value>, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("{kind}{count}\r\n").as_bytes());
    elements.into_iter().for_each(|element| element.encode(bytes));
}

fn blob(kind: u8, text: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(kind);
    bytes.extend_from_slice(format!("{}\r\n", text.len()).as_bytes());
    bytes.extend_from_slice(text);
    bytes.extend_from_slice(b"\r\n");
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
