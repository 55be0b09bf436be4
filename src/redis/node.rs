//! A server at its address, and the connections to it on which the handshake is done.

use super::{
    batch::Batch,
    client::TryError,
    connection::{Connection, ConnectionError},
    dedicated::DedicatedConnection,
    error_reply::RetryHint,
    handshake::Handshake,
    host::{Address, Host, Socket, Timeouts},
    limits::Limits,
    reply::Reply,
    retry::Transient,
};
use std::{cell::RefCell, future::Future, rc::Rc};

/// What all servers of a client have in common.
pub struct Context<H: Host> {
    /// The host that the client uses.
    pub host: H,
    /// The handshake of every connection.
    pub handshake: Handshake,
    /// The socket's time limits.
    pub timeouts: Timeouts,
    /// Counts the idle connections: each holds a clone.
    pub idle: Rc<()>,
}

/// The most idle connections of a client, at all its servers together: hosts limit how many an instance may have.
const MAX_IDLE: usize = 32;

/// A connection on which the handshake is done.
pub type ReadyConnection<H> = DedicatedConnection<<H as Host>::Socket>;

/// A server.
pub struct Node<H: Host> {
    context: Rc<Context<H>>,
    /// Sentinels get no handshake: the URL's user, password and database are those of the primary.
    is_sentinel: bool,
    /// Where it listens.
    pub address: Address,
    idle: RefCell<Vec<IdleConnection<H>>>,
    strategy: H::Strategy,
}

struct IdleConnection<H: Host> {
    connection: Box<ReadyConnection<H>>,
    _counted: Rc<()>,
}

/// How calls use connections: each has one for itself, or all share one.
pub trait ConnectionStrategy<H: Host>: Default {
    /// Allows a call to use a connection of its own.
    type Permit<'a>
    where
        Self: 'a;

    /// Waits until a call may use a connection of its own. `Busy` if too many calls wait, or if the call's time is over.
    fn permit(&self, node: &Node<H>, limits: &Limits) -> impl Future<Output = Result<Self::Permit<'_>, TryError>>;

    /// Sends a batch once. Returns a reply for each of its commands; only NOSCRIPT is an error among them.
    fn round_trip(
        &self,
        node: &Node<H>,
        batch: &Batch,
        limits: &Limits,
    ) -> impl Future<Output = Result<Vec<Reply>, TryError>>;
}

impl<H: Host> Node<H> {
    /// A server. Connects at first use.
    pub fn new(context: Rc<Context<H>>, address: Address) -> Self {
        Self { context, is_sentinel: false, address, idle: RefCell::default(), strategy: H::Strategy::default() }
    }

    /// A sentinel.
    pub fn sentinel(context: Rc<Context<H>>, address: Address) -> Self {
        Self { is_sentinel: true, ..Self::new(context, address) }
    }

    /// What it shares with the client's other servers.
    pub fn context(&self) -> &Context<H> {
        &self.context
    }

    /// How calls use its connections.
    pub fn strategy(&self) -> &H::Strategy {
        &self.strategy
    }

    /// Runs `once` on a connection that no other call uses meanwhile.
    pub async fn on_connection<T>(
        &self,
        limits: &Limits,
        once: impl AsyncFnOnce(&ReadyConnection<H>) -> Result<T, TryError>,
    ) -> Result<T, TryError> {
        let _permit = self.strategy.permit(self, limits).await?;
        let connection = match self.idle() {
            Some(connection) => connection,
            None => self.connect(limits).await?,
        };
        let result = once(&connection).await;
        self.give_back(connection, &result);
        result
    }

    /// Takes an idle connection, if there is one. [`give_back`](Self::give_back) has to follow.
    pub fn idle(&self) -> Option<Box<ReadyConnection<H>>> {
        self.idle.borrow_mut().pop().map(|idle| idle.connection)
    }

    /// Keeps the connection for the next call, if that can use it.
    pub fn give_back<T>(&self, connection: Box<ReadyConnection<H>>, result: &Result<T, TryError>) {
        let idle_count = &self.context.idle;
        if connection.is_settled() {
            if !asks_for_another_server(result) && Rc::strong_count(idle_count) <= MAX_IDLE {
                connection.socket().set_idle();
                self.idle.borrow_mut().push(IdleConnection { connection, _counted: idle_count.clone() });
            }
        } else if let Err(TryError::Retryable(Transient::NoReply(ConnectionError::NotSent))) = result {
            // The other idle connections have probably been closed too, and a call has only a few tries.
            drop(self.idle.take());
        }
    }

    /// Connects: a connection from the host's pool, or a new one, on which it does the handshake.
    /// [`give_back`](Self::give_back) has to follow.
    pub async fn connect(&self, limits: &Limits) -> Result<Box<ReadyConnection<H>>, TryError> {
        let Context { host, handshake, timeouts, .. } = &*self.context;
        let (batch, state) = if self.is_sentinel { (None, "") } else { (handshake.batch(), handshake.state()) };
        let socket = host
            .connect(&self.address, *timeouts, state)
            .await
            .map_err(|error| TryError::Retryable(Transient::NoConnection(error)))?;
        let connection = Box::new(DedicatedConnection::new(socket));
        if let (Some(batch), false) = (batch, connection.socket().reused()) {
            let replies = connection.round_trip(batch, limits).await.map_err(|error| match error {
                // Only the handshake was sent, so the call's own commands can still be sent elsewhere.
                ConnectionError::Unanswered(error) => TryError::Retryable(Transient::NoConnection(error)),
                other => TryError::Fatal(other.into_error(false)),
            })?;
            handshake.check(&replies)?;
            connection.socket().set_state(state);
        }
        Ok(connection)
    }
}

/// Whether the server replied that it cannot serve the call for now, but another server may. A new connection to the
/// same address may reach that server. This connection will not.
pub fn asks_for_another_server<T>(result: &Result<T, TryError>) -> bool {
    matches!(result, Err(TryError::Retryable(Transient::Refused(RetryHint::Reconnect))))
}
