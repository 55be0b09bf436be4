//! One call at a time over a socket of its own. Where the socket's futures are ready at once, as in the blocking
//! component, so are its own.

use super::{
    batch::Batch,
    connection::{Connection, ExchangeError},
    deadline::Deadline,
    host::{Socket, SocketError},
    incoming::Incoming,
    reply::Reply,
};
use std::cell::{Cell, RefCell};

/// How much to ask for in one read.
const READ_SIZE: u32 = 64 << 10;

/// A socket, and the bytes that have arrived and are not yet understood.
pub struct Exclusive<S> {
    socket: S,
    /// Milliseconds for each answer.
    limit: u32,
    incoming: RefCell<Incoming>,
    /// Commands have left, and not every reply has come.
    waiting: Cell<bool>,
    watching: Cell<bool>,
}

impl<S: Socket> Exclusive<S> {
    /// Over a socket on which no answer is outstanding, with so many milliseconds for each.
    pub fn new(socket: S, limit: u32) -> Self {
        let (incoming, waiting, watching) = Default::default();
        Self { socket, limit, incoming, waiting, watching }
    }

    /// Whether the next call can use it as if it were new: no reply is outstanding, nothing came that nobody asked for, and no
    /// WATCH stands.
    pub fn is_settled(&self) -> bool {
        !self.waiting.get() && !self.watching.get() && self.incoming.borrow().is_empty()
    }

    /// The socket below.
    pub fn socket(&self) -> &S {
        &self.socket
    }

    /// The socket below, which nothing is left of here.
    pub fn into_socket(self) -> Option<S> {
        self.is_settled().then_some(self.socket)
    }

    async fn reply(&self) -> Result<Reply, ExchangeError> {
        let deadline = Deadline::new(self.limit);
        let mut has_read = false;
        loop {
            let next = self.incoming.borrow_mut().next_reply();
            if let Some(reply) = next.map_err(ExchangeError::Unreadable)? {
                return Ok(reply);
            }
            if has_read && deadline.has_passed(self.socket.now()) {
                return Err(ExchangeError::Unanswered(SocketError::TimedOut));
            }
            has_read = true;
            let bytes = self.socket.read(READ_SIZE).await;
            match bytes.map_err(ExchangeError::Unanswered)? {
                bytes if bytes.is_empty() => return Err(ExchangeError::Unanswered(SocketError::Closed)),
                bytes => self.incoming.borrow_mut().add(bytes),
            }
        }
    }
}

impl<S: Socket> Connection for Exclusive<S> {
    async fn exchange(&self, batch: &Batch) -> Result<Vec<Reply>, ExchangeError> {
        // What nobody asked for would be taken for the answer.
        if !self.incoming.borrow().is_empty() {
            return Err(ExchangeError::NotSent);
        }
        self.waiting.set(true);
        self.watching.set(batch.is_watching());
        match self.socket.write(batch.bytes()).await {
            Ok(()) => {}
            Err(SocketError::Closed) => return Err(ExchangeError::NotSent),
            Err(error) => return Err(ExchangeError::Unanswered(error)),
        }
        let mut replies = Vec::with_capacity(batch.commands());
        while replies.len() < batch.commands() {
            replies.push(self.reply().await?);
        }
        self.waiting.set(replies.iter().any(Reply::closes));
        Ok(replies)
    }
}
