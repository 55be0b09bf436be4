//! One server at its address: connections to it that have done their handshake.

use super::{
    batch::Batch,
    client::{Attempt, Ready},
    connection::{Connection, ExchangeError},
    exclusive::Exclusive,
    handshake::Handshake,
    host::{Address, Host, Socket, Timeouts},
    refusal::{self, Passing},
    reply::Reply,
    retry::Failure,
};
use std::{cell::RefCell, future::Future, rc::Rc};

/// What all servers of a client have in common.
pub struct Context<H: Host> {
    /// The world around.
    pub host: H,
    /// What is said first.
    pub handshake: Handshake,
    /// The time limits.
    pub timeouts: Timeouts,
    /// Counts the connections that are kept: each has a clone of it.
    pub kept: Rc<()>,
}

/// The most connections that are kept for calls to come, at all servers of a client together: hosts allow only so many.
const MAX_KEPT: usize = 32;

/// A server, reached.
pub struct Node<H: Host> {
    context: Rc<Context<H>>,
    /// A sentinel is no Redis: it is asked without a word of who we are.
    is_sentinel: bool,
    /// Where it listens.
    pub address: Address,
    /// Connections that calls left in order.
    kept: RefCell<Vec<Kept<H>>>,
    link: H::Link,
}

struct Kept<H: Host> {
    connection: Box<Ready<H>>,
    _counted: Rc<()>,
}

/// Which connection a call takes.
pub trait Link<H: Host>: Default {
    /// Lets a call have a connection of its own.
    type Permit<'a>
    where
        Self: 'a;

    /// Waits until a call may have a connection of its own; busy where too many wait already, or this one too long.
    fn permit(&self, node: &Node<H>) -> impl Future<Output = Result<Self::Permit<'_>, Attempt>>;

    /// Sends a batch once, and returns a reply for each of its commands, none of them an error but NOSCRIPT.
    fn exchange(&self, node: &Node<H>, batch: &Batch) -> impl Future<Output = Result<Vec<Reply>, Attempt>>;
}

/// A connection that no other call uses: for hosts where calls are one after another.
#[derive(Default)]
pub struct Apart;

impl<H: Host> Link<H> for Apart {
    type Permit<'a> = ();

    async fn permit(&self, _: &Node<H>) -> Result<(), Attempt> {
        Ok(())
    }

    fn exchange(&self, node: &Node<H>, batch: &Batch) -> impl Future<Output = Result<Vec<Reply>, Attempt>> {
        node.attempt(async move |connection: &Ready<H>| exchange(connection, batch).await)
    }
}

impl<H: Host> Node<H> {
    /// The world around, and the time limits.
    pub fn context(&self) -> &Context<H> {
        &self.context
    }

    /// Connects at first use.
    pub fn new(context: Rc<Context<H>>, address: Address) -> Self {
        Self { context, is_sentinel: false, address, kept: RefCell::default(), link: H::Link::default() }
    }

    /// A sentinel.
    pub fn sentinel(context: Rc<Context<H>>, address: Address) -> Self {
        Self { is_sentinel: true, ..Self::new(context, address) }
    }

    /// Sends a batch once, and returns a reply for each of its commands, none of them an error but NOSCRIPT.
    pub fn exchange(&self, batch: &Batch) -> impl Future<Output = Result<Vec<Reply>, Attempt>> {
        self.link.exchange(self, batch)
    }

    /// Does something once on a connection of its own, from the first exchange to the last.
    pub async fn attempt<T>(&self, once: impl AsyncFnOnce(&Ready<H>) -> Result<T, Attempt>) -> Result<T, Attempt> {
        let _permit = self.link.permit(self).await?;
        let connection = self.connection().await?;
        let result = once(&connection).await;
        if !is_unwanted(&result) && connection.is_settled() {
            self.keep(connection);
        }
        if let Err(Attempt::Failed(Failure::NoReply(ExchangeError::NotSent))) = &result {
            // What has closed one of them has closed the others too, and another try is worth a connection that stands.
            drop(self.kept.take());
        }
        result
    }

    fn keep(&self, connection: Box<Ready<H>>) {
        let counter = &self.context.kept;
        if Rc::strong_count(counter) <= MAX_KEPT {
            connection.socket().set_idle();
            self.kept.borrow_mut().push(Kept { connection, _counted: counter.clone() });
        }
    }

    /// A connection that no other call uses.
    async fn connection(&self) -> Result<Box<Ready<H>>, Attempt> {
        let kept = self.kept.borrow_mut().pop();
        match kept {
            Some(Kept { connection, .. }) => Ok(connection),
            None => self.connect().await,
        }
    }

    /// A connection that has done its handshake: one that the host kept, or a new one.
    pub async fn connect(&self) -> Result<Box<Ready<H>>, Attempt> {
        let Context { host, handshake, timeouts, .. } = &*self.context;
        let (batch, state) = if self.is_sentinel { (None, "") } else { (handshake.batch(), handshake.state()) };
        let socket = host
            .connect(&self.address, *timeouts, state)
            .await
            .map_err(|error| Attempt::Failed(Failure::NoConnection(error)))?;
        let connection = Box::new(Exclusive::new(socket, timeouts.answer));
        if let (Some(batch), false) = (batch, connection.socket().reused()) {
            let replies = connection.exchange(batch).await.map_err(|error| match error {
                // Nothing but the handshake was sent: for the command that waits, there was no connection.
                ExchangeError::Unanswered(error) => Attempt::Failed(Failure::NoConnection(error)),
                other => Attempt::Final(other.of_reading()),
            })?;
            handshake.check(&replies)?;
            connection.socket().set_state(state);
        }
        Ok(connection)
    }
}

/// Sends a batch over a connection, and looks for error replies.
pub async fn exchange(connection: &impl Connection, batch: &Batch) -> Result<Vec<Reply>, Attempt> {
    let replies = connection.exchange(batch).await?;
    // An error instead of how many replicas have it takes nothing back of what was written.
    let last = replies.len() - usize::from(batch.waits());
    check(&replies[..last], batch)?;
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
        let text = refusal::cause(text);
        if refusal::prefix(text) == "NOSCRIPT" {
            continue;
        }
        if let Some(redirect) = refusal::redirect(text) {
            return Err(Attempt::Failed(Failure::Redirected(redirect)));
        }
        return Err(match refusal::passing(text) {
            Some(passing) => Attempt::Failed(Failure::Refused(passing)),
            None => Attempt::Final(refusal::error(text, batch, first + index)),
        });
    }
    Ok(())
}
