//! `increment`, `increment-float`: add to a number.

use super::{Describe, Kind, Operation, Outcome, parse_float::nearest_double};
use crate::{
    error::Error,
    options::Lifetime,
    redis::{Batch, Value, batch::static_arg},
    session::{
        decode::{self, Unexpected},
        transaction::{Held, Seen, Simulation, Stop, Transaction},
    },
    text::parse_int,
};

/// Adds to an integer: HINCRBY (<https://redis.io/docs/latest/commands/hincrby/>). Yields [`Outcome::Integer`].
#[derive(Clone, Copy)]
pub struct Increment<'a> {
    field: &'a str,
    by: i64,
}

/// Adds to a floating-point number: HINCRBYFLOAT (<https://redis.io/docs/latest/commands/hincrbyfloat/>). Yields
/// [`Outcome::Number`].
#[derive(Clone, Copy)]
pub struct IncrementFloat<'a> {
    field: &'a str,
    by: f64,
}

impl<'a> Operation<'a> {
    /// Adds to an integer.
    pub fn increment(field: &'a str, by: i64) -> Self {
        Operation::Increment(Increment { field, by })
    }

    /// Adds to a floating-point number.
    pub fn increment_float(field: &'a str, by: f64) -> Self {
        Operation::IncrementFloat(IncrementFloat { field, by })
    }
}

// Must not be repeated: it would count twice.
const INCREMENT: Kind = Kind { name: static_arg!(b"HINCRBY"), can_fail: true, ..Kind::WRITE };

impl Describe for Increment<'_> {
    fn kind(&self) -> &'static Kind {
        &INCREMENT
    }

    fn field(&self) -> Option<&str> {
        Some(self.field)
    }

    fn script_arguments(&self, batch: &mut Batch) {
        batch.argument(self.field.as_bytes());
        batch.number(self.by);
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        Ok(Outcome::Integer(decode::integer(reply)?))
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Integer(self.by)
    }

    fn creates(&self) -> bool {
        true
    }

    fn field_error(&self, stored: Option<&[u8]>) -> Option<Error> {
        match canonical_integer(stored.unwrap_or(b"0")) {
            None => Some(Error::NotANumber(self.field.into())),
            Some(number) => number.checked_add(self.by).is_none().then_some(Error::Overflow),
        }
    }

    fn simulate(&self, simulation: &mut Simulation) -> Result<Outcome, Stop> {
        if let Held::Sum(_) = simulation.field(self.field) {
            // The digits of a sum are known only after it is written, which is too late to add to them.
            return Err(Stop::unsupported());
        }
        let stored = simulation.field(self.field).bytes();
        if let Some(error) = self.field_error(stored.as_deref()) {
            return Err(Stop::Failed(error));
        }
        let number = stored.as_deref().and_then(canonical_integer).unwrap_or(0) + self.by;
        simulation.hold(self.field, Held::from(itoa::Buffer::new().format(number).as_bytes()));
        Ok(Outcome::Integer(number))
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        let mut digits = itoa::Buffer::new();
        let by = digits.format(self.by).as_bytes();
        transaction.read(self, &[b"HINCRBY", transaction.key, self.field.as_bytes(), by]);
    }
}

const INCREMENT_FLOAT: Kind = Kind { fails_late: true, name: static_arg!(b"HINCRBYFLOAT"), ..INCREMENT };

impl Describe for IncrementFloat<'_> {
    fn kind(&self) -> &'static Kind {
        &INCREMENT_FLOAT
    }

    fn field(&self) -> Option<&str> {
        Some(self.field)
    }

    fn check(&self) -> Result<(), Error> {
        if self.by.is_finite() { Ok(()) } else { Err(Error::invalid("the increment must be a finite number")) }
    }

    fn script_arguments(&self, batch: &mut Batch) {
        batch.argument(self.field.as_bytes());
        batch.argument(ryu::Buffer::new().format_finite(self.by).as_bytes());
    }

    fn decode(&self, reply: Value) -> Result<Outcome, Unexpected> {
        Ok(Outcome::Number(float(decode::text(reply)?).ok_or(Unexpected)?))
    }

    fn on_nothing(&self, _: Lifetime) -> Outcome {
        Outcome::Number(self.by)
    }

    fn creates(&self) -> bool {
        true
    }

    fn field_error(&self, stored: Option<&[u8]>) -> Option<Error> {
        match float(stored.unwrap_or(b"0")) {
            None => Some(Error::NotANumber(self.field.into())),
            Some(number) => (!(number + self.by).is_finite()).then_some(Error::Overflow),
        }
    }

    fn simulate(&self, simulation: &mut Simulation) -> Result<Outcome, Stop> {
        let number = match simulation.field(self.field) {
            Held::Nothing => Some(0.0),
            Held::Sum(sum) => Some(*sum),
            Held::Bytes(bytes) => float(bytes),
        };
        let number = number.ok_or_else(|| Stop::Failed(Error::NotANumber(self.field.into())))?;
        if !(number + self.by).is_finite() {
            return Err(Stop::Failed(Error::Overflow));
        }
        simulation.hold(self.field, Held::Sum(number + self.by));
        Ok(Outcome::Number(number + self.by))
    }

    fn transact<'a>(&'a self, transaction: &mut Transaction<'a>, _: &Seen) {
        let mut digits = ryu::Buffer::new();
        let by = digits.format_finite(self.by).as_bytes();
        transaction.read(self, &[b"HINCRBYFLOAT", transaction.key, self.field.as_bytes(), by]);
    }
}

/// An integer as Redis accepts it: no sign but `-`, no leading zeros.
pub fn canonical_integer(text: &[u8]) -> Option<i64> {
    let number: i64 = parse_int(text)?;
    (itoa::Buffer::new().format(number).as_bytes() == text).then_some(number)
}

/// The longest floating-point number that Redis accepts, in bytes.
const LONGEST_FLOAT: usize = 5_119;

/// Parses a floating-point number to the nearest double. A number too small for a double is refused, as Redis refuses it.
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
        Some(place) => (&text[..place], parse_int(&text[place + 1..])?),
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
    let number = nearest_double(&digits, i32::saturating_sub(exponent, last as i32));
    let vanished = number == 0.0 && !is_zero;
    (!vanished).then_some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::testing::reply;
    use proptest::prelude::*;

    #[test]
    fn integers_are_what_redis_accepts() {
        for (text, number) in [("0", 0), ("-1", -1), ("9223372036854775807", i64::MAX)] {
            assert_eq!(canonical_integer(text.as_bytes()), Some(number));
        }
        for text in ["", "+1", "007", "-0", "5.0", "\"5\"", " 5", "9223372036854775808", "true"] {
            assert_eq!(canonical_integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn malformed_numbers_are_refused() {
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
    fn the_field_decides_why_a_counter_fails() {
        let increment = Increment { field: "n", by: 1 };
        let error = |stored: &str| increment.field_error(Some(stored.as_bytes()));
        assert_eq!(error("5.0"), Some(Error::NotANumber("n".into())));
        assert_eq!(error("9223372036854775807"), Some(Error::Overflow));
        assert_eq!(error("1"), None);
        let add = IncrementFloat { field: "n", by: f64::MAX };
        assert_eq!(add.field_error(Some(b"1.7976931348623157e308")), Some(Error::Overflow));
        assert_eq!(add.field_error(Some(b"[]")), Some(Error::NotANumber("n".into())));
        assert_eq!(add.field_error(None), None);
    }

    #[test]
    fn another_reply_is_unexpected() {
        assert_eq!(Increment { field: "n", by: 1 }.decode(reply("$-1\r\n").value()), Err(Unexpected));
    }
}
