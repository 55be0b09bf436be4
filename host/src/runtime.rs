//! How a flavour waits: the only difference between the flavours.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::fd::AsFd;

use crate::stream::Stream;

/// The time at which a wait fails with [`io::ErrorKind::TimedOut`].
#[derive(Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Instant);

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    /// The time left, or zero after the deadline.
    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Interest {
    Read,
    Write,
}

/// A flavour's way to wait.
///
/// The blocking flavour blocks inside these calls, so its futures are ready when first polled.
pub(crate) trait Runtime: Sized + 'static {
    /// A stream that this flavour can wait for.
    type Stream: AsFd + Send + Sync + 'static;

    /// Attaches a stream to this runtime.
    fn register(stream: Stream) -> io::Result<Self::Stream>;

    /// Detaches a stream, so that it can outlive its runtime.
    fn unregister(stream: Self::Stream) -> io::Result<Stream>;

    fn connect(address: SocketAddr, deadline: Deadline) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Calls `operation` when the stream is ready, and again after each [`io::ErrorKind::WouldBlock`].
    fn when_ready<T>(
        stream: &Self::Stream,
        interest: Interest,
        deadline: Deadline,
        operation: impl FnMut() -> io::Result<T> + Send,
    ) -> impl Future<Output = io::Result<T>> + Send;

    /// Runs an operation that may block past the deadline on another thread. At the deadline this stops waiting; the
    /// thread runs on.
    fn on_thread<T: Send + 'static>(
        deadline: Deadline,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = io::Result<T>> + Send;

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;
}

/// Blocks in system calls.
#[allow(unreachable_pub, reason = "the bindings of wasmtime 50 want it")]
pub struct Blocking;

/// Waits through the tokio runtime that polls the call.
#[allow(unreachable_pub, reason = "the bindings of wasmtime 50 want it")]
pub struct Tokio;
