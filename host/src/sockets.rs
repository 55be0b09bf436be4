//! The sockets of one application: what it may reach, what it has open, what it has done.

use std::any::Any;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::{HasData, ResourceTable, ResourceTableError};

use crate::address::{Address, Rules};
use crate::budget::{Budget, Share};
use crate::error::Error;
use crate::pool::{Full, Key, Limits, Pool};
use crate::statistics::{Counters, Statistics};
use crate::stream::Stream;
use crate::tls::Tls;
use crate::transport::Transport;

/// The sockets of one application: what it may reach, and its idle connections.
///
/// Clones are the same sockets. Give every store of an application a clone, and never share one between applications: a
/// connection that one has authenticated would be handed to the other.
#[derive(Clone)]
pub struct Sockets {
    shared: Arc<Shared>,
    guest: Guest,
}

/// What all guests of an application have in common.
struct Shared {
    rules: Rules,
    tls: Option<Tls>,
    pool: Pool<Transport<Stream>>,
    counters: Counters,
    built: Instant,
    guest_limits: GuestLimits,
}

/// How much each guest may take for itself.
#[derive(Clone, Copy)]
struct GuestLimits {
    max_open: usize,
    max_unsent: usize,
}

/// What one guest has taken. A guest is a store: its instances, however many, share it.
#[derive(Clone)]
struct Guest {
    connections: Arc<Budget>,
    unsent: Arc<Budget>,
}

impl Guest {
    fn new(limits: GuestLimits) -> Self {
        Self { connections: Budget::new(limits.max_open), unsent: Budget::new(limits.max_unsent) }
    }
}

impl Sockets {
    /// Begins with sockets that reach nothing.
    pub fn builder() -> SocketsBuilder {
        SocketsBuilder::default()
    }

    /// What these sockets have done so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.shared.counters.snapshot()
    }

    /// How many connections are idle: open, in nobody's use, and young enough to be handed out.
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

    /// The same sockets for a guest that has taken nothing of them yet.
    fn for_another_guest(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), guest: Guest::new(self.shared.guest_limits) }
    }

    /// An idle connection of exactly this key.
    pub(crate) fn reuse(&self, key: &Key) -> Result<Option<Kept>, Error> {
        let share = self.enter()?;
        let transport = self.shared.pool.take(key, Instant::now());
        Ok(transport.map(|transport| (self.slot(share), transport)))
    }

    /// Room for one more connection.
    pub(crate) fn reserve(&self) -> Result<Arc<Slot>, Error> {
        let share = self.enter()?;
        match self.shared.pool.reserve() {
            Ok(()) => Ok(self.slot(share)),
            Err(Full) => Err(Error::Other("too many connections".into())),
        }
    }

    fn enter(&self) -> Result<Share, Error> {
        let share = self.guest.connections.take(1);
        share.ok_or_else(|| Error::Other("too many connections of one guest".into()))
    }

    fn slot(&self, share: Share) -> Arc<Slot> {
        Arc::new(Slot { sockets: self.clone(), _share: share })
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

/// A connection that was kept, and the place that it takes again.
type Kept = (Arc<Slot>, Transport<Stream>);

/// The place that one connection takes among those in use; dropped, it is free again.
pub(crate) struct Slot {
    sockets: Sockets,
    /// Its part of what the guest may have.
    _share: Share,
}

impl Slot {
    pub(crate) fn counters(&self) -> &Counters {
        &self.sockets.shared.counters
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.sockets.shared.rules
    }

    /// Room for bytes that wait to be sent.
    pub(crate) fn hold_unsent(&self, bytes: usize) -> Result<Share, Error> {
        let share = self.sockets.guest.unsent.take_or_all(bytes);
        share.ok_or_else(|| Error::Other("too much waits to be sent".into()))
    }

    /// What TLS is spoken with.
    pub(crate) fn tls(&self) -> Result<&Tls, Error> {
        self.sockets.shared.tls.as_ref().ok_or_else(|| Error::Unsupported(NO_TLS.to_owned()))
    }

    /// Keeps the connection that had this place until now.
    pub(crate) fn keep(&self, key: Key, transport: Transport<Stream>) {
        self.sockets.shared.pool.put(key, transport, Instant::now());
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.sockets.shared.pool.release();
    }
}

const NO_TLS: &str = "this program speaks no TLS yet: give its sockets TLS settings (`SocketsBuilder::tls`), or the \
                      application the plain address (redis://) of a TLS tunnel on this machine, such as stunnel";

/// Settings for [`Sockets`]. A guest may reach what at least one of the `allow` functions allows, and by default nothing.
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
    /// Allows plain TCP to this host and port. The host is compared as text, without regard to case, with what the guest
    /// asks for: `localhost` and `127.0.0.1` are two hosts.
    pub fn allow_tcp(mut self, host: impl Into<String>, port: u16) -> Self {
        self.rules.allow_tcp(host.into(), port);
        self
    }

    /// Allows TLS to this host and port. The host is compared as that of [`allow_tcp`](Self::allow_tcp) is, and the
    /// server's certificate has to be valid for it. Nothing is reached this way without [`tls`](Self::tls).
    pub fn allow_tls(mut self, host: impl Into<String>, port: u16) -> Self {
        self.rules.allow_tls(host.into(), port);
        self
    }

    /// Whom to trust where a guest asks for TLS, and by which certificate to be known. Without it TLS is `unsupported`.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
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

    /// Lets guests connect only to IP addresses that the function says yes to, whatever name or spelling has led there: a
    /// name's owner can have it lead anywhere. Where there are several such functions, all have to agree. By default there
    /// is none, and who is allowed a name may reach all that it leads to.
    ///
    /// An IPv4 address is handed over as one, be it mapped into IPv6 or not, and the unspecified address (`0.0.0.0`, `::`) as
    /// the loopback address, where operating systems connect it to. Unix sockets have none.
    pub fn restrict_ips(mut self, restriction: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.rules.restrict(restriction);
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

    /// How many connections one guest, that is one store, may have in use at once, 64 by default. A guest that asks for more
    /// gets an error. Keep it so far below [`max_open`](Self::max_open) that others find room when one takes all it can.
    pub fn max_open_per_guest(mut self, connections: usize) -> Self {
        self.guest_limits.max_open = connections;
        self
    }

    /// How many bytes of one guest may wait for its peers to read, on all its connections together, 64 MiB by default. A guest
    /// that writes more gets an error; one write alone may be larger. It matters to asynchronous components alone: others
    /// wait for each write.
    pub fn max_unsent_per_guest(mut self, bytes: usize) -> Self {
        self.guest_limits.max_unsent = bytes.max(1);
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

/// What a store's data lends to the functions that the guest calls.
pub struct SocketsView<'a> {
    /// The application's sockets.
    pub sockets: &'a Sockets,
    /// The store's table of resources, which keeps the guest's connections. It has to be dropped with the store: that is
    /// what gives connections back.
    pub table: &'a mut ResourceTable,
}

impl SocketsView<'_> {
    /// The sockets as this store's guest has them. The table keeps what it has taken.
    pub(crate) fn of_guest(&mut self) -> Result<Sockets, ResourceTableError> {
        let is_same = |known: &&Sockets| Arc::ptr_eq(&known.shared, &self.sockets.shared);
        let known = self.table.iter_mut().find_map(|entry| entry.value().downcast_ref().filter(is_same).cloned());
        if let Some(sockets) = known {
            return Ok(sockets);
        }
        let sockets = self.sockets.for_another_guest();
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
