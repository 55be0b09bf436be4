//! The calls of a connection, in the order of their commands, and which of them writes and which reads for all. No I/O.

use super::{
    super::{
        batch::Batch, connection::ConnectionError, host::SocketError, incoming::Incoming, limits::Limits, reply::Reply,
        scanner::ScanError,
    },
    call::Call,
};
use std::{collections::VecDeque, mem, rc::Rc};

/// The most calls that wait on one connection.
pub(in super::super) const MAX_CALLS: usize = 16 << 10;
/// The most bytes that wait to be sent, unless a single call has more.
const MAX_UNSENT: usize = 64 << 20;
/// The largest buffer that is kept for the next write.
const MAX_SPARE: usize = 256 << 10;

/// The state of a role: at any time, at most one call is the writer, and at most one the reader.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Role {
    /// No call has it.
    #[default]
    Free,
    /// The call of this number was woken to take it.
    Assigned(u64),
    /// A call has it.
    Taken,
}

/// What a call has to do next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Write for all.
    Write,
    /// Read for all.
    Read,
    /// Wait for its replies, or for a role.
    Wait,
}

/// The calls that wait on a connection.
#[derive(Default)]
pub(super) struct Queue {
    /// First the calls whose commands were sent, then the others.
    calls: VecDeque<Rc<Call>>,
    /// The number of calls whose commands were sent.
    sent: usize,
    /// Whether a write is under way.
    is_writing: bool,
    /// The number of calls whose commands are in that write: the last of the sent ones.
    in_write: usize,
    /// The number of sent calls when the read under way began. If the read times out, only these calls have timed out.
    in_read: usize,
    /// The commands that have not been sent.
    unsent: Vec<u8>,
    /// The buffer of the previous write, for the commands that come during this one.
    spare: Vec<u8>,
    incoming: Incoming,
    number: u64,
    idle: bool,
    pub(super) writer: Role,
    pub(super) reader: Role,
    /// The connection is unusable.
    pub(super) ended: bool,
    /// No further call may join.
    pub(super) retired: bool,
}

impl Queue {
    /// Adds a call with these commands.
    pub(super) fn join(&mut self, batch: &Batch, limits: &Limits) -> Result<Rc<Call>, ConnectionError> {
        let length = batch.bytes().len();
        if self.calls.len() >= MAX_CALLS && self.calls.iter().all(|call| call.is_cancelled()) {
            // No task is left that would read.
            self.end(&SocketError::TimedOut);
        }
        if self.ended {
            return Err(ConnectionError::NotSent);
        }
        if self.calls.len() >= MAX_CALLS || (!self.unsent.is_empty() && self.unsent.len() + length > MAX_UNSENT) {
            return Err(ConnectionError::Busy);
        }
        self.number += 1;
        let call = Rc::new(Call::new(self.number, length, batch.commands(), limits));
        self.unsent.extend_from_slice(batch.bytes());
        self.calls.push_back(call.clone());
        Ok(call)
    }

    /// What this call has to do now.
    pub(super) fn next_task(&self, call: &Call) -> Task {
        let may_take = |role| role == Role::Free || role == Role::Assigned(call.number);
        let is_sent = self.is_sent(call);
        if may_take(self.writer) && (!is_sent || self.is_writing) {
            Task::Write
        } else if may_take(self.reader) && is_sent {
            Task::Read
        } else {
            Task::Wait
        }
    }

    fn is_sent(&self, call: &Call) -> bool {
        self.calls.get(self.sent).is_none_or(|unsent| call.number < unsent.number)
    }

    /// Assigns each free role to a waiting call, and wakes that call.
    pub(super) fn hand_over(&mut self) {
        let waits = |call: &&Rc<Call>| call.waits();
        if self.writer == Role::Free {
            // Sent calls have nothing to write, unless a cancelled writer has left a write under way.
            let skipped = if self.is_writing { 0 } else { self.sent };
            if let Some(call) = self.calls.iter().skip(skipped).find(waits) {
                self.writer = Role::Assigned(call.number);
                call.wake();
            } else if self.has_unattended_write() {
                // The reader continues it.
                self.calls.iter().for_each(|call| call.wake());
            }
        }
        if self.reader == Role::Free {
            let waits = |call: &&Rc<Call>| call.waits() && self.writer != Role::Assigned(call.number);
            if let Some(call) = self.calls.iter().take(self.sent).find(waits) {
                self.reader = Role::Assigned(call.number);
                call.wake();
            }
        }
    }

    /// Whether a write is under way whose writer was cancelled.
    pub(super) fn has_unattended_write(&self) -> bool {
        self.is_writing && self.writer == Role::Free
    }

    /// Whether more than one call waits.
    pub(super) fn is_shared(&self) -> bool {
        self.calls.len() > 1
    }

    /// The call becomes the writer.
    pub(super) fn begin_writing(&mut self, call: &Call) {
        self.writer = Role::Taken;
        if self.reader == Role::Assigned(call.number) {
            self.reader = Role::Free;
        }
    }

    /// Takes the commands to send. They count as sent from now on.
    pub(super) fn take_unsent(&mut self) -> Vec<u8> {
        self.idle = false;
        self.is_writing = true;
        self.in_write = self.calls.len() - self.sent;
        self.sent = self.calls.len();
        mem::replace(&mut self.unsent, mem::take(&mut self.spare))
    }

    /// The write under way has ended.
    pub(super) fn written(&mut self, mut buffer: Vec<u8>) {
        self.is_writing = false;
        self.in_write = 0;
        if buffer.capacity() <= MAX_SPARE {
            buffer.clear();
            self.spare = buffer;
        }
    }

    /// Notes that a read begins. Not called if a call continues the read of a cancelled reader: that keeps its time
    /// limit.
    pub(super) fn read_begins(&mut self) {
        self.in_read = self.sent;
    }

    /// Hands out the replies in these bytes. Returns whether there was one.
    pub(super) fn receive(&mut self, bytes: Vec<u8>) -> bool {
        let mut had_reply = false;
        self.incoming.add(bytes);
        while !self.ended {
            match self.incoming.next_reply() {
                Ok(None) => break,
                Ok(Some(reply)) => {
                    had_reply = true;
                    self.give(reply);
                }
                Err(error) => self.end_unreadable(error),
            }
        }
        if self.calls.is_empty() && !self.incoming.is_empty() {
            // Left-over bytes would be taken for the next reply.
            self.ended = true;
        }
        had_reply
    }

    /// Whether the call that is owed the next reply has passed its deadline.
    pub(super) fn is_late(&self, now: u64) -> bool {
        self.calls.front().is_some_and(|call| call.deadline <= now)
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
            self.in_write = self.in_write.min(self.sent);
            call.complete();
        }
        if closes {
            self.end(&SocketError::Closed);
        }
    }

    /// Ends the connection with this error.
    pub(super) fn end(&mut self, error: &SocketError) {
        self.end_with(|queue, index| {
            if index >= queue.sent {
                ConnectionError::NotSent
            } else if *error == SocketError::TimedOut && index >= queue.in_read {
                // This call's own time is not over, so it may try again.
                ConnectionError::Unanswered(SocketError::Closed)
            } else {
                ConnectionError::Unanswered(error.clone())
            }
        });
    }

    /// Ends the connection: the peer had closed it before a byte was written.
    pub(super) fn end_unwritten(&mut self) {
        self.end_with(|queue, index| {
            if index >= queue.sent - queue.in_write {
                ConnectionError::NotSent
            } else {
                ConnectionError::Unanswered(SocketError::Closed)
            }
        });
    }

    /// Ends the connection: the next reply cannot be read, nor can those that follow it.
    fn end_unreadable(&mut self, error: ScanError) {
        self.end_with(|queue, index| match index {
            0 if queue.sent > 0 => ConnectionError::Unreadable(error),
            index if index < queue.sent => ConnectionError::Unanswered(SocketError::Closed),
            _ => ConnectionError::NotSent,
        });
    }

    fn end_with(&mut self, error: impl Fn(&Self, usize) -> ConnectionError) {
        self.ended = true;
        for (index, call) in mem::take(&mut self.calls).into_iter().enumerate() {
            call.end(Err(error(self, index)));
        }
        self.sent = 0;
        self.written(Vec::new());
        self.unsent = Vec::new();
    }

    /// The call has ended, or was cancelled.
    pub(super) fn leave(&mut self, call: &Call) {
        call.cancel();
        for role in [&mut self.reader, &mut self.writer] {
            if *role == Role::Assigned(call.number) {
                *role = Role::Free;
            }
        }
        // A call that has ended is no longer in the queue, so there is no need to search for it.
        if !call.has_ended() {
            self.withdraw(call);
        }
    }

    /// Removes its commands if they were not sent.
    fn withdraw(&mut self, call: &Call) {
        let Some(index) = self.calls.iter().skip(self.sent).position(|other| other.number == call.number) else {
            return;
        };
        let before: usize = self.calls.iter().skip(self.sent).take(index).map(|other| other.length).sum();
        self.unsent.drain(before..before + call.length);
        self.calls.remove(self.sent + index);
    }

    /// Whether the connection has become idle since this was last asked.
    pub(super) fn becomes_idle(&mut self) -> bool {
        let is_idle = self.calls.is_empty()
            && self.incoming.is_empty()
            && [self.reader, self.writer] == [Role::Free; 2]
            && !self.ended
            && !self.retired;
        is_idle && !mem::replace(&mut self.idle, true)
    }
}
