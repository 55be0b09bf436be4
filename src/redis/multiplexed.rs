//! One connection that all calls share, and dedicated ones for transactions and WAIT.

use super::{
    batch::Batch,
    client::{TryError, checked},
    connection::{Connection, ConnectionError},
    host::Host,
    limits::Limits,
    multiplexed_connection::{MAX_CALLS, MultiplexedConnection, OnDrop},
    node::{ConnectionStrategy, Node, ReadyConnection, asks_for_another_server},
    reply::Reply,
    single_flight::SingleFlight,
};
use async_lock::{Semaphore, SemaphoreGuard};
use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::Poll,
};

/// The most calls that have a connection of their own to a server at the same time. Further calls wait.
const MAX_DEDICATED: usize = 16;

type SharedConnection<H> = Rc<MultiplexedConnection<<H as Host>::Socket>>;

/// The strategy of sharing: one connection for all calls. It is made at first use, and made anew after it has ended.
pub struct Multiplexed<H: Host> {
    current: RefCell<Option<SharedConnection<H>>>,
    connecting: SingleFlight<Result<SharedConnection<H>, TryError>>,
    dedicated: Semaphore,
    /// The number of calls that wait for a dedicated connection.
    waiting: Cell<usize>,
}

impl<H: Host> Default for Multiplexed<H> {
    fn default() -> Self {
        let (current, connecting, waiting) = Default::default();
        Self { current, connecting, dedicated: Semaphore::new(MAX_DEDICATED), waiting }
    }
}

impl<H: Host> ConnectionStrategy<H> for Multiplexed<H> {
    type Permit<'a>
        = SemaphoreGuard<'a>
    where
        Self: 'a;

    async fn permit(&self, node: &Node<H>, limits: &Limits) -> Result<SemaphoreGuard<'_>, TryError> {
        if let Some(permit) = self.dedicated.try_acquire() {
            return Ok(permit);
        }
        if self.waiting.get() >= MAX_CALLS {
            return Err(ConnectionError::Busy.into());
        }
        self.waiting.update(|count| count + 1);
        let _waiting = OnDrop(|| self.waiting.update(|count| count - 1));
        let host = &node.context().host;
        let time_left = u32::try_from(limits.time_left(host.now())).unwrap_or(u32::MAX);
        let permit = first_of(self.dedicated.acquire(), host.wait(time_left)).await;
        permit.ok_or(ConnectionError::Busy.into())
    }

    async fn round_trip(&self, node: &Node<H>, batch: &Batch, limits: &Limits) -> Result<Vec<Reply>, TryError> {
        if batch.waits() {
            let once =
                async |connection: &ReadyConnection<H>| checked(connection.round_trip(batch, limits).await, batch);
            return node.on_connection(limits, once).await;
        }
        let connection = self.connection(node, limits).await?;
        let result = checked(connection.round_trip(batch, limits).await, batch);
        if asks_for_another_server(&result) {
            connection.retire();
        }
        if result.is_err() && !connection.is_usable() {
            self.current.borrow_mut().take_if(|current| Rc::ptr_eq(current, &connection));
        }
        result
    }
}

impl<H: Host> Multiplexed<H> {
    async fn connection(&self, node: &Node<H>, limits: &Limits) -> Result<SharedConnection<H>, TryError> {
        let current = self.current.borrow().as_ref().filter(|connection| connection.is_usable()).cloned();
        if let Some(connection) = current {
            return Ok(connection);
        }
        if self.connecting.waiting() >= MAX_CALLS {
            return Err(ConnectionError::Busy.into());
        }
        self.connecting
            .get(async || {
                let socket = node.connect(limits).await?.into_socket().ok_or(ConnectionError::NotSent)?;
                let connection = Rc::new(MultiplexedConnection::new(socket));
                self.current.replace(Some(connection.clone()));
                Ok(connection)
            })
            .await
    }
}

/// The result of `future`, or `None` if `other` ends first.
async fn first_of<T>(future: impl Future<Output = T>, other: impl Future<Output = ()>) -> Option<T> {
    let (mut future, mut other) = (pin!(future), pin!(other));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => other.as_mut().poll(context).map(|()| None),
    })
    .await
}

#[cfg(test)]
mod tests;
