//! Routes a batch to the server that owns the key, retries when that is safe, and follows redirects.

use super::{
    batch::{Batch, BufferPool, Wait},
    connection::ConnectionError,
    error_reply::{self, RetryHint},
    handshake::Handshake,
    host::{Host, SocketError, Timeouts},
    limits::Limits,
    node::{ConnectionStrategy, Context, Node, ReadyConnection},
    reply::{Reply, Value},
    retry::{self, Repeat, Transient},
    servers::Servers,
    url::RedisUrl,
};
use crate::error::Error;
use std::rc::Rc;

/// Why a try failed.
#[derive(Clone)]
pub enum TryError {
    /// Another try may succeed, if the call's [`Rule`] allows it.
    Retryable(Transient),
    /// No other try can succeed.
    Fatal(Error),
}

impl From<ConnectionError> for TryError {
    fn from(error: ConnectionError) -> Self {
        TryError::Retryable(Transient::NoReply(error))
    }
}

/// How a batch may be treated.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Whether it may be sent again after its reply was lost.
    pub repeat: Repeat,
    /// Whether it writes: if its reply is lost, its outcome is unknown.
    pub writes: bool,
    /// The replicas that a write waits for.
    pub wait: Option<Wait>,
}

impl Rule {
    /// For a batch that only reads.
    pub const READ: Self = Self { repeat: Repeat::Always, writes: false, wait: None };

    /// The replicas to wait for. `None` for reads, which do not wait.
    pub fn wait(&self) -> Option<Wait> {
        self.wait.filter(|_| self.writes)
    }
}

/// The replies to a batch.
pub struct Replies {
    /// One for each command of the caller's batch. The only error reply among them is NOSCRIPT.
    pub list: Vec<Reply>,
    /// The number of replicas that have the write, if the rule asked for some.
    pub replicas: Option<u32>,
}

/// Reaches the server that owns a key.
pub struct Client<H: Host> {
    context: Rc<Context<H>>,
    servers: Servers<H>,
    /// Buffers for batches.
    pub buffers: BufferPool,
}

impl<H: Host> Client<H> {
    /// Connects at first use.
    pub fn new(host: H, url: RedisUrl, timeouts: Timeouts) -> Self {
        let context = Rc::new(Context { host, handshake: Handshake::new(&url), timeouts, idle: Rc::default() });
        Self { servers: Servers::new(context.clone(), url.topology), context, buffers: BufferPool::default() }
    }

    /// The limits of a call that begins now.
    pub fn begin(&self) -> Limits {
        Limits::begin(self.context.host.now(), self.context.timeouts)
    }

    /// The host that the client uses.
    pub fn host(&self) -> &H {
        &self.context.host
    }

    /// Whether keys are spread over several servers by their slots.
    pub fn is_cluster(&self) -> bool {
        self.servers.is_cluster()
    }

    /// Sends a batch to the server that owns this key.
    pub async fn send(&self, key: &[u8], mut batch: Batch, rule: Rule, limits: &Limits) -> Result<Replies, Error> {
        if let Some(wait) = rule.wait() {
            batch.wait(wait);
        }
        let mut tries = Tries::new(rule);
        let mut list = loop {
            let node = match self.servers.only() {
                Some(node) => node,
                None => self.node(key, &mut tries, limits).await?,
            };
            let asking = tries.asking.then(|| batch.asking());
            match node.strategy().round_trip(&node, asking.as_ref().unwrap_or(&batch), limits).await {
                Ok(mut replies) => {
                    if tries.asking {
                        replies.remove(0);
                    }
                    break replies;
                }
                Err(error) => self.retry(&mut tries, Some(&node), error, limits).await?,
            }
        };
        let replicas = rule.wait().and_then(|_| list.pop()).map(|reply| replica_count(&reply));
        self.buffers.give_back(batch);
        Ok(Replies { list, replicas })
    }

    /// Runs `once` on one connection to the server that owns this key, and retries it as a whole. A transaction needs that: EXEC has
    /// to follow WATCH on the same connection.
    pub async fn on_connection<T>(
        &self,
        key: &[u8],
        rule: Rule,
        limits: &Limits,
        once: impl AsyncFn(&ReadyConnection<H>) -> Result<T, TryError>,
    ) -> Result<T, Error> {
        let mut tries = Tries::new(rule);
        loop {
            let node = self.node(key, &mut tries, limits).await?;
            let result = if tries.asking {
                // ASKING covers a single command, so a transaction has to wait until the key has moved.
                Err(TryError::Retryable(Transient::Refused(RetryHint::Wait)))
            } else {
                node.on_connection(limits, &once).await
            };
            match result {
                Ok(result) => return Ok(result),
                Err(error) => self.retry(&mut tries, Some(&node), error, limits).await?,
            }
        }
    }

    /// The server for the next try.
    async fn node(&self, key: &[u8], tries: &mut Tries<H>, limits: &Limits) -> Result<Rc<Node<H>>, Error> {
        loop {
            let asked = tries.asked.take();
            tries.asking = asked.is_some();
            if let Some(node) = asked {
                return Ok(node);
            }
            match self.servers.owner(key, limits).await {
                Ok(node) => return Ok(node),
                Err(error) => self.retry(tries, None, error, limits).await?,
            }
        }
    }

    /// Returns when it is time for another try, or with the call's error.
    async fn retry(
        &self,
        tries: &mut Tries<H>,
        node: Option<&Rc<Node<H>>>,
        error: TryError,
        limits: &Limits,
    ) -> Result<(), Error> {
        let Tries { rule, .. } = *tries;
        let failure = match error {
            TryError::Retryable(failure) => failure,
            TryError::Fatal(error) => {
                // A lost reply of an earlier try leaves the outcome unknown, whatever a later try says.
                let lost = tries.lost.take().filter(|_| rule.writes);
                return Err(lost.map_or(error, |lost| lost.into_error(true)));
            }
        };
        match (&failure, node) {
            (Transient::NoReply(error @ ConnectionError::Unanswered(_)), _) => tries.lost = Some(error.clone()),
            (Transient::Redirected(redirect), Some(node)) => tries.asked = self.servers.follow(redirect, node),
            _ => {}
        }
        self.servers.doubt(&failure);
        tries.count += 1;
        let several = self.servers.are_several();
        let time_left = limits.time_left(self.host().now());
        match retry::pause(&failure, rule.repeat, several, tries.count, time_left) {
            None => {
                let failure = tries.lost.take().map_or(failure, Transient::NoReply);
                return Err(final_error(failure, rule.writes, several));
            }
            Some(0) => {}
            Some(pause) => self.host().wait(pause).await,
        }
        Ok(())
    }
}

/// What a call has tried.
struct Tries<H: Host> {
    rule: Rule,
    count: u32,
    /// How a connection was lost after the batch had been sent over it.
    lost: Option<ConnectionError>,
    /// The server that ASK named, for the next try alone.
    asked: Option<Rc<Node<H>>>,
    /// Whether this try goes to a server that ASK named.
    asking: bool,
}

impl<H: Host> Tries<H> {
    fn new(rule: Rule) -> Self {
        Self { rule, count: 0, lost: None, asked: None, asking: false }
    }
}

/// Turns the first error reply into an error, except NOSCRIPT: the caller handles that by sending the script's text.
pub fn checked(result: Result<Vec<Reply>, ConnectionError>, batch: &Batch) -> Result<Vec<Reply>, TryError> {
    let replies = result?;
    // An error reply to WAIT does not undo the writes before it, so it is not an error of the batch.
    let last = replies.len() - usize::from(batch.waits());
    for (index, reply) in replies.iter().take(last).enumerate() {
        check(reply.value(), batch, index)?;
    }
    if batch.commands() == 1 {
        return Ok(replies);
    }
    if let Some(Value::List(list)) = replies.last().map(Reply::value) {
        // The reply to EXEC holds the replies to the transaction's commands.
        for (index, value) in list.into_iter().enumerate() {
            check(value, batch, 1 + index)?;
        }
    }
    Ok(replies)
}

/// Turns an error reply to the command at this index of the batch into an error.
pub fn check(value: Value, batch: &Batch, index: usize) -> Result<(), TryError> {
    let Value::Error(text) = value else { return Ok(()) };
    let text = error_reply::cause(text);
    if error_reply::code(text) == "NOSCRIPT" {
        return Ok(());
    }
    if let Some(redirect) = error_reply::redirect(text) {
        return Err(TryError::Retryable(Transient::Redirected(redirect)));
    }
    Err(match error_reply::retry_hint(text) {
        Some(hint) => TryError::Retryable(Transient::Refused(hint)),
        None => TryError::Fatal(error_reply::into_error(text, batch, index)),
    })
}

/// The number of replicas in the reply to WAIT. If the reply is an error, it is 0: the server does not support the
/// command, or the ACL forbids it, so no replica is known to have the write.
pub fn replica_count(reply: &Reply) -> u32 {
    match reply.value() {
        Value::Integer(count) => u32::try_from(count).unwrap_or(0),
        _ => 0,
    }
}

fn final_error(failure: Transient, writes: bool, several: bool) -> Error {
    match failure {
        Transient::NoConnection(SocketError::Unsupported(what)) => Error::Unsupported(what),
        // The error leaves out the name: a server's reply may have supplied it, and may repeat what was sent.
        Transient::NoConnection(SocketError::NameNotFound(_) | SocketError::Denied(_)) if several => {
            Error::Unavailable("a server's host cannot be reached".into())
        }
        Transient::NoConnection(error) => Error::Unavailable(error.text()),
        Transient::NoReply(error) => error.into_error(writes),
        Transient::Redirected(_) if several => {
            Error::Unavailable("the cluster's nodes disagree about which of them owns the slot".into())
        }
        Transient::Redirected(_) => {
            Error::Unsupported("the server is a cluster node: add cluster=true to the Redis URL".into())
        }
        Transient::Refused(RetryHint::Wait) => Error::Unavailable("the server is loading or busy".into()),
        Transient::Refused(RetryHint::Reconnect) => {
            Error::Unavailable("the server is a replica or has no primary".into())
        }
    }
}

#[cfg(test)]
mod tests;
