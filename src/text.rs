//! Numbers and text, in fewer bytes than the standard library's own functions take in the component. For the same reason, numbers are
//! formatted as `i64` everywhere: each type would bring a function and a table of its own.

/// Concatenates strings. Not inlined: most callers build an error, and there are many of them.
#[inline(never)]
pub(crate) fn concat(pieces: &[&str]) -> String {
    pieces.iter().copied().collect()
}

/// Lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Parses a decimal integer; `None` if it is malformed or does not fit into `T`. One parser serves every integer type: each of the
/// standard library's would take half a kilobyte.
pub(crate) fn parse_int<T: TryFrom<i64>>(digits: &[u8]) -> Option<T> {
    T::try_from(parse_i64(digits)?).ok()
}

/// The number of decimal digits that always fit into a `u64`.
const MAX_DIGITS: usize = 19;

#[inline(never)]
fn parse_i64(text: &[u8]) -> Option<i64> {
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
    use super::parse_int;

    #[test]
    fn only_numbers_that_fit_are_parsed() {
        assert_eq!(parse_int(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_int(b"65535"), Some(u16::MAX));
        assert_eq!(parse_int::<u16>(b"65536"), None);
        assert_eq!(parse_int::<u64>(b"-1"), None);
        assert_eq!(parse_int::<i64>(b"9223372036854775808"), None);
        assert_eq!(parse_int::<i64>(b"-9223372036854775809"), None);
        assert_eq!(parse_int::<i64>(b"99999999999999999999"), None);
        assert_eq!(parse_int::<i64>(b"-000000000000000000000000000007"), Some(-7));
        assert_eq!(parse_int::<i64>(b"000000000000000000000000000000"), Some(0));
        assert_eq!(parse_int::<i64>(b""), None);
        assert_eq!(parse_int::<i64>(b"-"), None);
        assert_eq!(parse_int::<i64>(b"--1"), None);
        assert_eq!(parse_int::<i64>(b"1:"), None);
        assert_eq!(parse_int::<i64>(b"1 "), None);
    }
}
