//! Text that Redis takes for a number, or doesn't: held against the standard library.

#![no_main]

use drsession::session::{
    layout,
    reading::{canonical_integer, float},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let utf8 = str::from_utf8(text).ok();
    let integer: Option<i64> = utf8.and_then(|text| text.parse().ok());
    let written = |number: &i64| number.to_string().as_bytes() == text;
    assert_eq!(canonical_integer(text), integer.filter(written));

    let moment = layout::created(text);
    assert_eq!(moment, integer.and_then(|number| u64::try_from(number).ok()).filter(|moment| *moment <= 1 << 53));

    let theirs: Option<f64> = utf8.and_then(|text| text.parse().ok());
    match (float(text), theirs) {
        (Some(ours), Some(theirs)) => assert_eq!(ours.to_bits(), theirs.to_bits()),
        (Some(ours), None) => panic!("{ours} to us"),
        (None, Some(theirs)) => assert!(is_none_to_redis(text, theirs), "{theirs} to others"),
        (None, None) => {}
    }
});

/// Words, what vanishes, and what is longer than Redis reads or an exponent that no number needs.
fn is_none_to_redis(text: &[u8], number: f64) -> bool {
    let (mantissa, exponent) = text.split_at(text.iter().position(|byte| b"eE".contains(byte)).unwrap_or(text.len()));
    let is_word = !mantissa.iter().any(u8::is_ascii_digit);
    let vanishes = number == 0.0 && mantissa.iter().any(|byte| (b'1'..=b'9').contains(byte));
    is_word || vanishes || text.len() > 5_119 || exponent.len() > 9
}
