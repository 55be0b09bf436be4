//! Commands, encoded as RESP arrays of bulk strings into one buffer that leaves in one write
//! (<https://redis.io/docs/latest/develop/reference/protocol-spec/>).

use super::replicas::Wanted;
use crate::decimal::whole;
use std::cell::Cell;

/// Commands to send together. Redis answers each with one reply, in order.
pub struct Batch {
    bytes: Vec<u8>,
    commands: usize,
    watching: bool,
    waits: bool,
}

/// What most batches are shorter than.
const COMMON_LENGTH: usize = 512;
/// The largest buffer that is kept for a next batch.
const MAX_SPARE: usize = 16 << 10;

/// A buffer that batches use one after another.
#[derive(Default)]
pub struct Spare(Cell<Vec<u8>>);

impl Spare {
    /// An empty batch, in this buffer if no other one has it.
    pub fn batch(&self) -> Batch {
        let mut bytes = self.0.take();
        bytes.clear();
        bytes.reserve(COMMON_LENGTH);
        Batch::within(bytes)
    }

    /// The batch has done its work: its buffer is for the next one.
    pub fn keep(&self, batch: Batch) {
        if batch.bytes.capacity() <= MAX_SPARE {
            self.0.set(batch.bytes);
        }
    }
}

/// An argument that is known when this is compiled, a command's name above all, and is encoded then.
#[derive(Clone, Copy)]
pub struct Word(&'static [u8]);

impl Word {
    /// As [`encoded`] has it: what [`word!`] makes.
    pub(crate) const fn of_encoded(encoded: &'static [u8]) -> Self {
        Self(encoded)
    }
}

/// How long an argument of so many bytes is when encoded: type byte, length, and two ends of lines.
pub(crate) const fn encoded_length(length: usize) -> usize {
    length + if length < 10 { 6 } else { 7 }
}

/// The argument as it goes over the wire; of fewer than a hundred bytes.
pub(crate) const fn encoded<const LENGTH: usize>(argument: &[u8]) -> [u8; LENGTH] {
    assert!(argument.len() < 100 && LENGTH == encoded_length(argument.len()));
    let mut bytes = [b'\n'; LENGTH];
    bytes[0] = b'$';
    let mut at = 1;
    if argument.len() >= 10 {
        bytes[at] = b'0' + (argument.len() / 10) as u8;
        at += 1;
    }
    bytes[at] = b'0' + (argument.len() % 10) as u8;
    bytes[at + 1] = b'\r';
    at += 3;
    let mut index = 0;
    while index < argument.len() {
        bytes[at + index] = argument[index];
        index += 1;
    }
    bytes[LENGTH - 2] = b'\r';
    bytes
}

/// A [`Word`] of constant bytes.
macro_rules! word {
    ($word:expr) => {{
        use $crate::redis::batch::{Word, encoded, encoded_length};
        const ENCODED: &[u8] = &encoded::<{ encoded_length($word.len()) }>($word);
        Word::of_encoded(ENCODED)
    }};
}
pub(crate) use word;

impl Default for Batch {
    fn default() -> Self {
        Self::within(Vec::with_capacity(COMMON_LENGTH))
    }
}

impl Batch {
    /// Nothing to send yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn within(bytes: Vec<u8>) -> Self {
        Self { bytes, commands: 0, watching: false, waits: false }
    }

    /// A single command.
    pub fn of(arguments: &[&[u8]]) -> Self {
        let mut batch = Self::new();
        batch.command(arguments);
        batch
    }

    /// Adds a command.
    pub fn command(&mut self, arguments: &[&[u8]]) {
        self.begin(arguments.len());
        for argument in arguments {
            self.argument(argument);
        }
    }

    /// Begins a command; so many arguments, its name among them, have to follow.
    pub fn begin(&mut self, arguments: usize) {
        self.commands += 1;
        self.header(b'*', arguments);
    }

    /// Adds an argument to the command begun last.
    pub fn argument(&mut self, argument: &[u8]) {
        self.header(b'$', argument.len());
        self.bytes.extend_from_slice(argument);
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// Adds an argument that was encoded when this was compiled.
    pub fn word(&mut self, word: Word) {
        self.bytes.extend_from_slice(word.0);
    }

    /// Adds an argument that is a number, as its digits.
    pub fn number(&mut self, number: i64) {
        self.argument(itoa::Buffer::new().format(number).as_bytes());
    }

    fn header(&mut self, kind: u8, count: usize) {
        // Nearly all have one digit or two.
        let digit = |number: usize| b'0' + (number % 10) as u8;
        match count {
            0..10 => self.bytes.extend_from_slice(&[kind, digit(count), b'\r', b'\n']),
            10..100 => self.bytes.extend_from_slice(&[kind, digit(count / 10), digit(count), b'\r', b'\n']),
            _ => self.long_header(kind, count),
        }
    }

    fn long_header(&mut self, kind: u8, count: usize) {
        // The type byte, up to 20 digits, the end of the line.
        let mut line = [b'\n'; 23];
        let mut begin = line.len() - 2;
        line[begin] = b'\r';
        let mut rest = count;
        loop {
            begin -= 1;
            line[begin] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        begin -= 1;
        line[begin] = kind;
        self.bytes.extend_from_slice(&line[begin..]);
    }

    /// Has the server wait, after all else, until replicas have what was written. Such a batch takes a connection of its own,
    /// for it keeps it from others.
    pub fn wait(&mut self, replicas: Wanted) {
        self.begin(3);
        self.argument(b"WAIT");
        self.number(replicas.count.into());
        self.number(replicas.timeout.into());
        self.waits = true;
    }

    /// Whether the last reply tells how many replicas have what was written.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// The same with ASKING before it, for the server that a key is on its way to.
    pub fn asking(&self) -> Self {
        let mut batch = Self::of(&[b"ASKING"]);
        batch.bytes.extend_from_slice(&self.bytes);
        batch.commands += self.commands;
        batch.waits = self.waits;
        batch
    }

    /// Says that the connection keeps a WATCH after this batch, and so must not be marked idle.
    pub fn keeps_watching(&mut self) {
        self.watching = true;
    }

    /// Whether the connection keeps a WATCH after this batch.
    pub fn is_watching(&self) -> bool {
        self.watching
    }

    /// How many commands, and so how many replies.
    pub fn commands(&self) -> usize {
        self.commands
    }

    /// What goes over the wire.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Every argument of every command, names included: what an error reply may repeat and nobody else should see.
    pub fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        self.words().map(|(_, argument)| argument)
    }

    /// The name of the command that the reply of this index answers.
    pub fn name(&self, index: usize) -> &str {
        let mut names = self.words().filter(|(first, _)| *first).map(|(_, name)| name);
        names.nth(index).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }

    /// Every argument, and whether it is a command's first.
    fn words(&self) -> impl Iterator<Item = (bool, &[u8])> {
        let mut rest: &[u8] = &self.bytes;
        let mut first = false;
        std::iter::from_fn(move || {
            loop {
                let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
                let (line, after) = (&rest[..end], &rest[end + 2..]);
                rest = after;
                if line[0] == b'*' {
                    first = true;
                    continue;
                }
                let length = whole(&line[1..])?;
                let argument = &after[..length];
                rest = &after[length + 2..];
                return Some((std::mem::take(&mut first), argument));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_an_array_of_bulk_strings() {
        let batch = Batch::of(&[b"HSET", b"key", b"", b"\r\n"]);
        let wire = b"*4\r\n$4\r\nHSET\r\n$3\r\nkey\r\n$0\r\n\r\n$2\r\n\r\n\r\n";
        assert_eq!(batch.bytes(), wire);
        assert_eq!(batch.commands(), 1);
    }

    #[test]
    fn lengths_have_as_many_digits_as_they_need() {
        for length in [0, 9, 10, 99, 100, 65_536] {
            let argument = vec![b'a'; length];
            let wire = [format!("*1\r\n${length}\r\n").as_bytes(), &argument, b"\r\n"].concat();
            assert_eq!(Batch::of(&[&argument]).bytes(), wire);
        }
    }

    #[test]
    fn words_are_arguments_like_any_other() {
        let (mut one, mut other) = (Batch::new(), Batch::new());
        one.begin(3);
        other.begin(3);
        for (word, argument) in
            [(word!(b""), &b""[..]), (word!(b"HGET"), b"HGET"), (word!(b"HINCRBYFLOAT"), b"HINCRBYFLOAT")]
        {
            one.word(word);
            other.argument(argument);
        }
        assert_eq!(one.bytes(), other.bytes());
    }

    #[test]
    fn a_buffer_that_is_used_again_holds_nothing_of_before() {
        let spare = Spare::default();
        for value in [&[b'a'; 600][..], b"b", &[b'c'; MAX_SPARE], b"d"] {
            let mut batch = spare.batch();
            batch.command(&[b"SET", value]);
            assert_eq!(batch.bytes(), Batch::of(&[b"SET", value]).bytes());
            spare.keep(batch);
            let kept = spare.0.take();
            assert!(kept.capacity() <= MAX_SPARE);
            spare.0.set(kept);
        }
    }

    #[test]
    fn arguments_come_back_as_they_went_in() {
        let mut batch = Batch::of(&[b"SET", b"$5\r\n", b""]);
        batch.begin(2);
        batch.argument(b"EXPIRE");
        batch.number(-7);
        let arguments: Vec<&[u8]> = batch.arguments().collect();
        let expected: [&[u8]; 5] = [b"SET", b"$5\r\n", b"", b"EXPIRE", b"-7"];
        assert_eq!(arguments, expected);
        assert_eq!((batch.name(0), batch.name(1), batch.name(2)), ("SET", "EXPIRE", ""));
    }
}
