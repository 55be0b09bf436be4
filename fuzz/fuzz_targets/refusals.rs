//! Error replies: the call's error repeats nothing that was sent, and a redirect says what was read from it.
//!
//! The first line of an input is the text of an error reply. The other lines are the arguments of the command before it.

#![no_main]

use drsession::{
    error::Error,
    redis::{
        Batch,
        error_reply::{Redirect, code, into_error, redirect, retry_hint},
    },
};
use libfuzzer_sys::fuzz_target;

/// A piece of an argument of this length must not be shown.
const LONGEST_PIECE: usize = 8;

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let text = lines.next().unwrap_or_default();
    let secrets: Vec<&[u8]> = lines.collect();
    let arguments = [&[&b"COMMAND"[..]], &secrets[..]].concat();
    let shown = match into_error(text, &Batch::of(&arguments), 0) {
        Error::Server(shown) => shown,
        Error::Denied(shown) | Error::Unavailable(shown) | Error::Unsupported(shown) => {
            assert!(shown.len() < 100 && shown.is_ascii());
            return;
        }
        Error::WrongType => return,
        _ => panic!("an error that no error reply means"),
    };
    // A replacement character could look like the end of a piece.
    let parts: Vec<&[u8]> = shown.split(['…', char::REPLACEMENT_CHARACTER]).map(str::as_bytes).collect();
    for secret in secrets.iter().filter(|secret| secret.len() >= LONGEST_PIECE + 2) {
        let is_shown =
            |piece: &[u8]| parts.iter().any(|part| part.windows(LONGEST_PIECE).any(|window| window == piece));
        let piece = secret.windows(LONGEST_PIECE).find(|piece| is_shown(piece));
        assert!(piece.is_none(), "{:?} is in {shown:?}", piece.map(String::from_utf8_lossy));
    }
    let (_, _) = (code(text), retry_hint(text));

    if let Some(Redirect { asks, slot, host, port }) = redirect(text) {
        let written = format!("{} {slot} {host}:{port}", if asks { "ASK" } else { "MOVED" });
        assert_eq!(redirect(written.as_bytes()), Some(Redirect { asks, slot, host, port }));
    }
});
