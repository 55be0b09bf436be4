//! Text as a whole number. One parser for all kinds of numbers: each of the standard library's would be half a kilobyte.

/// The number that these digits are, if it fits.
pub(crate) fn whole<T: TryFrom<i64>>(digits: &[u8]) -> Option<T> {
    let number: i64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    T::try_from(number).ok()
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
        assert_eq!(whole::<i64>(b""), None);
        assert_eq!(whole::<i64>(b"1 "), None);
    }
}
