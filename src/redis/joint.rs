//! The connection that concurrent calls share.

use super::{
    batch::Batch,
    client::{Attempt, Ready},
    connection::ExchangeError,
    host::Host,
    node::{self, Context, Link, Node},
    reply::Reply,
    shared::{MAX_CALLS, OnDrop, Shared},
    together::Together,
};
use async_lock::{Semaphore, SemaphoreGuard};
use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::Poll,
};

/// How many calls may have a connection of their own at once; the others wait.
const MAX_OWN: usize = 16;

/// One connection for all calls, made at first use and again when it has ended, once for all that wait for it.
pub struct Joint<H: Host> {
    shared: RefCell<Option<Rc<Shared<H::Socket>>>>,
    connecting: Together<Result<Rc<Shared<H::Socket>>, Attempt>>,
    own: Semaphore,
    /// How many wait for a connection of their own.
    waiting: Cell<usize>,
}

impl<H: Host> Default for Joint<H> {
    fn default() -> Self {
        let (shared, connecting, waiting) = Default::default();
        Self { shared, connecting, own: Semaphore::new(MAX_OWN), waiting }
    }
}

impl<H: Host> Link<H> for Joint<H> {
    type Permit<'a>
        = SemaphoreGuard<'a>
    where
        Self: 'a;

    async fn permit(&self, node: &Node<H>) -> Result<SemaphoreGuard<'_>, Attempt> {
        if let Some(permit) = self.own.try_acquire() {
            return Ok(permit);
        }
        if self.waiting.get() >= MAX_CALLS {
            return Err(ExchangeError::Busy.into());
        }
        self.waiting.update(|count| count + 1);
        let _no_longer = OnDrop(|| self.waiting.update(|count| count - 1));
        let Context { host, timeouts, .. } = node.context();
        let permit = either(self.own.acquire(), host.wait(timeouts.answer)).await;
        permit.ok_or(ExchangeError::Busy.into())
    }

    async fn exchange(&self, node: &Node<H>, batch: &Batch) -> Result<Vec<Reply>, Attempt> {
        if batch.waits() {
            return node.attempt(async |connection: &Ready<H>| node::exchange(connection, batch).await).await;
        }
        let connection = self.connection(node).await?;
        let result = node::exchange(&*connection, batch).await;
        if node::is_unwanted(&result) {
            connection.retire();
        }
        if !connection.is_usable() {
            self.shared.borrow_mut().take_if(|shared| Rc::ptr_eq(shared, &connection));
        }
        result
    }
}

impl<H: Host> Joint<H> {
    async fn connection(&self, node: &Node<H>) -> Result<Rc<Shared<H::Socket>>, Attempt> {
        let shared = self.shared.borrow().as_ref().filter(|connection| connection.is_usable()).cloned();
        if let Some(connection) = shared {
            return Ok(connection);
        }
        if self.connecting.waiting() >= MAX_CALLS {
            return Err(ExchangeError::Busy.into());
        }
        self.connecting
            .get(async || {
                let socket = node.connect().await?.into_socket().ok_or(ExchangeError::NotSent)?;
                let connection = Rc::new(Shared::new(socket, node.context().timeouts.answer));
                self.shared.replace(Some(connection.clone()));
                Ok(connection)
            })
            .await
    }
}

/// The result of a future; none where another one is over before.
async fn either<T>(future: impl Future<Output = T>, other: impl Future<Output = ()>) -> Option<T> {
    let (mut future, mut other) = (pin!(future), pin!(other));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => other.as_mut().poll(context).map(|()| None),
    })
    .await
}

#[cfg(test)]
mod tests;
