//! Reads replies with [`Incoming`], and compares them with what redis-protocol decodes.

use drsession::redis::{
    self,
    incoming::Incoming,
    scanner::{Frame, ScanError},
};
use redis_protocol::{resp2, resp3};

/// A copy of a value in a reply, which outlives the reply and can be compared.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the same variants as in `redis::Value`")]
pub enum Value {
    Null,
    Integer(i64),
    Text(Vec<u8>),
    Error(Vec<u8>),
    List(Vec<Value>),
}

impl From<redis::Value<'_>> for Value {
    fn from(value: redis::Value<'_>) -> Self {
        match value {
            redis::Value::Null => Self::Null,
            redis::Value::Integer(number) => Self::Integer(number),
            redis::Value::Text(text) => Self::Text(text.to_vec()),
            redis::Value::Error(text) => Self::Error(text.to_vec()),
            redis::Value::List(list) => {
                let values: Vec<Self> = list.into_iter().map(Self::from).collect();
                assert_eq!(list.len(), values.len(), "a list's length is the number of its values");
                Self::List(values)
            }
        }
    }
}

impl Value {
    /// How deep it nests.
    pub fn depth(&self) -> usize {
        match self {
            Self::List(values) => 1 + values.iter().map(Self::depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// The number of elements in all its lists.
    pub fn elements(&self) -> usize {
        match self {
            Self::List(values) => values.len() + values.iter().map(Self::elements).sum::<usize>(),
            _ => 0,
        }
    }
}

/// Takes every reply that is complete. Adds them to `replies`.
///
/// # Errors
///
/// The bytes are malformed, or exceed a limit.
pub fn take_replies(incoming: &mut Incoming, replies: &mut Vec<Value>) -> Result<(), ScanError> {
    while let Some(reply) = incoming.next_reply()? {
        replies.push(reply.value().into());
    }
    Ok(())
}

/// Reads all replies, as a connection does: the bytes arrive in pieces of this size.
pub fn read_in_pieces(bytes: &[u8], size: usize) -> (Vec<Value>, Result<(), ScanError>) {
    let (mut incoming, mut replies) = (Incoming::default(), Vec::new());
    for piece in bytes.chunks(size.max(1)) {
        incoming.add(piece.to_vec());
        if let Err(error) = take_replies(&mut incoming, &mut replies) {
            return (replies, Err(error));
        }
    }
    (replies, Ok(()))
}

/// Reads one frame, whose end the scanner has found. Returns no value if the frame answers no command.
///
/// # Errors
///
/// The frame's content is malformed.
///
/// # Panics
///
/// The scanner and [`Incoming`] disagree about the frame, or the frame's pieces are read differently.
pub fn read_frame(bytes: &[u8], frame: Frame) -> Result<Option<Value>, ScanError> {
    let read = |size: usize| {
        let mut incoming = Incoming::default();
        for piece in bytes[..bytes.len() - 1].chunks(size) {
            incoming.add(piece.to_vec());
            assert!(matches!(incoming.next_reply(), Ok(None)), "a reply before the frame's end");
        }
        incoming.add(bytes[bytes.len() - 1..].to_vec());
        let value = incoming.next_reply()?.map(|reply| Value::from(reply.value()));
        assert!(incoming.is_empty(), "bytes of the frame are left");
        Ok(value)
    };
    let mut whole = Incoming::default();
    whole.add(bytes.to_vec());
    let result = whole.next_reply().map(|reply| reply.map(|reply| Value::from(reply.value())));
    for size in [1, bytes.len()] {
        assert_eq!(result, read(size), "the whole frame, and the frame in pieces of {size}");
    }
    match &result {
        Ok(value) => {
            assert!(whole.is_empty(), "bytes of the frame are left");
            assert_eq!(value.is_some(), frame.answers, "a reply is what answers a command");
        }
        Err(error) => {
            assert!(frame.answers, "a frame that is skipped is not decoded");
            assert!(matches!(error, ScanError::Malformed(_)), "the scanner has checked the limits: {error:?}");
        }
    }
    result
}

/// Compares a frame, and the value that was read from it, with what redis-protocol decodes.
///
/// # Panics
///
/// They differ.
pub fn check(bytes: &[u8], frame: Frame, value: Option<&Value>) {
    if frame.resp3 {
        // redis-protocol accepts less than we do (no attributes within attributes), and loses the order of maps and sets.
        if let Ok(Some((theirs, length))) = resp3::decode::complete::decode_range(bytes) {
            assert_eq!(length, frame.length, "the frame's length");
            if frame.answers {
                assert!(value.is_some_and(|ours| is_same_resp3(bytes, ours, &theirs)), "{value:?} is {theirs:?}");
            }
        }
        return;
    }
    match resp2::decode::decode_range(bytes) {
        Ok(Some((theirs, length))) => {
            assert_eq!(length, frame.length, "the frame's length");
            assert!(value.is_some_and(|ours| is_same_resp2(bytes, ours, &theirs)), "{value:?} is {theirs:?}");
        }
        _ => assert!(value.is_none(), "redis-protocol does not decode {value:?}"),
    }
}

fn is_same_resp2(bytes: &[u8], ours: &Value, theirs: &resp2::types::RangeFrame) -> bool {
    use resp2::types::RangeFrame;
    match (ours, theirs) {
        (Value::Null, RangeFrame::Null) => true,
        (Value::Integer(ours), RangeFrame::Integer(theirs)) => ours == theirs,
        (Value::Text(ours), RangeFrame::SimpleString(range) | RangeFrame::BulkString(range)) => {
            ours[..] == bytes[range.0..range.1]
        }
        (Value::Error(ours), RangeFrame::Error(range)) => ours[..] == bytes[range.0..range.1],
        (Value::List(ours), RangeFrame::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| is_same_resp2(bytes, ours, theirs))
        }
        _ => false,
    }
}

fn is_same_resp3(bytes: &[u8], ours: &Value, theirs: &resp3::types::RangeFrame) -> bool {
    use resp3::types::RangeFrame;
    match (ours, theirs) {
        (Value::Null, RangeFrame::Null) => true,
        (Value::Integer(ours), RangeFrame::Number { data, .. }) => ours == data,
        (
            Value::Text(ours),
            RangeFrame::BlobString { data, .. }
            | RangeFrame::SimpleString { data, .. }
            | RangeFrame::VerbatimString { data, .. }
            | RangeFrame::BigNumber { data, .. },
        ) => ours[..] == bytes[data.0..data.1],
        (Value::Error(ours), RangeFrame::BlobError { data, .. } | RangeFrame::SimpleError { data, .. }) => {
            *ours == without_line_breaks(&bytes[data.0..data.1])
        }
        (Value::Text(ours), RangeFrame::Boolean { data, .. }) => ours == if *data { b"t" } else { b"f" },
        (Value::Text(ours), RangeFrame::Double { data, .. }) => {
            let ours: Option<f64> = str::from_utf8(ours).ok().and_then(|text| text.parse().ok());
            ours.is_some_and(|ours| ours.to_bits() == data.to_bits())
        }
        (Value::List(ours), RangeFrame::Array { data, .. } | RangeFrame::Push { data, .. }) => {
            ours.len() == data.len() && ours.iter().zip(data).all(|(ours, theirs)| is_same_resp3(bytes, ours, theirs))
        }
        // redis-protocol keeps equal elements once.
        (Value::List(ours), RangeFrame::Set { data, .. }) => ours.len() >= data.len(),
        (Value::List(ours), RangeFrame::Map { data, .. }) => ours.len() >= 2 * data.len(),
        _ => false,
    }
}

/// The text of an error in a RESP3 reply: blanks replace its line breaks.
pub fn without_line_breaks(text: &[u8]) -> Vec<u8> {
    text.iter().map(|byte| if b"\r\n".contains(byte) { b' ' } else { *byte }).collect()
}
