//! The connection that concurrent calls share.

use super::{
    batch::Batch,
    client::{Attempt, Ready},
    connection::ExchangeError,
    host::Host,
    node::{self, Link, Node},
    reply::Reply,
    shared::{MAX_CALLS, OnDrop, Shared},
    together::Together,
};
use async_lock::{Semaphore, SemaphoreGuard};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
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

    async fn permit(&self) -> Result<SemaphoreGuard<'_>, Attempt> {
        if self.waiting.get() >= MAX_CALLS {
            return Err(ExchangeError::Busy.into());
        }
        self.waiting.update(|count| count + 1);
        let _no_longer = OnDrop(|| self.waiting.update(|count| count - 1));
        Ok(self.own.acquire().await)
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
                let connection = Rc::new(Shared::new(socket));
                self.shared.replace(Some(connection.clone()));
                Ok(connection)
            })
            .await
    }
}

#[cfg(test)]
mod tests;
