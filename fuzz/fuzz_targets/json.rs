//! Values: the check accepts JSON by the grammar of RFC 8259 and nothing else, and its error repeats nothing of the value.

#![no_main]

use drsession::{error::Error, session::operation::check_json};
use libfuzzer_sys::fuzz_target;

/// What an error calls a field whose name is too long.
const LONG: &str = "…";

fuzz_target!(|text: &str| {
    let ours = check_json("field", text);
    assert_eq!(ours.is_ok(), Grammar(text.as_bytes()).accepts(), "{text:?}");
    let Err(error) = ours else { return };
    let shown = place(&error, "field");
    for (length, name) in [(64, "f".repeat(64)), (65, LONG.into())] {
        let error = check_json(&"f".repeat(length), text).expect_err("the field's name changes nothing");
        assert_eq!(place(&error, &name), shown);
    }
});

/// Checks the error of a field, and returns what follows the field's name.
fn place<'a>(error: &'a Error, field: &str) -> &'a str {
    let Error::InvalidArgument(why) = error else { panic!("another error: {error:?}") };
    let what = why.strip_prefix("value of field ").and_then(|rest| rest.strip_prefix(field)).expect("the field's name");
    let place = what
        .strip_prefix(": the JSON ends too early, line ")
        .or(what.strip_prefix(": not JSON (strings need double quotes), line "))
        .expect("one of two texts");
    let (line, column) = place.split_once(" column ").expect("a line and a column");
    assert!(line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok(), "{why}");
    what
}

/// The grammar, without recursion.
struct Grammar<'a>(&'a [u8]);

impl Grammar<'_> {
    fn accepts(mut self) -> bool {
        self.document().is_some() && self.0.is_empty()
    }

    fn document(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            self.blanks();
            match self.next()? {
                bracket @ (b'[' | b'{') => {
                    self.blanks();
                    if self.takes(closing(bracket)) {
                        self.blanks();
                    } else {
                        open.push(bracket);
                        self.name(bracket)?;
                        continue;
                    }
                }
                b'"' => self.string()?,
                b't' => self.word(b"rue")?,
                b'f' => self.word(b"alse")?,
                b'n' => self.word(b"ull")?,
                first => self.number(first)?,
            }
            // After a value comes the next one, or the end of the array or object.
            loop {
                self.blanks();
                let Some(bracket) = open.last().copied() else { return Some(()) };
                if self.takes(closing(bracket)) {
                    open.pop();
                    continue;
                }
                self.takes(b',').then_some(())?;
                self.blanks();
                self.name(bracket)?;
                break;
            }
        }
    }

    /// In an object, reads the name before a value.
    fn name(&mut self, bracket: u8) -> Option<()> {
        if bracket == b'{' {
            self.takes(b'"').then_some(())?;
            self.string()?;
            self.blanks();
            self.takes(b':').then_some(())?;
        }
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                b'"' => return Some(()),
                0..b' ' => return None,
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => (0..4).try_for_each(|_| self.next()?.is_ascii_hexdigit().then_some(()))?,
                    _ => return None,
                },
                _ => {}
            }
        }
    }

    fn number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' { self.next()? } else { first };
        match first {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.takes(b'.') {
            self.next()?.is_ascii_digit().then_some(())?;
            self.digits();
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.next()?.is_ascii_digit().then_some(())?;
            self.digits();
        }
        Some(())
    }

    fn digits(&mut self) {
        while self.0.first().is_some_and(u8::is_ascii_digit) {
            self.0 = &self.0[1..];
        }
    }

    fn word(&mut self, rest: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(rest)?;
        Some(())
    }

    fn blanks(&mut self) {
        while self.0.first().is_some_and(|byte| b" \t\r\n".contains(byte)) {
            self.0 = &self.0[1..];
        }
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.0.first() == Some(&byte);
        if is_next {
            self.0 = &self.0[1..];
        }
        is_next
    }
}

fn closing(bracket: u8) -> u8 {
    if bracket == b'[' { b']' } else { b'}' }
}
