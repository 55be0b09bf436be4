//! Statistics about the sockets of an application.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Cumulative counts since the [`Sockets`](crate::Sockets) were built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// New connections.
    pub connects: u64,
    /// Pooled connections handed out again.
    pub reuses: u64,
    /// Writes, without those that failed with `closed` before they sent anything.
    pub writes: u64,
    /// Reads that returned bytes.
    pub reads: u64,
    /// Bytes passed to the operating system, or to TLS for encryption.
    pub bytes_written: u64,
    /// Bytes returned by reads.
    pub bytes_read: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    connects: AtomicU64,
    reuses: AtomicU64,
    writes: AtomicU64,
    reads: AtomicU64,
    bytes_written: AtomicU64,
    bytes_read: AtomicU64,
}

impl Counters {
    pub(crate) fn count_connect(&self) {
        self.connects.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_reuse(&self) {
        self.reuses.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_write(&self) {
        self.writes.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_sent(&self, bytes: usize) {
        self.bytes_written.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn count_read(&self, bytes: usize) {
        self.reads.fetch_add(1, Relaxed);
        self.bytes_read.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Statistics {
        Statistics {
            connects: self.connects.load(Relaxed),
            reuses: self.reuses.load(Relaxed),
            writes: self.writes.load(Relaxed),
            reads: self.reads.load(Relaxed),
            bytes_written: self.bytes_written.load(Relaxed),
            bytes_read: self.bytes_read.load(Relaxed),
        }
    }
}
