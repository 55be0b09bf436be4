//! A server, reached: connections that have done their handshake, and one more try where that is safe.

use super::{
    batch::Batch,
    connection::{Connection, ExchangeError},
    exclusive::Exclusive,
    handshake::Handshake,
    host::{Host, Socket, Timeouts},
    refusal::{self, Passing},
    reply::Reply,
    retry::{self, Failure, Repeat},
    url::Server,
};
use crate::error::Error;
use std::{cell::RefCell, future::Future};

/// A connection that is ready for commands.
pub type Ready<H> = Exclusive<<H as Host>::Socket>;

/// Why a try came to nothing.
#[derive(Clone)]
pub enum Attempt {
    /// It may be tried again, if its rule allows.
    Failed(Failure),
    /// It may not.
    Final(Error),
}

impl From<ExchangeError> for Attempt {
    fn from(error: ExchangeError) -> Self {
        Attempt::Failed(Failure::NoReply(error))
    }
}

/// How a call may be repeated, and what it is told when its fate is unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Whether it may be sent again.
    pub repeat: Repeat,
    /// Whether it writes: without an answer, nobody knows whether it did.
    pub writes: bool,
}

/// Reaches one server.
pub struct Client<H: Host> {
    host: H,
    server: Server,
    handshake: Handshake,
    timeouts: Timeouts,
    /// Connections that calls left in order.
    kept: RefCell<Vec<Ready<H>>>,
    link: H::Link,
}

/// Which connection a call takes.
pub trait Link<H: Host>: Default {
    /// Lets a call have a connection of its own.
    type Permit<'a>
    where
        Self: 'a;

    /// Waits until a call may have a connection of its own.
    fn permit(&self) -> impl Future<Output = Self::Permit<'_>>;

    /// Sends a batch once, and returns a reply for each of its commands, none of them an error but NOSCRIPT.
    fn exchange(&self, client: &Client<H>, batch: &Batch) -> impl Future<Output = Result<Vec<Reply>, Attempt>>;
}

/// A connection that no other call uses: for hosts where calls are one after another.
#[derive(Default)]
pub struct Apart;

impl<H: Host> Link<H> for Apart {
    type Permit<'a> = ();

    async fn permit(&self) {}

    fn exchange(&self, client: &Client<H>, batch: &Batch) -> impl Future<Output = Result<Vec<Reply>, Attempt>> {
        client.attempt_once(async move |connection: &Ready<H>| exchange(connection, batch).await)
    }
}

impl<H: Host> Client<H> {
    /// Connects at first use.
    pub fn new(host: H, server: Server, timeouts: Timeouts) -> Self {
        let handshake = Handshake::new(&server);
        Self { host, server, handshake, timeouts, kept: RefCell::default(), link: H::Link::default() }
    }

    /// The time limits.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// The world around.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// Sends a batch and returns a reply for each of its commands, none of them an error but NOSCRIPT; tries again as the
    /// rule says.
    pub fn exchange(&self, batch: &Batch, rule: Rule) -> impl Future<Output = Result<Vec<Reply>, Error>> {
        self.repeat(rule, move || self.link.exchange(self, batch))
    }

    /// Does something on one connection, from its first exchange to its last; tries all of it again as the rule says.
    /// A transaction needs that: WATCH and EXEC have to meet the same connection.
    pub async fn attempt<T>(
        &self,
        rule: Rule,
        once: impl AsyncFn(&Ready<H>) -> Result<T, Attempt>,
    ) -> Result<T, Error> {
        self.repeat(rule, || self.attempt_once(&once)).await
    }

    async fn repeat<T, Once>(&self, rule: Rule, once: impl Fn() -> Once) -> Result<T, Error>
    where
        Once: Future<Output = Result<T, Attempt>>,
    {
        // A clock is asked only once there is something to wait for.
        let mut deadline = None;
        let mut lost: Option<ExchangeError> = None;
        let mut tries = 0;
        loop {
            let failure = match once().await {
                Ok(result) => return Ok(result),
                // What an earlier try may have done stays unknown, whatever came of the later ones.
                Err(Attempt::Final(error)) => {
                    return Err(lost.filter(|_| rule.writes).map_or(error, ExchangeError::of_writing));
                }
                Err(Attempt::Failed(failure)) => failure,
            };
            if let Failure::NoReply(error @ ExchangeError::Unanswered(_)) = &failure {
                lost = Some(error.clone());
            }
            tries += 1;
            let now = self.host.now();
            let deadline = *deadline.get_or_insert(now + u64::from(self.timeouts.answer));
            match retry::pause(&failure, rule.repeat, tries, deadline.saturating_sub(now)) {
                None => return Err(told(lost.map_or(failure, Failure::NoReply), rule)),
                Some(0) => {}
                Some(pause) => self.host.wait(pause).await,
            }
        }
    }

    async fn attempt_once<T>(&self, once: impl AsyncFnOnce(&Ready<H>) -> Result<T, Attempt>) -> Result<T, Attempt> {
        let _permit = self.link.permit().await;
        let connection = self.connection().await?;
        let result = once(&connection).await;
        if !is_unwanted(&result) && connection.is_settled() {
            connection.socket().set_idle();
            self.kept.borrow_mut().push(connection);
        }
        result
    }

    /// A connection that no other call uses.
    async fn connection(&self) -> Result<Ready<H>, Attempt> {
        let kept = self.kept.borrow_mut().pop();
        match kept {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        }
    }

    /// A connection that has done its handshake: one that the host kept, or a new one.
    pub async fn connect(&self) -> Result<Ready<H>, Attempt> {
        let state = self.handshake.state();
        let address = &self.server.address;
        let socket = self
            .host
            .connect(address, self.timeouts, state)
            .await
            .map_err(|error| Attempt::Failed(Failure::NoConnection(error)))?;
        let connection = Exclusive::new(socket);
        if let (Some(batch), false) = (self.handshake.batch(), connection.socket().reused()) {
            self.shake_hands(&connection, batch).await?;
            connection.socket().set_state(state);
        }
        Ok(connection)
    }

    async fn shake_hands(&self, connection: &Ready<H>, batch: &Batch) -> Result<(), Attempt> {
        let replies = connection.exchange(batch).await.map_err(|error| match error {
            // Nothing but the handshake was sent: for the command that waits, there was no connection.
            ExchangeError::Unanswered(error) => Attempt::Failed(Failure::NoConnection(error)),
            other => Attempt::Final(other.of_reading()),
        })?;
        self.handshake.check(&replies)
    }
}

/// Sends a batch over a connection, and looks for error replies.
pub async fn exchange(connection: &impl Connection, batch: &Batch) -> Result<Vec<Reply>, Attempt> {
    let replies = connection.exchange(batch).await?;
    check(&replies, batch)?;
    if let (true, Some(Reply::Array(replies))) = (batch.commands() > 1, replies.last()) {
        // Those to the commands of a transaction come within the reply to EXEC.
        check_from(1, replies, batch)?;
    }
    Ok(replies)
}

/// Whether another server is wanted, which a new connection may lead to: this one is not even the pool's.
pub fn is_unwanted<T>(result: &Result<T, Attempt>) -> bool {
    matches!(result, Err(Attempt::Failed(Failure::Refused(Passing::Reconnect))))
}

/// Tells the first error reply: what follows it in a transaction only says that it was aborted. NOSCRIPT is left to whoever
/// sent the script.
pub fn check(replies: &[Reply], batch: &Batch) -> Result<(), Attempt> {
    check_from(0, replies, batch)
}

/// The same for replies that begin with that of another command than the first.
pub fn check_from(first: usize, replies: &[Reply], batch: &Batch) -> Result<(), Attempt> {
    for (index, reply) in replies.iter().enumerate() {
        let Reply::Error(text) = reply else { continue };
        if refusal::prefix(text) == "NOSCRIPT" {
            continue;
        }
        return Err(match refusal::passing(text) {
            Some(passing) => Attempt::Failed(Failure::Refused(passing)),
            None => Attempt::Final(refusal::error(text, batch, first + index)),
        });
    }
    Ok(())
}

fn told(failure: Failure, rule: Rule) -> Error {
    use super::host::SocketError;
    match failure {
        Failure::NoConnection(SocketError::Unsupported(what)) => Error::Unsupported(what),
        Failure::NoConnection(error) => Error::Unavailable(error.text()),
        Failure::NoReply(error) if rule.writes => error.of_writing(),
        Failure::NoReply(error) => error.of_reading(),
        Failure::Refused(Passing::Wait) => Error::Unavailable("the server is loading or busy".into()),
        Failure::Refused(Passing::Reconnect) => Error::Unavailable("the server is a replica or has no primary".into()),
    }
}

#[cfg(test)]
mod tests;
