//! Commands, encoded as RESP arrays of bulk strings into one buffer, which is sent in one write
//! (<https://redis.io/docs/latest/develop/reference/protocol-spec/>).

use crate::text::parse_int;
use std::cell::Cell;

/// Commands that are sent together. Redis answers each with one reply, in order.
pub struct Batch {
    bytes: Vec<u8>,
    commands: usize,
    /// For the command begun with [`Batch::begin`]: where its header is, and how many arguments it has so far.
    open: (usize, usize),
    in_transaction: bool,
    waits: bool,
}

/// A wait for replicas.
#[derive(Clone, Copy)]
pub struct Wait {
    /// The number of replicas, at least 1.
    pub replicas: u32,
    /// Milliseconds, at least 1: WAIT takes 0 for "forever".
    pub timeout: u32,
}

/// The capacity of a new buffer. Most batches are shorter.
const COMMON_LENGTH: usize = 512;
/// The capacity of the largest buffer that is kept for the next batch.
const MAX_KEPT: usize = 16 << 10;
/// Room for the header of a command with 10 to 99 arguments, `*NN\r\n`.
const HEADER_ROOM: usize = 5;

/// Keeps one buffer, which the batches use one after another.
#[derive(Default)]
pub struct BufferPool(Cell<Vec<u8>>);

impl BufferPool {
    /// An empty batch, in the kept buffer unless another batch has it.
    pub fn batch(&self) -> Batch {
        let mut bytes = self.0.take();
        bytes.clear();
        bytes.reserve(COMMON_LENGTH);
        Batch::within(bytes)
    }

    /// Keeps the buffer of a batch that is done.
    pub fn give_back(&self, batch: Batch) {
        if batch.bytes.capacity() <= MAX_KEPT {
            self.0.set(batch.bytes);
        }
    }
}

/// An argument that is encoded at compile time: a command's name, above all. Made by `static_arg!`.
#[derive(Clone, Copy)]
pub struct StaticArg(&'static [u8]);

impl StaticArg {
    pub(crate) const fn of_encoded(encoded: &'static [u8]) -> Self {
        Self(encoded)
    }
}

/// The encoded length of an argument of this length: type byte, length, two line ends.
pub(crate) const fn encoded_length(length: usize) -> usize {
    length + if length < 10 { 6 } else { 7 }
}

/// Encodes an argument of fewer than a hundred bytes.
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

/// A [`StaticArg`] of constant bytes.
macro_rules! static_arg {
    ($argument:expr) => {{
        use $crate::redis::batch::{StaticArg, encoded, encoded_length};
        const ENCODED: &[u8] = &encoded::<{ encoded_length($argument.len()) }>($argument);
        StaticArg::of_encoded(ENCODED)
    }};
}
pub(crate) use static_arg;

impl Default for Batch {
    fn default() -> Self {
        Self::within(Vec::with_capacity(COMMON_LENGTH))
    }
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    fn within(bytes: Vec<u8>) -> Self {
        Self { bytes, commands: 0, open: (0, 0), in_transaction: false, waits: false }
    }

    /// A batch of one command.
    pub fn of(arguments: &[&[u8]]) -> Self {
        let mut batch = Self::new();
        batch.command(arguments);
        batch
    }

    /// Adds a command.
    pub fn command(&mut self, arguments: &[&[u8]]) {
        self.begin_with(arguments.len());
        for argument in arguments {
            self.argument(argument);
        }
    }

    /// Begins a command of this many arguments, which have to follow, the name first.
    pub fn begin_with(&mut self, count: usize) {
        self.commands += 1;
        self.length(b'*', count);
    }

    /// Begins a command whose number of arguments is not known yet. Fastest for 10 to 99. The arguments have to follow,
    /// the name first, and then [`end`](Self::end).
    pub fn begin(&mut self) {
        self.open = (self.bytes.len(), 0);
        self.bytes.extend_from_slice(&[0; HEADER_ROOM]);
    }

    /// Ends the command: now the number of its arguments is known, and goes into its header.
    pub fn end(&mut self) {
        let (at, count) = self.open;
        self.commands += 1;
        if let 10..100 = count {
            self.bytes[at..at + HEADER_ROOM].copy_from_slice(&[b'*', digit(count / 10), digit(count), b'\r', b'\n']);
        } else {
            let (line, begin) = header(b'*', count);
            self.bytes.splice(at..at + HEADER_ROOM, line[begin..].iter().copied());
        }
    }

    /// Adds an argument to the command begun last.
    pub fn argument(&mut self, argument: &[u8]) {
        self.open.1 += 1;
        self.length(b'$', argument.len());
        self.bytes.extend_from_slice(argument);
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// Adds the line of a type byte and a length. Most lengths have one digit or two.
    fn length(&mut self, kind: u8, length: usize) {
        match length {
            0..10 => self.bytes.extend_from_slice(&[kind, digit(length), b'\r', b'\n']),
            10..100 => self.bytes.extend_from_slice(&[kind, digit(length / 10), digit(length), b'\r', b'\n']),
            _ => {
                let (line, begin) = header(kind, length);
                self.bytes.extend_from_slice(&line[begin..]);
            }
        }
    }

    /// Adds an argument that was encoded at compile time.
    pub fn static_argument(&mut self, argument: StaticArg) {
        self.open.1 += 1;
        self.bytes.extend_from_slice(argument.0);
    }

    /// Adds arguments that another batch has encoded, as [`arguments_encoded`](Self::arguments_encoded) returned them.
    pub fn encoded_arguments(&mut self, (bytes, count): (&[u8], usize)) {
        self.open.1 += count;
        self.bytes.extend_from_slice(bytes);
    }

    /// Encodes arguments once for many batches.
    pub fn arguments_encoded(arguments: &[&[u8]]) -> (Vec<u8>, usize) {
        let mut batch = Self::within(Vec::new());
        arguments.iter().for_each(|argument| batch.argument(argument));
        (batch.bytes, arguments.len())
    }

    /// Adds a number as its decimal digits.
    pub fn number(&mut self, number: i64) {
        self.argument(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Adds WAIT, which has to come last: the server answers once enough replicas have what was written before it
    /// (<https://redis.io/docs/latest/commands/wait/>). It blocks the connection, so such a batch needs a connection of
    /// its own.
    pub fn wait(&mut self, wait: Wait) {
        self.begin();
        self.argument(b"WAIT");
        self.number(wait.replicas.into());
        self.number(wait.timeout.into());
        self.end();
        self.waits = true;
    }

    /// Whether it ends with WAIT.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// A copy with ASKING before it, for the server that a key is moving to.
    pub fn asking(&self) -> Self {
        let mut batch = Self::of(&[b"ASKING"]);
        batch.bytes.extend_from_slice(&self.bytes);
        batch.commands += self.commands;
        batch.waits = self.waits;
        batch
    }

    /// Notes that this batch leaves the connection in the middle of a transaction, so that no other call may use it.
    pub fn opens_transaction(&mut self) {
        self.in_transaction = true;
    }

    /// Whether this batch leaves the connection in the middle of a transaction.
    pub fn is_in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// The number of commands, and so of replies.
    pub fn commands(&self) -> usize {
        self.commands
    }

    /// The bytes to send.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Every argument of every command, names included.
    pub fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        self.words().map(|(_, argument)| argument)
    }

    /// The name of the command at this index, or an empty string if the batch is shorter.
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
                let length = parse_int(&line[1..])?;
                let argument = &after[..length];
                rest = &after[length + 2..];
                return Some((std::mem::take(&mut first), argument));
            }
        })
    }
}

/// The last decimal digit.
fn digit(number: usize) -> u8 {
    b'0' + (number % 10) as u8
}

/// The line of a type byte and a number, right-aligned in an array, and where it begins there. Not inlined: it is rarely needed.
#[inline(never)]
fn header(kind: u8, number: usize) -> ([u8; 23], usize) {
    let mut line = [b'\n'; 23];
    let mut begin = line.len() - 2;
    line[begin] = b'\r';
    let mut rest = number;
    loop {
        begin -= 1;
        line[begin] = digit(rest);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    begin -= 1;
    line[begin] = kind;
    (line, begin)
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
    fn a_command_may_have_any_number_of_arguments() {
        for count in [1, 9, 10, 99, 100, 1_000] {
            let arguments = vec![&b"a"[..]; count];
            let wire = [format!("*{count}\r\n").as_bytes(), &b"$1\r\na\r\n".repeat(count)].concat();
            let mut batch = Batch::of(&[b"before"]);
            let before = batch.bytes().len();
            batch.command(&arguments);
            assert_eq!(batch.bytes()[before..], wire);
            batch.begin();
            let (encoded, count) = Batch::arguments_encoded(&arguments);
            batch.encoded_arguments((&encoded, count));
            batch.end();
            assert_eq!(batch.bytes()[before + wire.len()..], wire);
        }
    }

    #[test]
    fn static_arguments_are_arguments_like_any_other() {
        let (mut one, mut other) = (Batch::new(), Batch::new());
        one.begin();
        other.begin();
        for (word, argument) in [
            (static_arg!(b""), &b""[..]),
            (static_arg!(b"HGET"), b"HGET"),
            (static_arg!(b"HINCRBYFLOAT"), b"HINCRBYFLOAT"),
        ] {
            one.static_argument(word);
            other.argument(argument);
        }
        one.end();
        other.end();
        assert_eq!(one.bytes(), other.bytes());
    }

    #[test]
    fn a_buffer_that_is_used_again_holds_nothing_of_before() {
        let pool = BufferPool::default();
        for value in [&[b'a'; 600][..], b"b", &[b'c'; MAX_KEPT], b"d"] {
            let mut batch = pool.batch();
            batch.command(&[b"SET", value]);
            assert_eq!(batch.bytes(), Batch::of(&[b"SET", value]).bytes());
            pool.give_back(batch);
            let kept = pool.0.take();
            assert!(kept.capacity() <= MAX_KEPT);
            pool.0.set(kept);
        }
    }

    #[test]
    fn arguments_come_back_as_they_went_in() {
        let mut batch = Batch::of(&[b"SET", b"$5\r\n", b""]);
        batch.begin();
        batch.argument(b"EXPIRE");
        batch.number(-7);
        batch.end();
        let arguments: Vec<&[u8]> = batch.arguments().collect();
        let expected: [&[u8]; 5] = [b"SET", b"$5\r\n", b"", b"EXPIRE", b"-7"];
        assert_eq!(arguments, expected);
        assert_eq!((batch.name(0), batch.name(1), batch.name(2)), ("SET", "EXPIRE", ""));
    }
}
