//! How a flavour waits: all that the flavours do not share.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::fd::AsFd;

use crate::stream::Stream;

/// The point in time at which a wait gives up.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Instant);

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    /// The time that is left; zero when the deadline has passed.
    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// What a wait on a socket is for.
#[derive(Clone, Copy)]
pub(crate) enum Interest {
    Read,
    Write,
}

/// A flavour's way to wait. What gives up at its deadline returns [`io::ErrorKind::TimedOut`].
///
/// Blocking flavours wait within the call: their futures are ready when first polled.
pub(crate) trait Runtime: Sized + 'static {
    /// A stream that this flavour can wait for.
    type Stream: AsFd + Send + Sync + 'static;

    /// Takes up a stream that belonged to no runtime.
    fn register(stream: Stream) -> io::Result<Self::Stream>;

    /// The reverse, so that the stream may outlive its runtime.
    fn unregister(stream: Self::Stream) -> io::Result<Stream>;

    /// Connects to one address.
    fn connect(address: SocketAddr, deadline: Deadline) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Calls `operation` when the stream is ready for it, again whenever it answers [`io::ErrorKind::WouldBlock`].
    fn when_ready<T>(
        stream: &Self::Stream,
        interest: Interest,
        deadline: Deadline,
        operation: impl FnMut() -> io::Result<T> + Send,
    ) -> impl Future<Output = io::Result<T>> + Send;

    /// Runs what may block for longer than the deadline allows on a thread of its own, which is left to itself when time
    /// is up.
    fn on_thread<T: Send + 'static>(
        deadline: Deadline,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = io::Result<T>> + Send;

    /// Lets time pass.
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;
}
