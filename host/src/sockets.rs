//! The sockets of one application: rules, connection pool, limits and statistics.

use std::any::Any;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::{HasData, ResourceTable, ResourceTableError};

use crate::address::{Address, Rules};
use crate::error::Error;
use crate::pool::{Full, Key, Limits, Pool};
use crate::statistics::{Counters, Statistics};
use crate::stream::Stream;
use crate::tls::Tls;
use crate::transport::Transport;

/// The sockets of one application: the addresses that it may reach, and its connection pool.
///
/// Clones share the pool. Give every store of an application a clone. Never share one between applications, because a
/// connection that one application has authenticated would be handed to the other.
#[derive(Clone)]
pub struct Sockets {
    shared: Arc<Shared>,
    guest: Guest,
}

/// Shared by all guests of an application.
struct Shared {
    rules: Rules,
    tls: Option<Tls>,
    pool: Pool<Transport<Stream>>,
    counters: Counters,
    built: Instant,
    guest_limits: GuestLimits,
}

/// The limits of each guest.
#[derive(Clone, Copy)]
struct GuestLimits {
    max_open: usize,
    max_unsent: usize,
}

/// What one guest may still use. A guest is a store: all its instances share these limits.
#[derive(Clone)]
struct Guest {
    connections: Arc<Semaphore>,
    unsent: Arc<Semaphore>,
    max_unsent: usize,
}

impl Guest {
    fn new(limits: GuestLimits) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Self {
            connections: semaphore(limits.max_open),
            unsent: semaphore(limits.max_unsent),
            max_unsent: limits.max_unsent,
        }
    }

    fn connect(&self) -> Result<OwnedSemaphorePermit, Error> {
        let permit = Arc::clone(&self.connections).try_acquire_owned();
        permit.map_err(|_| Error::Other("this guest has too many connections open (`max_open_per_guest`)".into()))
    }

    /// A single write may exceed the limit, but then nothing else may wait to be sent.
    fn reserve_unsent(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Error> {
        let bytes = u32::try_from(bytes.min(self.max_unsent)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.unsent).try_acquire_many_owned(bytes);
        permit.map_err(|_| Error::Other("too many bytes of this guest wait to be sent (`max_unsent_per_guest`)".into()))
    }
}

impl Sockets {
    /// Starts with sockets that may reach nothing.
    pub fn builder() -> SocketsBuilder {
        SocketsBuilder::default()
    }

    /// Returns the statistics since these sockets were built.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.shared.counters.snapshot()
    }

    /// Returns the number of idle connections in the pool.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.shared.pool.idle(Instant::now())
    }

    /// Closes all idle connections.
    pub fn clear_idle(&self) {
        self.shared.pool.clear();
    }

    pub(crate) fn check(&self, address: &Address) -> Result<(), Error> {
        self.shared.rules.check(address)
    }

    /// The same sockets with fresh limits, for a new guest.
    fn for_new_guest(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), guest: Guest::new(self.shared.guest_limits) }
    }

    /// Takes an idle connection with exactly this key from the pool.
    pub(crate) fn reuse(&self, key: &Key) -> Result<Option<PooledConnection>, Error> {
        let of_guest = self.guest.connect()?;
        let transport = self.shared.pool.take(key, Instant::now());
        Ok(transport.map(|transport| (self.permit(of_guest), transport)))
    }

    /// Makes room for a new connection.
    pub(crate) fn reserve(&self) -> Result<Arc<ConnectionPermit>, Error> {
        let of_guest = self.guest.connect()?;
        match self.shared.pool.reserve() {
            Ok(()) => Ok(self.permit(of_guest)),
            Err(Full) => Err(Error::Other("this application has too many connections open (`max_open`)".into())),
        }
    }

    fn permit(&self, of_guest: OwnedSemaphorePermit) -> Arc<ConnectionPermit> {
        Arc::new(ConnectionPermit { sockets: self.clone(), _of_guest: of_guest })
    }

    /// Milliseconds since these sockets were built.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.shared.built.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sockets").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}

/// A connection from the pool, and its new permit.
type PooledConnection = (Arc<ConnectionPermit>, Transport<Stream>);

/// Counts one connection as in use until it is dropped.
pub(crate) struct ConnectionPermit {
    sockets: Sockets,
    _of_guest: OwnedSemaphorePermit,
}

impl ConnectionPermit {
    pub(crate) fn counters(&self) -> &Counters {
        &self.sockets.shared.counters
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.sockets.shared.rules
    }

    /// Reserves memory for bytes that wait to be sent.
    pub(crate) fn reserve_unsent(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Error> {
        self.sockets.guest.reserve_unsent(bytes)
    }

    pub(crate) fn tls(&self) -> Result<&Tls, Error> {
        self.sockets.shared.tls.as_ref().ok_or_else(|| Error::Unsupported(NO_TLS.to_owned()))
    }

    /// Adds the connection that holds this permit to the pool.
    pub(crate) fn return_to_pool(&self, key: Key, transport: Transport<Stream>) {
        self.sockets.shared.pool.put(key, transport, Instant::now());
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.sockets.shared.pool.release();
    }
}

const NO_TLS: &str = "this host has no TLS settings: call `SocketsBuilder::tls`, or give the application the plain \
                      address (redis://) of a TLS tunnel on this machine, such as stunnel";

/// Settings for [`Sockets`]. A guest may reach an address if at least one of the `allow` functions allows it, by
/// default none.
#[must_use]
pub struct SocketsBuilder {
    rules: Rules,
    tls: Option<Tls>,
    limits: Limits,
    guest_limits: GuestLimits,
}

impl Default for SocketsBuilder {
    fn default() -> Self {
        let limits = Limits { max_idle: 16, max_open: 256, idle_timeout: Duration::from_secs(60) };
        let guest_limits = GuestLimits { max_open: 64, max_unsent: 64 * 1024 * 1024 };
        Self { rules: Rules::default(), tls: None, limits, guest_limits }
    }
}

impl SocketsBuilder {
    /// Allows plain TCP to this host and port. Compares the host as text, ignoring case: `localhost` and `127.0.0.1`
    /// are different hosts.
    pub fn allow_tcp(mut self, host: impl Into<String>, port: u16) -> Self {
        self.rules.allow_tcp(host.into(), port);
        self
    }

    /// Allows TLS to this host and port. Compares the host as [`allow_tcp`](Self::allow_tcp) does. The server's
    /// certificate must be valid for it. Also needs [`tls`](Self::tls).
    pub fn allow_tls(mut self, host: impl Into<String>, port: u16) -> Self {
        self.rules.allow_tls(host.into(), port);
        self
    }

    /// Sets the trusted authorities and the client certificate. Without it, TLS addresses are `unsupported`.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Allows the Unix socket at exactly this path.
    pub fn allow_unix(mut self, path: impl AsRef<Path>) -> Self {
        self.rules.allow_unix(path.as_ref());
        self
    }

    /// Allows every address for which the function returns true.
    pub fn allow(mut self, rule: impl Fn(&Address) -> bool + Send + Sync + 'static) -> Self {
        self.rules.allow(rule);
        self
    }

    /// Restricts connections to IP addresses for which the function returns true. Use it where you allow names: a
    /// name's owner can make it resolve to any address. With several restrictions, all must return true. By default
    /// there is none.
    ///
    /// The function gets an IPv4 address mapped into IPv6 as IPv4, and the unspecified address (`0.0.0.0`, `::`) as the
    /// loopback address, which is what operating systems connect it to. It is not called for Unix sockets.
    pub fn restrict_ips(mut self, restriction: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.rules.restrict(restriction);
        self
    }

    /// Limits the idle connections in the pool, 16 by default. Past the limit, the oldest is closed. With 0, none are
    /// pooled.
    pub fn max_idle(mut self, connections: usize) -> Self {
        self.limits.max_idle = connections;
        self
    }

    /// Limits the open connections, including idle ones, 256 by default. A guest that asks for more gets an error.
    pub fn max_open(mut self, connections: usize) -> Self {
        self.limits.max_open = connections;
        self
    }

    /// Limits the connections that one guest (one store) uses at once, 64 by default. A guest that asks for more gets
    /// an error. Keep it well below [`max_open`](Self::max_open), so that one guest can't starve the others.
    pub fn max_open_per_guest(mut self, connections: usize) -> Self {
        self.guest_limits.max_open = connections;
        self
    }

    /// Limits the unsent bytes of one guest, over all its connections, 64 MiB by default. A guest that writes more gets
    /// an error. A single write may be larger. This only affects asynchronous components: others wait for each write.
    pub fn max_unsent_per_guest(mut self, bytes: usize) -> Self {
        self.guest_limits.max_unsent = bytes.max(1);
        self
    }

    /// Sets how long an idle connection stays in the pool, 60 seconds by default. Expired connections are closed the
    /// next time the pool is used. Keep it below the server's own limit (Redis's `timeout`).
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.limits.idle_timeout = limit;
        self
    }

    /// Builds the sockets.
    #[must_use]
    pub fn build(self) -> Sockets {
        let shared = Shared {
            rules: self.rules,
            tls: self.tls,
            pool: Pool::new(self.limits),
            counters: Counters::default(),
            built: Instant::now(),
            guest_limits: self.guest_limits,
        };
        Sockets { shared: Arc::new(shared), guest: Guest::new(self.guest_limits) }
    }
}

impl fmt::Debug for SocketsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketsBuilder").finish_non_exhaustive()
    }
}

/// What the socket functions borrow from a store's data.
pub struct SocketsView<'a> {
    /// The application's sockets.
    pub sockets: &'a Sockets,
    /// The store's resource table, which holds the guest's connections. Drop it with the store: that returns idle
    /// connections to the pool.
    pub table: &'a mut ResourceTable,
}

impl SocketsView<'_> {
    /// Returns the sockets with this guest's limits, which the table holds.
    pub(crate) fn for_guest(&mut self) -> Result<Sockets, ResourceTableError> {
        let is_same = |known: &&Sockets| Arc::ptr_eq(&known.shared, &self.sockets.shared);
        let known = self.table.iter_mut().find_map(|entry| entry.value().downcast_ref().filter(is_same).cloned());
        if let Some(sockets) = known {
            return Ok(sockets);
        }
        let sockets = self.sockets.for_new_guest();
        self.table.push(sockets.clone())?;
        Ok(sockets)
    }
}

/// An entry of a [`ResourceTable`]: wasmtime 48 and 49 yield values, wasmtime 50 yields keys and values.
trait Entry<'a> {
    fn value(self) -> &'a dyn Any;
}

impl<'a> Entry<'a> for &'a mut (dyn Any + Send) {
    fn value(self) -> &'a dyn Any {
        self
    }
}

impl<'a, K> Entry<'a> for (K, &'a mut (dyn Any + Send)) {
    fn value(self) -> &'a dyn Any {
        self.1
    }
}

impl fmt::Debug for SocketsView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketsView").field("sockets", self.sockets).finish_non_exhaustive()
    }
}

/// Implemented by a store's data to give access to its sockets.
pub trait SocketsContext: Send {
    /// Returns the sockets of the store's application, and the store's resource table.
    fn sockets(&mut self) -> SocketsView<'_>;
}

/// Makes the bindings work on a [`SocketsView`].
pub(crate) struct HasSockets;

impl HasData for HasSockets {
    type Data<'a> = SocketsView<'a>;
}
