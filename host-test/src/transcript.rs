//! What was said over a connection, taken down.

use crate::faults::Direction;

/// What was asked, and what was answered to it, byte for byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the component sent before it waited.
    pub request: Vec<u8>,
    /// What Redis answered before it was asked again.
    pub reply: Vec<u8>,
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
}

impl Transcript {
    pub(crate) fn note(&mut self, direction: Direction, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let is_next = |last: &Exchange| direction == Direction::Request && !last.reply.is_empty();
        if self.exchanges.last().is_none_or(is_next) {
            self.exchanges.push(Exchange::default());
        }
        if let Some(last) = self.exchanges.last_mut() {
            match direction {
                Direction::Request => last.request.extend_from_slice(bytes),
                Direction::Reply => last.reply.extend_from_slice(bytes),
            }
        }
    }

    pub(crate) fn into_exchanges(self) -> Vec<Exchange> {
        self.exchanges
    }
}
