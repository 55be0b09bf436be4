//! The network as a fuzz input has it: what arrives, in which pieces, and what fails.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hasher as _},
};

use drsession::redis::SocketError;

/// How often the socket may be used by all calls of an input together; more is a loop without end.
const MAX_USES: u32 = 50_000;

/// What happens next.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Event {
    /// These bytes arrive in one piece.
    Arrives(Vec<u8>),
    /// The peer closes.
    Ends,
    /// A read fails.
    ReadFails,
    /// A connection is refused.
    Refused,
    /// The host has no such connections.
    Unsupported,
    /// The host has an idle connection.
    Reused,
    /// A write fails, and nobody knows how much was sent.
    WriteFails,
    /// A write finds the connection closed.
    NotSent,
}

/// The events still to come, and a clock that only waiting moves.
#[derive(Clone)]
pub struct Network {
    events: VecDeque<Event>,
    now: u64,
    drawn: u8,
    uses: u32,
    sent: DefaultHasher,
}

impl Network {
    /// Bytes that arrive stand for themselves, but for eight control characters: 1 ends a piece, 2 to 8 are the other events.
    pub fn new(input: &[u8]) -> Self {
        let mut events = VecDeque::new();
        let mut piece = Vec::new();
        for byte in input {
            let event = match byte {
                1 => None,
                2 => Some(Event::Ends),
                3 => Some(Event::ReadFails),
                4 => Some(Event::Refused),
                5 => Some(Event::Unsupported),
                6 => Some(Event::Reused),
                7 => Some(Event::WriteFails),
                8 => Some(Event::NotSent),
                _ => {
                    piece.push(*byte);
                    continue;
                }
            };
            if !piece.is_empty() {
                events.push_back(Event::Arrives(std::mem::take(&mut piece)));
            }
            events.extend(event);
        }
        if !piece.is_empty() {
            events.push_back(Event::Arrives(piece));
        }
        Self { events, now: 0, drawn: 0, uses: 0, sent: DefaultHasher::new() }
    }

    /// Stands for all that was sent.
    pub fn sent(&self) -> u64 {
        self.sent.finish()
    }

    /// Whether the connection is one that was left idle.
    pub fn connect(&mut self) -> Result<bool, SocketError> {
        match self.next(&[Event::Refused, Event::Unsupported, Event::Reused]) {
            Some(Event::Refused) => Err(SocketError::Refused),
            Some(Event::Unsupported) => Err(SocketError::Unsupported("no such socket".into())),
            reused => Ok(reused.is_some()),
        }
    }

    /// Takes bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), SocketError> {
        match self.next(&[Event::WriteFails, Event::NotSent]) {
            Some(Event::NotSent) => Err(SocketError::Closed),
            Some(_) => Err(SocketError::Other("broken".into())),
            None => {
                self.sent.write(bytes);
                Ok(())
            }
        }
    }

    /// The next piece. Where nothing arrives any more, the time limit runs out.
    pub fn read(&mut self, max: u32) -> Result<Vec<u8>, SocketError> {
        self.count_use();
        let max = max as usize;
        while let Some(event) = self.events.pop_front() {
            match event {
                Event::Arrives(mut piece) => {
                    if piece.len() > max {
                        self.events.push_front(Event::Arrives(piece.split_off(max)));
                    }
                    return Ok(piece);
                }
                Event::Ends => return Ok(Vec::new()),
                Event::ReadFails => return Err(SocketError::Other("broken".into())),
                _ => {}
            }
        }
        self.now += 100;
        Err(SocketError::TimedOut)
    }

    /// Milliseconds.
    pub fn now(&mut self) -> u64 {
        self.count_use();
        self.now
    }

    /// Time passes.
    pub fn wait(&mut self, milliseconds: u32) {
        self.count_use();
        self.now += u64::from(milliseconds);
    }

    /// Bytes that are others each time, and the same for everybody who asks in the same order.
    pub fn random(&mut self, bytes: &mut [u8]) {
        self.drawn = self.drawn.wrapping_add(1);
        bytes.fill(self.drawn);
    }

    fn next(&mut self, wanted: &[Event]) -> Option<Event> {
        self.count_use();
        self.events.pop_front_if(|event| wanted.contains(event))
    }

    fn count_use(&mut self) {
        self.uses += 1;
        assert!(self.uses < MAX_USES, "a call that doesn't end");
    }
}
