//! Which server has a key: the only one, the primary that the sentinels name, or a node of a cluster.

use super::{
    batch::Batch,
    client::Attempt,
    connection::ExchangeError,
    host::{Address, Host, SocketError},
    node::{Context, Node},
    refusal::{Passing, Redirect},
    reply::Reply,
    retry::Failure,
    slots::{self, Slots},
    url::Place,
};
use crate::decimal::whole;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// The most nodes that are kept, more than a cluster has: replies may name any number of them.
const MAX_NODES: usize = 1_024;

/// The servers of a client.
pub struct Servers<H: Host> {
    context: Rc<Context<H>>,
    place: Place,
    /// Those that were reached, or are to be.
    nodes: RefCell<Vec<Rc<Node<H>>>>,
    /// What is known of a cluster; of a primary, as if it served every slot. None: to be asked for.
    slots: RefCell<Option<Slots>>,
    /// Whether some call is asking for it.
    learning: Cell<bool>,
    /// Which server is asked first: behind those that the last time was lost on.
    first: Cell<usize>,
}

impl<H: Host> Servers<H> {
    /// None is asked before the first call.
    pub fn new(context: Rc<Context<H>>, place: Place) -> Self {
        let (nodes, slots, learning, first) = Default::default();
        Self { context, place, nodes, slots, learning, first }
    }

    /// Whether another server may take over from one.
    pub fn are_several(&self) -> bool {
        !matches!(self.place, Place::At(_))
    }

    /// The server that has this key.
    pub async fn of(&self, key: &[u8]) -> Result<Rc<Node<H>>, Attempt> {
        let slot = match &self.place {
            Place::At(address) => {
                // There is no other, so its address need not be compared.
                let only = self.nodes.borrow().first().cloned();
                return Ok(only.unwrap_or_else(|| self.node(address)));
            }
            Place::Sentinels(..) => 0,
            Place::Cluster(_) => slots::slot(key),
        };
        if self.slots.borrow().is_none() {
            let slots = self.learn().await?;
            self.nodes.borrow_mut().retain(|node| slots.primaries().any(|address| *address == node.address));
            self.slots.replace(Some(slots));
        }
        let address = self.slots.borrow().as_ref().and_then(|slots| slots.primary(slot).cloned());
        match address {
            Some(address) => Ok(self.node(&address)),
            None => {
                self.slots.take();
                Err(Attempt::Failed(Failure::Refused(Passing::Reconnect)))
            }
        }
    }

    /// Goes by what a server said of where a key is. Some: only for this time.
    pub fn follow(&self, redirect: &Redirect, from: &Node<H>) -> Option<Rc<Node<H>>> {
        let Place::Cluster(_) = self.place else { return None };
        let address = slots::beside(&from.address, &redirect.host, redirect.port);
        if redirect.asks {
            return Some(self.node(&address));
        }
        self.slots.borrow_mut().take_if(|slots| !slots.moved(redirect.slot, address));
        None
    }

    /// After a failure that another server may be the answer to, what was known of them is asked for again.
    pub fn doubt(&self, failure: &Failure) {
        match failure {
            Failure::NoConnection(_)
            | Failure::NoReply(ExchangeError::Unanswered(_))
            | Failure::Refused(Passing::Reconnect) => drop(self.slots.take()),
            Failure::NoReply(_) | Failure::Refused(Passing::Wait) | Failure::Redirected(_) => {}
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

    /// Asks one after another until somebody knows, or the time of one question is over. One call asks for all.
    async fn learn(&self) -> Result<Slots, Attempt> {
        if self.learning.replace(true) {
            return Err(Attempt::Failed(Failure::Refused(Passing::Wait)));
        }
        let _learnt = Learning(&self.learning);
        let (known, question) = match &self.place {
            Place::At(_) => return Err(Attempt::Failed(Failure::Refused(Passing::Wait))),
            Place::Sentinels(sentinels, name) => {
                (sentinels, Batch::of(&[b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", name.as_bytes()]))
            }
            Place::Cluster(known) => (known, Batch::of(&[b"CLUSTER", b"SLOTS"])),
        };
        let mut addresses = known.clone();
        if let Place::Cluster(_) = self.place {
            let nodes = self.nodes.borrow();
            addresses.extend(nodes.iter().map(|node| node.address.clone()).filter(|address| !known.contains(address)));
        }
        let mut failure = Attempt::Failed(Failure::NoConnection(SocketError::Unreachable));
        let Context { host, timeouts, .. } = &*self.context;
        let deadline = host.now() + u64::from(timeouts.connect) + u64::from(timeouts.answer);
        let first = self.first.get();
        for index in first..first + addresses.len() {
            match self.ask(&addresses[index % addresses.len()], &question).await {
                Ok(slots) => return Ok(slots),
                Err(error) => failure = error,
            }
            if host.now() >= deadline {
                self.first.set(index + 1);
                break;
            }
        }
        Err(failure)
    }

    async fn ask(&self, address: &Address, question: &Batch) -> Result<Slots, Attempt> {
        let node = match self.place {
            Place::Sentinels(..) => Rc::new(Node::sentinel(self.context.clone(), address.clone())),
            _ => self.node(address),
        };
        let reply = node.exchange(question).await?.pop();
        let slots = reply.and_then(|reply| match self.place {
            Place::Sentinels(..) => primary(&reply, address),
            _ => Slots::read(&reply, address),
        });
        slots.ok_or(Attempt::Failed(Failure::Refused(Passing::Reconnect)))
    }
}

/// Ends with the call that asks, also where that is cancelled.
struct Learning<'a>(&'a Cell<bool>);

impl Drop for Learning<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Reads the answer of a sentinel: host and port
/// (<https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/>). None where it knows of no such primary.
fn primary(reply: &Reply, sentinel: &Address) -> Option<Slots> {
    let Reply::Array(place) = reply else { return None };
    let [Reply::Text(host), Reply::Text(port)] = &place[..] else { return None };
    Some(Slots::all_at(slots::beside(sentinel, std::str::from_utf8(host).ok()?, whole(port)?)))
}

#[cfg(test)]
mod tests;
