//! What is sent gets to the server that has to have it: one more try where that is safe, and elsewhere where that is said.

use super::{
    batch::{Batch, Spare},
    connection::ExchangeError,
    exclusive::Exclusive,
    handshake::Handshake,
    host::{Host, Timeouts},
    node::{Context, Node},
    refusal::Passing,
    reply::Reply,
    retry::{self, Failure, Repeat},
    servers::Servers,
    url::Server,
};
use crate::error::Error;
use std::rc::Rc;

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

/// Reaches the server, or the one of several, that has a key.
pub struct Client<H: Host> {
    context: Rc<Context<H>>,
    servers: Servers<H>,
    /// For batches that leave, are answered, and are done with.
    pub spare: Spare,
}

impl<H: Host> Client<H> {
    /// Connects at first use.
    pub fn new(host: H, server: Server, timeouts: Timeouts) -> Self {
        let context = Rc::new(Context { host, handshake: Handshake::new(&server), timeouts, kept: Rc::default() });
        Self { servers: Servers::new(context.clone(), server.place), context, spare: Spare::default() }
    }

    /// The time limits.
    pub fn timeouts(&self) -> Timeouts {
        self.context.timeouts
    }

    /// The world around.
    pub fn host(&self) -> &H {
        &self.context.host
    }

    /// Sends a batch to the server that has this key, and returns a reply for each of its commands, none of them an error but
    /// NOSCRIPT; tries again as the rule says.
    pub async fn exchange(&self, key: &[u8], batch: &Batch, rule: Rule) -> Result<Vec<Reply>, Error> {
        let mut tries = Tries::new(rule);
        loop {
            let node = self.server(key, &mut tries).await?;
            let asking = tries.asking.then(|| batch.asking());
            match node.exchange(asking.as_ref().unwrap_or(batch)).await {
                Ok(mut replies) => {
                    replies.drain(..usize::from(tries.asking));
                    return Ok(replies);
                }
                Err(attempt) => self.again(&mut tries, Some(&node), attempt).await?,
            }
        }
    }

    /// Does something on one connection to the server that has this key, from its first exchange to its last; tries all of it
    /// again as the rule says. A transaction needs that: WATCH and EXEC have to meet the same connection.
    pub async fn attempt<T>(
        &self,
        key: &[u8],
        rule: Rule,
        once: impl AsyncFn(&Ready<H>) -> Result<T, Attempt>,
    ) -> Result<T, Error> {
        let mut tries = Tries::new(rule);
        loop {
            let node = self.server(key, &mut tries).await?;
            let result = if tries.asking {
                // While a key is on its way to another server, what has to look at it twice has to wait.
                Err(Attempt::Failed(Failure::Refused(Passing::Wait)))
            } else {
                node.attempt(&once).await
            };
            match result {
                Ok(result) => return Ok(result),
                Err(attempt) => self.again(&mut tries, Some(&node), attempt).await?,
            }
        }
    }

    /// The server for the next try.
    async fn server(&self, key: &[u8], tries: &mut Tries<H>) -> Result<Rc<Node<H>>, Error> {
        loop {
            let asked = tries.asked.take();
            tries.asking = asked.is_some();
            if let Some(node) = asked {
                return Ok(node);
            }
            match self.servers.of(key).await {
                Ok(node) => return Ok(node),
                Err(attempt) => self.again(tries, None, attempt).await?,
            }
        }
    }

    /// Returns when it is time for another try, or with the error that the caller is told.
    async fn again(&self, tries: &mut Tries<H>, node: Option<&Rc<Node<H>>>, attempt: Attempt) -> Result<(), Error> {
        let Tries { rule, .. } = *tries;
        let failure = match attempt {
            Attempt::Failed(failure) => failure,
            // What an earlier try may have done stays unknown, whatever came of the later ones.
            Attempt::Final(error) => {
                let lost = tries.lost.take().filter(|_| rule.writes);
                return Err(lost.map_or(error, ExchangeError::of_writing));
            }
        };
        match (&failure, node) {
            (Failure::NoReply(error @ ExchangeError::Unanswered(_)), _) => tries.lost = Some(error.clone()),
            (Failure::Redirected(redirect), Some(node)) => tries.asked = self.servers.follow(redirect, node),
            _ => {}
        }
        self.servers.doubt(&failure);
        tries.count += 1;
        let Context { host, timeouts, .. } = &*self.context;
        let now = host.now();
        // The clock is asked only once there is something to wait for.
        let deadline = *tries.deadline.get_or_insert(now + u64::from(timeouts.answer));
        let time_left = deadline.saturating_sub(now);
        match retry::pause(&failure, rule.repeat, self.servers.are_several(), tries.count, time_left) {
            None => {
                let failure = tries.lost.take().map_or(failure, Failure::NoReply);
                return Err(told(failure, rule, self.servers.are_several()));
            }
            Some(0) => {}
            Some(pause) => host.wait(pause).await,
        }
        Ok(())
    }
}

/// What a call has tried.
struct Tries<H: Host> {
    rule: Rule,
    count: u32,
    deadline: Option<u64>,
    /// The connection that was lost with what was sent over it.
    lost: Option<ExchangeError>,
    /// The server that was named for the next try alone.
    asked: Option<Rc<Node<H>>>,
    /// Whether this try goes to such a one.
    asking: bool,
}

impl<H: Host> Tries<H> {
    fn new(rule: Rule) -> Self {
        Self { rule, count: 0, deadline: None, lost: None, asked: None, asking: false }
    }
}

fn told(failure: Failure, rule: Rule, several: bool) -> Error {
    use super::host::SocketError;
    match failure {
        Failure::NoConnection(SocketError::Unsupported(what)) => Error::Unsupported(what),
        // A server may have made the name of a host of whatever it was sent.
        Failure::NoConnection(SocketError::NameNotFound(_) | SocketError::Denied(_)) if several => {
            Error::Unavailable("no way to a server's host".into())
        }
        Failure::NoConnection(error) => Error::Unavailable(error.text()),
        Failure::NoReply(error) if rule.writes => error.of_writing(),
        Failure::NoReply(error) => error.of_reading(),
        Failure::Redirected(_) if several => {
            Error::Unavailable("the servers do not agree on which of them has it".into())
        }
        Failure::Redirected(_) => {
            Error::Unsupported("the server is one of a cluster, and the URL does not say so".into())
        }
        Failure::Refused(Passing::Wait) => Error::Unavailable("the server is loading or busy".into()),
        Failure::Refused(Passing::Reconnect) => Error::Unavailable("the server is a replica or has no primary".into()),
    }
}

#[cfg(test)]
mod tests;
