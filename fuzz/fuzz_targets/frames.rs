//! Replies of every shape that RESP2 and RESP3 allow: encoded, they come out of scanner and decoder as they went in.

#![no_main]

use arbitrary::Arbitrary;
use bytes::Bytes;
use drsession::redis::{
    Reply,
    reply::decode,
    scanner::{MAX_DEPTH, ScanError, Scanner},
};
use libfuzzer_sys::fuzz_target;

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
    bytes.extend_from_slice(b":the next one");
    let mut begin = 0;
    // What stands before a frame comes as one of its own.
    loop {
        let frame = match Scanner::default().scan(&bytes[begin..]) {
            Err(ScanError::Malformed("nested too deeply")) if value.depth() > MAX_DEPTH => return,
            scanned => scanned.expect("a frame").expect("a whole one"),
        };
        let whole = Bytes::copy_from_slice(&bytes[begin..begin + frame.length]);
        begin += frame.length;
        if frame.answers {
            assert!(decode(&whole, frame) == Some(value.reply()), "{value:?}");
            assert!(begin == length && value.depth() <= MAX_DEPTH);
            return;
        }
    }
});

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

    fn reply(&self) -> Reply {
        match self {
            Value::Null | Value::NullString | Value::NullArray => Reply::Null,
            Value::Integer(number) => Reply::Integer(*number),
            Value::Text(text) | Value::Verbatim(_, text) => Reply::Text(text.clone().into()),
            Value::Status(text) => Reply::Text(one_line(text).into()),
            Value::Error(text) => Reply::Error(one_line(text).into()),
            Value::BlobError(text) => Reply::Error(text.clone().into()),
            Value::Double(_) | Value::Boolean(_) | Value::BigNumber(_) => Reply::Other,
            Value::Array(elements) | Value::Set(elements) => Reply::Array(elements.iter().map(Value::reply).collect()),
            Value::Map(pairs) => Reply::Array(both(pairs).map(Value::reply).collect()),
            Value::Attributed(_, value) => value.reply(),
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
