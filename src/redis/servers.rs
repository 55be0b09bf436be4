//! The server that owns a key: the only one, the primary that sentinels name, or a node of a cluster.

use super::{
    batch::Batch,
    client::TryError,
    connection::ConnectionError,
    error_reply::{Redirect, RetryHint},
    host::{Address, Host, SocketError},
    limits::Limits,
    node::{ConnectionStrategy, Context, Node},
    reply::Value,
    retry::Transient,
    slots::{self, Slots},
    url::Topology,
};
use crate::text::parse_int;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// The most nodes that are kept. Redis Cluster is designed for up to 1,000, but replies may name any number of nodes.
const MAX_NODES: usize = 1_024;

/// The servers of a client.
pub struct Servers<H: Host> {
    context: Rc<Context<H>>,
    topology: Topology,
    /// The servers that were used, or are about to be.
    nodes: RefCell<Vec<Rc<Node<H>>>>,
    /// Which server owns which slots. With sentinels, the primary owns all of them. `None`: not known, or possibly out
    /// of date.
    slots: RefCell<Option<Slots>>,
    /// Whether a call is requesting the slots.
    learning: Cell<bool>,
    /// The index of the server to ask first. If a call runs out of time, the next one begins with the server after the
    /// last that it asked.
    first: Cell<usize>,
}

impl<H: Host> Servers<H> {
    /// Contacts no server before the first call.
    pub fn new(context: Rc<Context<H>>, topology: Topology) -> Self {
        let (nodes, slots, learning, first) = Default::default();
        Self { context, topology, nodes, slots, learning, first }
    }

    /// Whether another server may take over from one that is down.
    pub fn are_several(&self) -> bool {
        !matches!(self.topology, Topology::Single(_))
    }

    /// Whether keys are spread over several servers by their slots.
    pub fn is_cluster(&self) -> bool {
        matches!(self.topology, Topology::Cluster(_))
    }

    /// The server, if there is only one. Then no lookup is needed.
    pub fn only(&self) -> Option<Rc<Node<H>>> {
        let Topology::Single(address) = &self.topology else { return None };
        let only = self.nodes.borrow().first().cloned();
        Some(only.unwrap_or_else(|| self.node(address)))
    }

    /// The server that owns this key.
    pub async fn owner(&self, key: &[u8], limits: &Limits) -> Result<Rc<Node<H>>, TryError> {
        if let Some(only) = self.only() {
            return Ok(only);
        }
        let slot = if self.is_cluster() { slots::slot(key) } else { 0 };
        if self.slots.borrow().is_none() {
            let slots = self.learn(limits).await?;
            self.nodes.borrow_mut().retain(|node| slots.primaries().any(|address| *address == node.address));
            self.slots.replace(Some(slots));
        }
        let address = self.slots.borrow().as_ref().and_then(|slots| slots.primary(slot).cloned());
        match address {
            Some(address) => Ok(self.node(&address)),
            None => {
                self.slots.take();
                Err(TryError::Retryable(Transient::Refused(RetryHint::Reconnect)))
            }
        }
    }

    /// Follows a redirect. Returns the node for the next try if the redirect holds for that one only.
    pub fn follow(&self, redirect: &Redirect, from: &Node<H>) -> Option<Rc<Node<H>>> {
        if !self.is_cluster() {
            return None;
        }
        let address = slots::beside(&from.address, &redirect.host, redirect.port);
        if redirect.asks {
            return Some(self.node(&address));
        }
        self.slots.borrow_mut().take_if(|slots| !slots.moved(redirect.slot, address));
        None
    }

    /// Forgets which server owns which slots, after a failure that may mean that another server has taken over.
    pub fn doubt(&self, failure: &Transient) {
        match failure {
            Transient::NoConnection(_)
            | Transient::NoReply(ConnectionError::Unanswered(_))
            | Transient::Refused(RetryHint::Reconnect) => drop(self.slots.take()),
            Transient::NoReply(_) | Transient::Refused(RetryHint::Wait) | Transient::Redirected(_) => {}
        }
    }

    fn node(&self, address: &Address) -> Rc<Node<H>> {
        let mut nodes = self.nodes.borrow_mut();
        if let Some(node) = nodes.iter().find(|node| node.address == *address) {
            return node.clone();
        }
        if nodes.len() == MAX_NODES {
            nodes.clear();
        }
        let node = Rc::new(Node::new(self.context.clone(), address.clone()));
        nodes.push(node.clone());
        node
    }

    /// Asks one server after another which server owns which slots, until one answers or the call's time is over. One
    /// call asks for all; the others retry.
    async fn learn(&self, limits: &Limits) -> Result<Slots, TryError> {
        if self.learning.replace(true) {
            return Err(TryError::Retryable(Transient::Refused(RetryHint::Wait)));
        }
        let _learning = Learning(&self.learning);
        let (known, question) = match &self.topology {
            Topology::Single(_) => return Err(TryError::Retryable(Transient::Refused(RetryHint::Wait))),
            Topology::Sentinel(sentinels, name) => {
                (sentinels, Batch::of(&[b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", name.as_bytes()]))
            }
            Topology::Cluster(known) => (known, Batch::of(&[b"CLUSTER", b"SLOTS"])),
        };
        let mut addresses = known.clone();
        if self.is_cluster() {
            let nodes = self.nodes.borrow();
            addresses.extend(nodes.iter().map(|node| node.address.clone()).filter(|address| !known.contains(address)));
        }
        let mut failure = TryError::Retryable(Transient::NoConnection(SocketError::Unreachable));
        let first = self.first.get();
        for index in first..first + addresses.len() {
            match self.ask(&addresses[index % addresses.len()], &question, limits).await {
                Ok(slots) => return Ok(slots),
                Err(error) => failure = error,
            }
            if limits.check_time(self.context.host.now()).is_err() {
                self.first.set(index + 1);
                break;
            }
        }
        Err(failure)
    }

    async fn ask(&self, address: &Address, question: &Batch, limits: &Limits) -> Result<Slots, TryError> {
        let is_sentinel = matches!(self.topology, Topology::Sentinel(..));
        let node = if is_sentinel {
            Rc::new(Node::sentinel(self.context.clone(), address.clone()))
        } else {
            self.node(address)
        };
        let reply = node.strategy().round_trip(&node, question, limits).await?.pop();
        let slots = reply.and_then(|reply| match is_sentinel {
            true => primary(reply.value(), address),
            false => Slots::read(reply.value(), address),
        });
        slots.ok_or(TryError::Retryable(Transient::Refused(RetryHint::Reconnect)))
    }
}

/// Lets another call request the slots when this one ends, even if it is cancelled.
struct Learning<'a>(&'a Cell<bool>);

impl Drop for Learning<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Reads a sentinel's reply, the host and port of the primary
/// (<https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/>). `None` if it knows no primary of that
/// name.
fn primary(reply: Value, sentinel: &Address) -> Option<Slots> {
    let Value::List(list) = reply else { return None };
    let (Value::Text(host), Value::Text(port)) = (list.get(0)?, list.get(1)?) else { return None };
    Some(Slots::single(slots::beside(sentinel, std::str::from_utf8(host).ok()?, parse_int(port)?)))
}

#[cfg(test)]
mod tests;
