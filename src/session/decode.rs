//! Converts values in replies to the types that they should have.

use super::layout::is_reserved;
use crate::{
    error::Error,
    redis::{Value, reply::List},
    text::parse_int,
};

/// A reply that does not match its command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unexpected;

impl Unexpected {
    /// The call's error. If the call writes, its outcome is unknown.
    pub fn into_error(self, writes: bool) -> Error {
        let what = "the reply does not match the command";
        if writes { Error::OutcomeUnknown(what.into()) } else { Error::Protocol(what.into()) }
    }
}

/// A list.
pub fn list(value: Value<'_>) -> Result<List<'_>, Unexpected> {
    match value {
        Value::List(list) => Ok(list),
        _ => Err(Unexpected),
    }
}

/// A text, or null.
pub fn optional_text(value: Value<'_>) -> Result<Option<&[u8]>, Unexpected> {
    match value {
        Value::Text(text) => Ok(Some(text)),
        Value::Null => Ok(None),
        _ => Err(Unexpected),
    }
}

/// A text.
pub fn text(value: Value<'_>) -> Result<&[u8], Unexpected> {
    optional_text(value)?.ok_or(Unexpected)
}

/// A number, or its digits: scripts return numbers as text.
pub fn integer(value: Value) -> Result<i64, Unexpected> {
    match value {
        Value::Integer(number) => Ok(number),
        Value::Text(digits) => parse_int(digits).ok_or(Unexpected),
        _ => Err(Unexpected),
    }
}

/// Field names, without the reserved ones.
pub fn names(value: Value) -> Result<Vec<Vec<u8>>, Unexpected> {
    let list = list(value)?;
    let mut names = Vec::with_capacity(list.len());
    for value in list {
        let name = text(value)?;
        if !is_reserved(name) {
            names.push(name.to_vec());
        }
    }
    Ok(names)
}

/// A field's name and value.
pub type Item = (Vec<u8>, Vec<u8>);

/// Field names with their values, without the reserved ones: a list of both in turn.
pub fn items(value: Value) -> Result<Vec<Item>, Unexpected> {
    let list = list(value)?;
    let mut items = Vec::with_capacity(list.len() / 2);
    let mut values = list.into_iter();
    while let Some(name) = values.next() {
        let (name, value) = (text(name)?, text(values.next().ok_or(Unexpected)?)?);
        if !is_reserved(name) {
            items.push((name.to_vec(), value.to_vec()));
        }
    }
    Ok(items)
}

/// Checks that a stored value is UTF-8.
pub fn utf8(bytes: Vec<u8>, field: &str) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| Error::Corrupt(field.into()))
}

/// Checks that a field name is UTF-8.
pub fn utf8_name(name: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(name).map_err(|error| {
        let name = String::from_utf8_lossy(error.as_bytes()).into_owned();
        Error::Corrupt(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::testing::reply;

    #[test]
    fn reserved_fields_are_hidden() {
        let listing = reply("*4\r\n$8\r\n\0created\r\n$1\r\n1\r\n$1\r\na\r\n$1\r\n2\r\n");
        assert_eq!(items(listing.value()), Ok(vec![(b"a".to_vec(), b"2".to_vec())]));
        let listing = reply("*3\r\n$8\r\n\0created\r\n$1\r\na\r\n$6\r\n\0later\r\n");
        assert_eq!(names(listing.value()), Ok(vec![b"a".to_vec()]));
        assert_eq!(items(reply("*1\r\n$1\r\na\r\n").value()), Err(Unexpected));
        assert_eq!(names(reply("*1\r\n:1\r\n").value()), Err(Unexpected));
    }
}
