//! The calls of a connection, in the order of their commands, and who does what for all. No I/O.

use super::{
    super::{
        batch::Batch, connection::ExchangeError, host::SocketError, incoming::Incoming, reply::Reply,
        scanner::ScanError,
    },
    call::Call,
};
use std::{collections::VecDeque, mem, rc::Rc};

/// The most calls that may wait.
pub(in super::super) const MAX_CALLS: usize = 16 << 10;
/// The most bytes that may wait to be sent, unless a single call has more.
const MAX_UNSENT: usize = 64 << 20;
/// The largest buffer that is kept for the next write.
const MAX_SPARE: usize = 256 << 10;

/// Who does what has to be done by one at a time.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Duty {
    /// Nobody.
    #[default]
    Free,
    /// The call of this number, which was woken for it.
    Promised(u64),
    /// Somebody.
    Taken,
}

/// What a call can do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Write,
    Read,
    Wait,
}

#[derive(Default)]
pub(super) struct Queue {
    /// All that wait for a reply: first those whose commands have left, then the others.
    calls: VecDeque<Rc<Call>>,
    /// How many of them have left.
    sent: usize,
    /// Whether a write is under way.
    is_leaving: bool,
    /// How many of the sent ones, the last of them, it carries.
    leaving: usize,
    /// How many had left when the read under way began: the time limit is theirs.
    awaited: usize,
    /// The commands that have not left.
    unsent: Vec<u8>,
    /// An empty buffer for those that come while these leave, so that none has to grow anew.
    spare: Vec<u8>,
    incoming: Incoming,
    number: u64,
    idle: bool,
    pub(super) writing: Duty,
    pub(super) reading: Duty,
    /// It is of no more use.
    pub(super) ended: bool,
    /// Nobody is to take it over.
    pub(super) retired: bool,
}

impl Queue {
    /// Another call, with these commands.
    pub(super) fn join(&mut self, batch: &Batch) -> Result<Rc<Call>, ExchangeError> {
        let length = batch.bytes().len();
        if self.calls.len() >= MAX_CALLS && self.calls.iter().all(|call| call.is_cancelled()) {
            // Nobody is left who would read.
            self.end(&SocketError::TimedOut);
        }
        if self.ended {
            return Err(ExchangeError::NotSent);
        }
        if self.calls.len() >= MAX_CALLS || (!self.unsent.is_empty() && self.unsent.len() + length > MAX_UNSENT) {
            return Err(ExchangeError::Busy);
        }
        self.number += 1;
        let call = Rc::new(Call::new(self.number, length, batch.commands()));
        self.unsent.extend_from_slice(batch.bytes());
        self.calls.push_back(call.clone());
        Ok(call)
    }

    /// What this call can do now.
    pub(super) fn duty_of(&self, call: &Call) -> Task {
        let may_take = |duty| duty == Duty::Free || duty == Duty::Promised(call.number);
        let is_sent = self.is_sent(call);
        if may_take(self.writing) && (!is_sent || self.is_leaving) {
            Task::Write
        } else if may_take(self.reading) && is_sent {
            Task::Read
        } else {
            Task::Wait
        }
    }

    fn is_sent(&self, call: &Call) -> bool {
        self.calls.get(self.sent).is_none_or(|unsent| call.number < unsent.number)
    }

    /// Wakes somebody for each duty that nobody does.
    pub(super) fn pass_on(&mut self) {
        let waits = |call: &&Rc<Call>| call.waits();
        if self.writing == Duty::Free {
            let unable = if self.is_leaving { 0 } else { self.sent };
            if let Some(call) = self.calls.iter().skip(unable).find(waits) {
                self.writing = Duty::Promised(call.number);
                call.wake();
            } else if self.has_orphan() {
                // Whoever reads sees to it too.
                self.calls.iter().for_each(|call| call.wake());
            }
        }
        if self.reading == Duty::Free {
            let waits = |call: &&Rc<Call>| call.waits() && self.writing != Duty::Promised(call.number);
            if let Some(call) = self.calls.iter().take(self.sent).find(waits) {
                self.reading = Duty::Promised(call.number);
                call.wake();
            }
        }
    }

    /// Whether a write is under way that nobody sees to.
    pub(super) fn has_orphan(&self) -> bool {
        self.is_leaving && self.writing == Duty::Free
    }

    /// Whether more than one call waits.
    pub(super) fn is_shared(&self) -> bool {
        self.calls.len() > 1
    }

    pub(super) fn begin_writing(&mut self, call: &Call) {
        self.writing = Duty::Taken;
        if self.reading == Duty::Promised(call.number) {
            self.reading = Duty::Free;
        }
    }

    /// What is to be sent, which counts as sent from now on.
    pub(super) fn take_unsent(&mut self) -> Vec<u8> {
        self.idle = false;
        self.is_leaving = true;
        self.leaving = self.calls.len() - self.sent;
        self.sent = self.calls.len();
        mem::replace(&mut self.unsent, mem::take(&mut self.spare))
    }

    /// The write under way is over, and its buffer free.
    pub(super) fn written(&mut self, mut buffer: Vec<u8>) {
        self.is_leaving = false;
        self.leaving = 0;
        if buffer.capacity() <= MAX_SPARE {
            buffer.clear();
            self.spare = buffer;
        }
    }

    /// A read begins. One that a cancelled call has left goes on, and its time limit with it.
    pub(super) fn read_begins(&mut self) {
        self.awaited = self.sent;
    }

    /// Hands out the replies in what has arrived; whether there was one.
    pub(super) fn receive(&mut self, bytes: Vec<u8>) -> bool {
        let mut has_given = false;
        self.incoming.add(bytes);
        while !self.ended {
            match self.incoming.next_reply() {
                Ok(None) => break,
                Ok(Some(reply)) => {
                    has_given = true;
                    self.give(reply);
                }
                Err(error) => self.end_unreadable(error),
            }
        }
        if self.calls.is_empty() && !self.incoming.is_empty() {
            // What nobody asked for would be taken for the next answer.
            self.ended = true;
        }
        has_given
    }

    fn give(&mut self, reply: Reply) {
        if self.sent == 0 {
            self.end(&SocketError::Closed);
            return;
        }
        let closes = reply.closes();
        let is_last = self.calls.front().is_some_and(|call| call.receive(reply));
        if is_last && let Some(call) = self.calls.pop_front() {
            self.sent -= 1;
            self.leaving = self.leaving.min(self.sent);
            call.complete();
        }
        if closes {
            self.end(&SocketError::Closed);
        }
    }

    /// The connection is of no more use: this is why.
    pub(super) fn end(&mut self, error: &SocketError) {
        self.end_with(|queue, index| {
            if index >= queue.sent {
                ExchangeError::NotSent
            } else if *error == SocketError::TimedOut && index >= queue.awaited {
                // Its own time is not over.
                ExchangeError::Unanswered(SocketError::Closed)
            } else {
                ExchangeError::Unanswered(error.clone())
            }
        });
    }

    /// The peer had closed before a byte was written.
    pub(super) fn end_unwritten(&mut self) {
        self.end_with(|queue, index| {
            if index >= queue.sent - queue.leaving {
                ExchangeError::NotSent
            } else {
                ExchangeError::Unanswered(SocketError::Closed)
            }
        });
    }

    /// The reply to the call whose turn it is can't be read, and so can't those behind it.
    fn end_unreadable(&mut self, error: ScanError) {
        self.end_with(|queue, index| match index {
            0 if queue.sent > 0 => ExchangeError::Unreadable(error),
            index if index < queue.sent => ExchangeError::Unanswered(SocketError::Closed),
            _ => ExchangeError::NotSent,
        });
    }

    fn end_with(&mut self, error: impl Fn(&Self, usize) -> ExchangeError) {
        self.ended = true;
        for (index, call) in mem::take(&mut self.calls).into_iter().enumerate() {
            call.end(Err(error(self, index)));
        }
        self.sent = 0;
        self.written(Vec::new());
        self.unsent = Vec::new();
    }

    /// The call is over, or cancelled.
    pub(super) fn leave(&mut self, call: &Call) {
        call.cancel();
        for duty in [&mut self.reading, &mut self.writing] {
            if *duty == Duty::Promised(call.number) {
                *duty = Duty::Free;
            }
        }
        // Who is not there need not be looked for, among all that wait.
        if !call.has_ended() {
            self.withdraw(call);
        }
    }

    /// Takes its commands back if they have not left.
    fn withdraw(&mut self, call: &Call) {
        let Some(index) = self.calls.iter().skip(self.sent).position(|other| other.number == call.number) else {
            return;
        };
        let before: usize = self.calls.iter().skip(self.sent).take(index).map(|other| other.length).sum();
        self.unsent.drain(before..before + call.length);
        self.calls.remove(self.sent + index);
    }

    /// Whether it has just come to have nothing to do.
    pub(super) fn becomes_idle(&mut self) -> bool {
        let is_idle = self.calls.is_empty()
            && self.incoming.is_empty()
            && [self.reading, self.writing] == [Duty::Free; 2]
            && !self.ended
            && !self.retired;
        is_idle && !mem::replace(&mut self.idle, true)
    }
}
