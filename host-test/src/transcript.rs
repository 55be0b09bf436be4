//! What was said over a connection, taken down.

use crate::faults::Direction;

/// What was asked, and what was answered to it, byte for byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the component sent before it waited.
    pub request: Vec<u8>,
    /// What Redis answered before it was asked again.
    pub reply: Vec<u8>,
    /// Whether something went wrong with it.
    pub is_broken: bool,
}

impl Exchange {
    /// Whether these bytes are among what was asked.
    pub fn asks(&self, words: &str) -> bool {
        self.request.windows(words.len()).any(|window| window == words.as_bytes())
    }
}

/// What has been said so far, by a client that speaks only when it has been answered.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    exchanges: Vec<Exchange>,
    /// Over which connection the last one went.
    connection: u64,
}

impl Transcript {
    pub(crate) fn note(&mut self, connection: u64, direction: Direction, bytes: &[u8]) {
        let exchange = self.exchange(connection, direction);
        match direction {
            Direction::Request => exchange.request.extend_from_slice(bytes),
            Direction::Reply => exchange.reply.extend_from_slice(bytes),
        }
    }

    /// Something goes wrong with the next byte.
    pub(crate) fn note_fault(&mut self, connection: u64, direction: Direction) {
        self.exchange(connection, direction).is_broken = true;
    }

    /// The exchange that bytes belong to.
    fn exchange(&mut self, connection: u64, direction: Direction) -> &mut Exchange {
        let is_asked_again = |last: &Exchange| direction == Direction::Request && !last.reply.is_empty();
        if self.connection != connection || self.exchanges.last().is_none_or(is_asked_again) {
            self.exchanges.push(Exchange::default());
            self.connection = connection;
        }
        self.exchanges.last_mut().expect("there is one now")
    }

    pub(crate) fn into_exchanges(self) -> Vec<Exchange> {
        self.exchanges
    }
}
