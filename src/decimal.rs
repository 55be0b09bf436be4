//! Text as a whole number. One parser for all kinds of numbers: each of the standard library's would be half a kilobyte.

/// The number that these digits are, if it fits.
pub(crate) fn whole<T: TryFrom<i64>>(digits: &[u8]) -> Option<T> {
    T::try_from(integer(digits)?).ok()
}

/// The most digits that any number of 64 bits holds.
const MAX_DIGITS: usize = 19;

#[inline(never)]
fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    if digits.is_empty() || digits.len() - zeros > MAX_DIGITS {
        return None;
    }
    let mut number = 0_u64;
    for digit in &digits[zeros..] {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    if negative { 0_i64.checked_sub_unsigned(number) } else { number.try_into().ok() }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_number_that_does_not_fit_is_none() {
        assert_eq!(whole(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(whole(b"65535"), Some(u16::MAX));
        assert_eq!(whole::<u16>(b"65536"), None);
        assert_eq!(whole::<u64>(b"-1"), None);
        assert_eq!(whole::<i64>(b"9223372036854775808"), None);
        assert_eq!(whole::<i64>(b"-9223372036854775809"), None);
        assert_eq!(whole::<i64>(b"99999999999999999999"), None);
        assert_eq!(whole::<i64>(b"-000000000000000000000000000007"), Some(-7));
        assert_eq!(whole::<i64>(b"000000000000000000000000000000"), Some(0));
        assert_eq!(whole::<i64>(b""), None);
        assert_eq!(whole::<i64>(b"-"), None);
        assert_eq!(whole::<i64>(b"--1"), None);
        assert_eq!(whole::<i64>(b"1:"), None);
        assert_eq!(whole::<i64>(b"1 "), None);
    }
}
