//! What replies say, step by step.

mod nearest;

use super::{
    layout::is_reserved,
    step::{Outcome, Step, Swap},
};
use crate::{decimal::whole, error::Error, redis::Reply};
use bytes::Bytes;

/// A reply that does not answer what was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unexpected;

impl Unexpected {
    /// As the caller is told it: after a write, nobody knows what was done.
    pub fn told(self, writes: bool) -> Error {
        let what = "the reply does not answer the command";
        if writes { Error::OutcomeUnknown(what.into()) } else { Error::Protocol(what.into()) }
    }
}

/// What steps came to, by the replies to them.
pub fn outcomes(steps: &[Step], replies: impl IntoIterator<Item = Reply>) -> Result<Vec<Outcome>, Unexpected> {
    let mut outcomes = Vec::with_capacity(steps.len());
    for (step, reply) in steps.iter().zip(replies) {
        outcomes.push(outcome(step, reply)?);
    }
    Ok(outcomes)
}

/// What a step came to, by the reply to it.
pub fn outcome(step: &Step, reply: Reply) -> Result<Outcome, Unexpected> {
    Ok(match step {
        Step::Get(_) | Step::Pop(_) => Outcome::Value(value(reply)?),
        Step::Contains(_) | Step::Delete(_) | Step::SetIfAbsent(..) => Outcome::Flag(integer(reply)? != 0),
        Step::Set(..) | Step::Clear | Step::SetLifetime(_) | Step::Destroy(_) => match reply {
            Reply::Error(_) => return Err(Unexpected),
            _ => Outcome::Done,
        },
        Step::CompareAndSet { .. } => match reply {
            Reply::Integer(1) => Outcome::Swap(Swap::Stored),
            _ => return Err(Unexpected),
        },
        Step::Increment(..) => Outcome::Integer(integer(reply)?),
        Step::IncrementFloat(..) => Outcome::Number(number(reply)?),
        Step::Len => Outcome::Integer(match reply {
            Reply::Array(names) => {
                let names = texts(names)?;
                names.iter().filter(|name| !is_reserved(name)).count() as i64
            }
            reply => integer(reply)?,
        }),
        Step::Keys => {
            let mut names = texts(list(reply)?)?;
            names.retain(|name| !is_reserved(name));
            Outcome::Keys(names)
        }
        Step::Items => {
            let mut items = pairs(reply)?;
            items.retain(|(name, _)| !is_reserved(name));
            Outcome::Items(items)
        }
        Step::Ttl => {
            let milliseconds = integer(reply)?;
            Outcome::Expiry(u64::try_from(milliseconds).ok())
        }
    })
}

/// The elements of a list.
pub fn list(reply: Reply) -> Result<Vec<Reply>, Unexpected> {
    match reply {
        Reply::Array(elements) => Ok(elements),
        _ => Err(Unexpected),
    }
}

/// Bytes, or nothing.
pub fn value(reply: Reply) -> Result<Option<Bytes>, Unexpected> {
    match reply {
        Reply::Null => Ok(None),
        Reply::Text(bytes) => Ok(Some(bytes)),
        _ => Err(Unexpected),
    }
}

/// A number, or its digits: a script's numbers travel as text.
pub fn integer(reply: Reply) -> Result<i64, Unexpected> {
    match reply {
        Reply::Integer(number) => Ok(number),
        Reply::Text(digits) => whole(&digits).ok_or(Unexpected),
        _ => Err(Unexpected),
    }
}

fn number(reply: Reply) -> Result<f64, Unexpected> {
    match reply {
        Reply::Text(digits) => float(&digits).ok_or(Unexpected),
        _ => Err(Unexpected),
    }
}

/// The longest number with a fraction that Redis reads, in bytes.
const LONGEST_FLOAT: usize = 5_119;

/// Text as a number with a fraction, to the nearest double. What is so small that it would be read as zero is no number to
/// Redis either.
pub fn float(text: &[u8]) -> Option<f64> {
    if text.len() > LONGEST_FLOAT {
        return None;
    }
    let (negative, text) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let split = |text: &'_ [u8], separators: &[u8]| text.iter().position(|byte| separators.contains(byte));
    let (mantissa, exponent) = match split(text, b"eE") {
        Some(place) => (&text[..place], whole(&text[place + 1..])?),
        None => (text, 0),
    };
    let (whole, fraction) = match split(mantissa, b".") {
        Some(place) => (&mantissa[..place], &mantissa[place + 1..]),
        None => (mantissa, &mantissa[..0]),
    };
    if whole.len() + fraction.len() == 0 || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let is_zero = whole.iter().chain(fraction).all(|digit| *digit == b'0');
    let last = fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    let digits: Vec<u8> = whole.iter().chain(&fraction[..last]).copied().skip_while(|digit| *digit == b'0').collect();
    let number = nearest::nearest(&digits, i32::saturating_sub(exponent, last as i32));
    let vanished = number == 0.0 && !is_zero;
    (!vanished).then_some(if negative { -number } else { number })
}

/// A list of texts.
pub fn texts(replies: Vec<Reply>) -> Result<Vec<Bytes>, Unexpected> {
    replies.into_iter().map(|reply| value(reply)?.ok_or(Unexpected)).collect()
}

/// Names with values: a list of both in turn.
pub fn pairs(reply: Reply) -> Result<Vec<(Bytes, Bytes)>, Unexpected> {
    let mut texts = texts(list(reply)?)?.into_iter();
    let mut pairs = Vec::with_capacity(texts.len() / 2);
    while let Some(name) = texts.next() {
        pairs.push((name, texts.next().ok_or(Unexpected)?));
    }
    Ok(pairs)
}

/// Why a counter's step failed: only what the field holds tells it, for the server's texts change. None where it is neither
/// of the two.
pub fn counter_error(step: &Step, stored: Option<&[u8]>) -> Option<Error> {
    let not_a_number = |field: &str| Some(Error::NotANumber(field.into()));
    let stored = stored.unwrap_or(b"0");
    match step {
        Step::Increment(field, by) => match canonical_integer(stored) {
            None => not_a_number(field),
            Some(number) => number.checked_add(*by).is_none().then_some(Error::Overflow),
        },
        Step::IncrementFloat(field, by) => match float(stored) {
            None => not_a_number(field),
            Some(number) => (!(number + by).is_finite()).then_some(Error::Overflow),
        },
        _ => None,
    }
}

/// An integer as Redis takes it for one: no sign but `-`, no leading zeros.
pub fn canonical_integer(text: &[u8]) -> Option<i64> {
    let number: i64 = whole(text)?;
    (itoa::Buffer::new().format(number).as_bytes() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_are_what_redis_takes_for_them() {
        for (text, number) in [("0", 0), ("-1", -1), ("9223372036854775807", i64::MAX)] {
            assert_eq!(canonical_integer(text.as_bytes()), Some(number));
        }
        for text in ["", "+1", "007", "-0", "5.0", "\"5\"", " 5", "9223372036854775808", "true"] {
            assert_eq!(canonical_integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_told() {
        for text in
            ["", "-", ".", "e5", "1e", "1.2.3", "0x10", " 1", "1 ", "inf", "nan", "1_0", "--1", "\"1\"", "1e-5000"]
        {
            assert_eq!(float(text.as_bytes()), None, "{text}");
        }
        for text in ["0", "-0.0", "007.500", "1.", ".5", "+3e2", "5e-324", "0e-400", "1e400"] {
            assert_eq!(float(text.as_bytes()), Some(text.parse().unwrap()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_read_to_the_nearest_double(text in "-?[1-9][0-9]{0,25}(\\.[0-9]{0,25})?([eE]-?[0-9]{1,2})?") {
            prop_assert_eq!(float(text.as_bytes()), Some(text.parse().unwrap()));
        }

        #[test]
        fn every_double_is_read_back(number: f64) {
            prop_assume!(number.is_finite());
            prop_assert_eq!(float(format!("{number}").as_bytes()), Some(number));
            prop_assert_eq!(float(ryu::Buffer::new().format_finite(number).as_bytes()), Some(number));
        }
    }

    #[test]
    fn a_counter_fails_for_what_the_field_holds() {
        let increment = Step::Increment("n", 1);
        let told = |stored: &str| counter_error(&increment, Some(stored.as_bytes()));
        assert_eq!(told("5.0"), Some(Error::NotANumber("n".into())));
        assert_eq!(told("9223372036854775807"), Some(Error::Overflow));
        assert_eq!(told("1"), None);
        let add = Step::IncrementFloat("n", f64::MAX);
        assert_eq!(counter_error(&add, Some(b"1.7976931348623157e308")), Some(Error::Overflow));
        assert_eq!(counter_error(&add, Some(b"[]")), Some(Error::NotANumber("n".into())));
        assert_eq!(counter_error(&add, None), None);
    }

    #[test]
    fn reserved_fields_stay_hidden() {
        let text = |text: &'static str| Reply::Text(Bytes::from_static(text.as_bytes()));
        let names = Reply::Array(vec![text("\0created"), text("a"), text("\0later")]);
        assert_eq!(outcome(&Step::Len, names.clone()), Ok(Outcome::Integer(1)));
        assert_eq!(outcome(&Step::Keys, names), Ok(Outcome::Keys(vec!["a".into()])));
        let items = Reply::Array(vec![text("\0idle"), text("5"), text("a"), text("1")]);
        assert_eq!(outcome(&Step::Items, items), Ok(Outcome::Items(vec![("a".into(), "1".into())])));
    }

    #[test]
    fn a_reply_of_another_kind_is_unexpected() {
        assert_eq!(outcome(&Step::Get("a"), Reply::Integer(1)), Err(Unexpected));
        assert_eq!(outcome(&Step::Items, Reply::Array(vec![Reply::Text("a".into())])), Err(Unexpected));
        assert_eq!(outcome(&Step::Increment("a", 1), Reply::Null), Err(Unexpected));
    }
}
