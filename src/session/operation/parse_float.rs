//! The double nearest to a decimal number of any length.
//!
//! Numbers of up to nineteen digits are left to minimal-lexical. The standard library's parser is larger, because of
//! its tables. For longer numbers minimal-lexical is sometimes wrong by one double. So for these it only computes the
//! doubles below and above. If they differ, exact integers decide which of them is nearer.

use std::cmp::Ordering;

/// The number of digits that always fit into a `u64`.
const HEAD: usize = 19;

/// The double nearest to `digits` (an integer) times ten to the power of `exponent`; the even one of two that are equally near.
pub(super) fn nearest_double(digits: &[u8], exponent: i32) -> f64 {
    let Some((head, rest)) = digits.split_at_checked(HEAD) else { return short(digits, exponent) };
    let head_exponent = exponent.saturating_add(i32::try_from(rest.len()).unwrap_or(i32::MAX));
    let below = short(head, head_exponent);
    let next: u64 = head.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')) + 1;
    let above = short(itoa::Buffer::new().format(next).as_bytes(), head_exponent);
    if below == above {
        return below;
    }
    let bits = below.to_bits();
    let is_even = bits & 1 == 0;
    match compare_with_middle(digits, exponent, bits) {
        Ordering::Less => below,
        Ordering::Equal if is_even => below,
        Ordering::Equal | Ordering::Greater => above,
    }
}

fn short(digits: &[u8], exponent: i32) -> f64 {
    minimal_lexical::parse_float(digits.iter(), [].iter(), exponent)
}

/// Compares `digits` times ten to the power of `exponent` with the middle between a double and the next one.
fn compare_with_middle(digits: &[u8], exponent: i32, bits: u64) -> Ordering {
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
    let fraction = bits & ((1 << FRACTION) - 1);
    // A double is its mantissa times two to this power.
    let (mantissa, power) = match (bits >> FRACTION) as i32 {
        0 => (fraction, -1074),
        biased => (fraction | 1 << FRACTION, biased - 1075),
    };
    let mut number = Integer::default();
    for digit in digits {
        number.multiply_add(10, u32::from(digit - b'0'));
    }
    let mut middle = Integer::from(2 * mantissa + 1);
    let power = power - 1;
    let tens = if exponent < 0 { &mut middle } else { &mut number };
    tens.multiply(10, exponent.unsigned_abs());
    let twos = if power < 0 { &mut number } else { &mut middle };
    twos.multiply(2, power.unsigned_abs());
    number.compare(&middle)
}

/// An unbounded integer, least significant part first; the last part is not zero.
#[derive(Default)]
struct Integer(Vec<u32>);

impl From<u64> for Integer {
    fn from(number: u64) -> Self {
        let mut integer = Self(vec![number as u32, (number >> 32) as u32]);
        while integer.0.pop_if(|part| *part == 0).is_some() {}
        integer
    }
}

impl Integer {
    fn multiply_add(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for part in &mut self.0 {
            carry += u64::from(*part) * u64::from(factor);
            *part = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    /// Multiplies by `factor`, this many times.
    fn multiply(&mut self, factor: u32, times: u32) {
        for _ in 0..times {
            self.multiply_add(factor, 0);
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

#[cfg(test)]
mod tests {
    use super::nearest_double;
    use proptest::prelude::*;

    fn theirs(digits: &str, exponent: i32) -> f64 {
        format!("{digits}e{exponent}").parse().unwrap()
    }

    #[test]
    fn many_digits_are_read_to_the_nearest_double() {
        for (digits, exponent) in [
            // Found by fuzzing: minimal-lexical alone returns the double below.
            ("10000049000999999999999", -24),
            // Halfway between two doubles, a little less, a little more, and halfway above an odd one.
            ("90071992547409930000", -4),
            ("90071992547409929999", -4),
            ("90071992547409930001", -4),
            ("90071992547409950000", -4),
            // The ends of the range: the least double above zero and half of it, the greatest, and a number that rounds
            // to infinity.
            ("49406564584124654418", -343),
            ("24703282292062327208", -343),
            ("24703282292062327209", -343),
            ("17976931348623157081", 289),
            ("17976931348623158079", 289),
            ("17976931348623158080", 289),
            ("99999999999999999999", 0),
        ] {
            let (ours, theirs) = (nearest_double(digits.as_bytes(), exponent), theirs(digits, exponent));
            assert_eq!(ours.to_bits(), theirs.to_bits(), "{digits}e{exponent}");
        }
    }

    proptest! {
        #[test]
        fn any_digits_are_read_as_the_standard_library_reads_them(digits in "[1-9][09]{0,5}[0-9]{0,40}", exponent in -400..400) {
            let (ours, theirs) = (nearest_double(digits.as_bytes(), exponent), theirs(&digits, exponent));
            prop_assert_eq!(ours.to_bits(), theirs.to_bits());
        }

        #[test]
        fn numbers_near_the_middle_of_two_doubles_are_read_as_the_standard_library_reads_them(number: f64, tail in "(|0{0,20}[01]|9{1,20})") {
            prop_assume!(number.is_finite() && number != 0.0);
            let written = format!("{:.0}", (number.abs() % 1e15).trunc() * 2.0 + 1.0);
            // Above 2^53, every other integer is halfway between two doubles.
            let digits = format!("{}{tail}", written.parse::<u64>().unwrap() + (1 << 53));
            let exponent = -i32::try_from(tail.len()).unwrap();
            let (ours, theirs) = (nearest_double(digits.as_bytes(), exponent), theirs(&digits, exponent));
            prop_assert_eq!(ours.to_bits(), theirs.to_bits());
        }
    }
}
