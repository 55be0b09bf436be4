//! Text that Redis accepts or refuses as a number: compares the parsers with the standard library's.

#![no_main]

use drsession::session::{
    layout,
    operation::{canonical_integer, float},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let utf8 = str::from_utf8(text).ok();
    let integer: Option<i64> = utf8.and_then(|text| text.parse().ok());
    let written = |number: &i64| number.to_string().as_bytes() == text;
    assert_eq!(canonical_integer(text), integer.filter(written));

    let time = layout::created(text);
    assert_eq!(time, integer.and_then(|number| u64::try_from(number).ok()).filter(|time| *time <= 1 << 53));

    let theirs: Option<f64> = utf8.and_then(|text| text.parse().ok());
    match (float(text), theirs) {
        (Some(ours), Some(theirs)) => assert_eq!(ours.to_bits(), theirs.to_bits()),
        (Some(ours), None) => panic!("only we accept it, as {ours}"),
        (None, Some(theirs)) => {
            assert!(redis_refuses(text, theirs), "only the standard library accepts it, as {theirs}")
        }
        (None, None) => {}
    }
});

/// Whether Redis refuses a number that the standard library accepts: a word (`inf`, `nan`), a number too small for a double, a text
/// or an exponent that is too long.
fn redis_refuses(text: &[u8], number: f64) -> bool {
    let (mantissa, exponent) = text.split_at(text.iter().position(|byte| b"eE".contains(byte)).unwrap_or(text.len()));
    let is_word = !mantissa.iter().any(u8::is_ascii_digit);
    let vanishes = number == 0.0 && mantissa.iter().any(|byte| (b'1'..=b'9').contains(byte));
    is_word || vanishes || text.len() > 5_119 || exponent.len() > 9
}
