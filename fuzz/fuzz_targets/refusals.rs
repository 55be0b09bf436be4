//! Error replies: what is told of them holds nothing of what was sent, and a redirection means what it says.
//!
//! An input is an error's text in its first line, and in those behind it the arguments of the command that it answers.

#![no_main]

use drsession::{
    error::Error,
    redis::{
        Batch,
        refusal::{Redirect, error, passing, redirect},
    },
};
use libfuzzer_sys::fuzz_target;

/// The longest piece of an argument that may be seen.
const LONGEST_PIECE: usize = 8;

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let text = lines.next().unwrap_or_default();
    let secrets: Vec<&[u8]> = lines.collect();
    let arguments = [&[&b"COMMAND"[..]], &secrets[..]].concat();
    let shown = match error(text, &Batch::of(&arguments), 0) {
        Error::Server(shown) => shown,
        Error::Denied(shown) | Error::Unavailable(shown) | Error::Unsupported(shown) => {
            assert!(shown.len() < 100 && shown.is_ascii());
            return;
        }
        Error::WrongType => return,
        _ => panic!("no error that a server's reply can mean"),
    };
    // What stands for something else could look like the end of a piece.
    let said: Vec<&[u8]> = shown.split(['…', char::REPLACEMENT_CHARACTER]).map(str::as_bytes).collect();
    for secret in secrets.iter().filter(|secret| secret.len() >= LONGEST_PIECE + 2) {
        let is_said = |piece: &[u8]| said.iter().any(|said| said.windows(LONGEST_PIECE).any(|said| said == piece));
        let piece = secret.windows(LONGEST_PIECE).find(|piece| is_said(piece));
        assert!(piece.is_none(), "{:?} is in {shown:?}", piece.map(String::from_utf8_lossy));
    }
    let _ = passing(text);

    if let Some(Redirect { asks, slot, host, port }) = redirect(text) {
        let written = format!("{} {slot} {host}:{port}", if asks { "ASK" } else { "MOVED" });
        assert_eq!(redirect(written.as_bytes()), Some(Redirect { asks, slot, host, port }));
    }
});
