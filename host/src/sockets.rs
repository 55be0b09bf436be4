//! The sockets of one application: what it may reach, what it has open, what it has done.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::{HasData, ResourceTable};

use crate::address::{Address, Rules};
use crate::error::Error;
use crate::pool::{Full, Key, Limits, Pool};
use crate::statistics::{Counters, Statistics};
use crate::stream::Stream;

/// The sockets of one application: what it may reach, and its idle connections.
///
/// Clones are the same sockets. Give every store of an application a clone, and never share one between applications: a
/// connection that one has authenticated would be handed to the other.
#[derive(Clone)]
pub struct Sockets(Arc<Inner>);

struct Inner {
    rules: Rules,
    pool: Pool<Stream>,
    counters: Counters,
    built: Instant,
}

impl Sockets {
    /// Begins with sockets that reach nothing.
    pub fn builder() -> SocketsBuilder {
        SocketsBuilder::default()
    }

    /// What these sockets have done so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.0.counters.snapshot()
    }

    /// How many connections are idle: open, in nobody's use, and young enough to be handed out.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.0.pool.idle(Instant::now())
    }

    /// Closes all idle connections.
    pub fn clear_idle(&self) {
        self.0.pool.clear();
    }

    pub(crate) fn check(&self, address: &Address) -> Result<(), Error> {
        self.0.rules.check(address)
    }

    /// An idle connection of exactly this key.
    pub(crate) fn reuse(&self, key: &Key) -> Option<(Arc<Slot>, Stream)> {
        let stream = self.0.pool.take(key, Instant::now())?;
        Some((Arc::new(Slot(self.clone())), stream))
    }

    /// Room for one more connection.
    pub(crate) fn reserve(&self) -> Result<Arc<Slot>, Error> {
        match self.0.pool.reserve() {
            Ok(()) => Ok(Arc::new(Slot(self.clone()))),
            Err(Full) => Err(Error::Other("too many connections".into())),
        }
    }

    /// Milliseconds since these sockets were built.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.0.built.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sockets").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}

/// The place that one connection takes among those in use; dropped, it is free again.
pub(crate) struct Slot(Sockets);

impl Slot {
    pub(crate) fn counters(&self) -> &Counters {
        &self.0.0.counters
    }

    /// Keeps the connection that had this place until now.
    pub(crate) fn keep(&self, key: Key, stream: Stream) {
        self.0.0.pool.put(key, stream, Instant::now());
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.0.pool.release();
    }
}

/// Settings for [`Sockets`]. A guest may reach what at least one of the `allow` functions allows, and by default nothing.
#[must_use]
pub struct SocketsBuilder {
    rules: Rules,
    limits: Limits,
}

impl Default for SocketsBuilder {
    fn default() -> Self {
        let limits = Limits { max_idle: 16, max_open: 256, idle_timeout: Duration::from_secs(60) };
        Self { rules: Rules::default(), limits }
    }
}

impl SocketsBuilder {
    /// Allows plain TCP to this host and port. The host is compared as text, without regard to case, with what the guest
    /// asks for: `localhost` and `127.0.0.1` are two hosts.
    pub fn allow_tcp(mut self, host: impl Into<String>, port: u16) -> Self {
        self.rules.allow_tcp(host.into(), port);
        self
    }

    /// Allows the Unix socket of exactly this path.
    pub fn allow_unix(mut self, path: impl AsRef<Path>) -> Self {
        self.rules.allow_unix(path.as_ref());
        self
    }

    /// Allows every address that the function says yes to.
    pub fn allow(mut self, rule: impl Fn(&Address) -> bool + Send + Sync + 'static) -> Self {
        self.rules.allow(rule);
        self
    }

    /// How many idle connections are kept at most, 16 by default; past it the oldest is closed. 0 keeps none.
    pub fn max_idle(mut self, connections: usize) -> Self {
        self.limits.max_idle = connections;
        self
    }

    /// How many connections may be open at once, idle ones included, 256 by default. A guest that asks for more gets an
    /// error.
    pub fn max_open(mut self, connections: usize) -> Self {
        self.limits.max_open = connections;
        self
    }

    /// How long an idle connection is good for, 60 seconds by default. One that is past it is closed when the pool is used
    /// the next time. Stay below the server's own limit (Redis's `timeout`).
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.limits.idle_timeout = limit;
        self
    }

    /// The sockets with these settings.
    #[must_use]
    pub fn build(self) -> Sockets {
        Sockets(Arc::new(Inner {
            rules: self.rules,
            pool: Pool::new(self.limits),
            counters: Counters::default(),
            built: Instant::now(),
        }))
    }
}

impl fmt::Debug for SocketsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketsBuilder").finish_non_exhaustive()
    }
}

/// What a store's data lends to the functions that the guest calls.
pub struct SocketsView<'a> {
    /// The application's sockets.
    pub sockets: &'a Sockets,
    /// The store's table of resources, which keeps the guest's connections. It has to be dropped with the store: that is
    /// what gives connections back.
    pub table: &'a mut ResourceTable,
}

impl fmt::Debug for SocketsView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketsView").field("sockets", self.sockets).finish_non_exhaustive()
    }
}

/// A store's data that has sockets in it.
pub trait SocketsContext: Send {
    /// The sockets of the store's application, with the store's table of resources.
    fn sockets(&mut self) -> SocketsView<'_>;
}

/// Tells the bindings that what they work on is a [`SocketsView`].
pub(crate) struct HasSockets;

impl HasData for HasSockets {
    type Data<'a> = SocketsView<'a>;
}
