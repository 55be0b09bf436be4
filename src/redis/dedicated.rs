//! Dedicated connections: each serves one call at a time, and is kept for the next call.
//!
//! If the socket's functions block until they are done, as in the blocking component, every future here is ready when
//! it is first polled.

use super::{
    batch::Batch,
    client::{TryError, checked},
    connection::{Connection, ConnectionError},
    host::{Host, Socket, SocketError},
    incoming::Incoming,
    limits::Limits,
    node::{ConnectionStrategy, Node},
    reply::Reply,
};
use std::cell::{Cell, RefCell};

/// The size of one read, in bytes.
const READ_SIZE: u32 = 64 << 10;

/// The strategy without sharing, for hosts where one call ends before the next begins.
#[derive(Default)]
pub struct Dedicated;

impl<H: Host> ConnectionStrategy<H> for Dedicated {
    type Permit<'a> = ();

    async fn permit(&self, _: &Node<H>, _: &Limits) -> Result<(), TryError> {
        Ok(())
    }

    async fn round_trip(&self, node: &Node<H>, batch: &Batch, limits: &Limits) -> Result<Vec<Reply>, TryError> {
        let connection = match node.idle() {
            Some(connection) => connection,
            None => node.connect(limits).await?,
        };
        let result = checked(connection.round_trip(batch, limits).await, batch);
        node.give_back(connection, &result);
        result
    }
}

/// A socket for one call at a time, and the bytes that have arrived but are not parsed yet.
pub struct DedicatedConnection<S> {
    socket: S,
    incoming: RefCell<Incoming>,
    /// Commands were sent, and not every reply has arrived.
    waiting: Cell<bool>,
    /// A WATCH, or a MULTI, is in force.
    in_transaction: Cell<bool>,
}

impl<S: Socket> DedicatedConnection<S> {
    /// A connection over a socket on which no answer is outstanding.
    pub fn new(socket: S) -> Self {
        let (incoming, waiting, in_transaction) = Default::default();
        Self { socket, incoming, waiting, in_transaction }
    }

    /// Whether the next call can use it like a new connection: no reply is outstanding, nothing arrived that answers no
    /// command, and neither WATCH nor MULTI is in force.
    pub fn is_settled(&self) -> bool {
        !self.waiting.get() && !self.in_transaction.get() && self.incoming.borrow().is_empty()
    }

    /// The socket below.
    pub fn socket(&self) -> &S {
        &self.socket
    }

    /// The socket below, if the connection is settled.
    pub fn into_socket(self) -> Option<S> {
        self.is_settled().then_some(self.socket)
    }
}

impl<S: Socket> Connection for DedicatedConnection<S> {
    async fn round_trip(&self, batch: &Batch, limits: &Limits) -> Result<Vec<Reply>, ConnectionError> {
        // Left-over bytes would be taken for the reply.
        if !self.incoming.borrow().is_empty() {
            return Err(ConnectionError::NotSent);
        }
        self.waiting.set(true);
        self.in_transaction.set(batch.is_in_transaction());
        match self.socket.write(batch.bytes()).await {
            Ok(()) => {}
            Err(SocketError::Closed) => return Err(ConnectionError::NotSent),
            Err(error) => return Err(ConnectionError::Unanswered(error)),
        }
        let mut replies = Vec::with_capacity(batch.commands());
        let mut closes = false;
        let mut has_read = false;
        while replies.len() < batch.commands() {
            let next = self.incoming.borrow_mut().next_reply();
            if let Some(reply) = next.map_err(ConnectionError::Unreadable)? {
                closes |= reply.closes();
                replies.push(reply);
                continue;
            }
            // The socket's own time limit covers the first read.
            if has_read {
                limits.check_time(self.socket.now()).map_err(ConnectionError::Unanswered)?;
            }
            has_read = true;
            let bytes = self.socket.read(READ_SIZE).await.map_err(ConnectionError::Unanswered)?;
            if bytes.is_empty() {
                return Err(ConnectionError::Unanswered(SocketError::Closed));
            }
            limits.spend(bytes.len()).map_err(ConnectionError::Unreadable)?;
            self.incoming.borrow_mut().add(bytes);
        }
        self.waiting.set(closes);
        Ok(replies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::{
        Timeouts,
        testing::{Dripping, ready},
    };

    #[test]
    fn a_server_that_sends_little_and_often_reaches_the_deadline_all_the_same() {
        let limits = Limits::begin(0, Timeouts { connect: 1, answer: 1_000 });
        let connection = DedicatedConnection::new(Dripping::default());
        let result = ready(connection.round_trip(&Batch::of(&[b"CMD"]), &limits));
        assert!(matches!(result, Err(ConnectionError::Unanswered(SocketError::TimedOut))));
        assert!(!connection.is_settled());
    }
}
