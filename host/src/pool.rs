//! The connection pool of one application: idle connections, and the number in use. Does no I/O, except that it checks
//! a connection before handing it out.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::address::Address;

/// An idle stream that can tell whether it is still good.
pub(crate) trait Reusable {
    /// Whether the peer has neither closed nor sent anything.
    fn is_reusable(&self) -> bool;
}

/// Which requests an idle connection can serve: its address, and the state that the handshake left it in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) address: Address,
    pub(crate) state: String,
}

#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_idle: usize,
    pub(crate) max_open: usize,
    pub(crate) idle_timeout: Duration,
}

/// The pool is exhausted: all connections that the limits allow are in use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

pub(crate) struct Pool<S> {
    limits: Limits,
    shared: Mutex<Shared<S>>,
}

struct Shared<S> {
    in_use: usize,
    /// Oldest first.
    idle: VecDeque<Idle<S>>,
}

struct Idle<S> {
    key: Key,
    since: Instant,
    stream: S,
}

impl<S: Reusable> Pool<S> {
    pub(crate) fn new(limits: Limits) -> Self {
        let shared = Shared { in_use: 0, idle: VecDeque::new() };
        Self { limits, shared: Mutex::new(shared) }
    }

    /// Takes the newest idle stream with exactly this key that is still reusable, and closes those that are not. It
    /// counts as in use until `release`.
    pub(crate) fn take(&self, key: &Key, now: Instant) -> Option<S> {
        self.close_expired(now);
        loop {
            let candidate = {
                let mut shared = self.lock();
                let newest = shared.idle.iter().rposition(|idle| idle.key == *key)?;
                shared.in_use += 1;
                shared.idle.remove(newest)?
            };
            if candidate.stream.is_reusable() {
                return Some(candidate.stream);
            }
            self.release();
        }
    }

    /// Counts one more in use, until `release`. At the limit, evicts the oldest idle stream.
    pub(crate) fn reserve(&self) -> Result<(), Full> {
        let mut shared = self.lock();
        let evicted = if shared.in_use + shared.idle.len() < self.limits.max_open {
            None
        } else {
            Some(shared.idle.pop_front().ok_or(Full)?)
        };
        shared.in_use += 1;
        // Closing may take long, so it happens outside the lock.
        drop(shared);
        drop(evicted);
        Ok(())
    }

    pub(crate) fn release(&self) {
        self.lock().in_use -= 1;
    }

    /// Adds an idle stream; the caller calls `release` afterwards. Past the limit, evicts the oldest.
    pub(crate) fn put(&self, key: Key, stream: S, now: Instant) {
        self.close_expired(now);
        let mut shared = self.lock();
        shared.idle.push_back(Idle { key, since: now, stream });
        let surplus = if shared.idle.len() > self.limits.max_idle { shared.idle.pop_front() } else { None };
        drop(shared);
        drop(surplus);
    }

    pub(crate) fn idle(&self, now: Instant) -> usize {
        self.close_expired(now);
        self.lock().idle.len()
    }

    pub(crate) fn clear(&self) {
        let idle = std::mem::take(&mut self.lock().idle);
        drop(idle);
    }

    fn close_expired(&self, now: Instant) {
        let mut shared = self.lock();
        let expired = shared
            .idle
            .iter()
            .take_while(|idle| now.saturating_duration_since(idle.since) >= self.limits.idle_timeout)
            .count();
        let expired: Vec<_> = shared.idle.drain(..expired).collect();
        drop(shared);
        drop(expired);
    }

    fn lock(&self) -> MutexGuard<'_, Shared<S>> {
        // No code panics half-way through a change under this lock.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake {
        name: &'static str,
        reusable: bool,
    }

    impl Reusable for Fake {
        fn is_reusable(&self) -> bool {
            self.reusable
        }
    }

    fn pool(max_idle: usize, max_open: usize) -> Pool<Fake> {
        Pool::new(Limits { max_idle, max_open, idle_timeout: Duration::from_secs(60) })
    }

    fn key(path: &str, state: &str) -> Key {
        Key { address: Address::Unix { path: path.into() }, state: state.into() }
    }

    fn keep(pool: &Pool<Fake>, key: &Key, name: &'static str, reusable: bool, now: Instant) {
        pool.reserve().expect("room for one more");
        pool.put(key.clone(), Fake { name, reusable }, now);
        pool.release();
    }

    fn taken(pool: &Pool<Fake>, key: &Key, now: Instant) -> Option<&'static str> {
        pool.take(key, now).map(|stream| stream.name)
    }

    #[test]
    fn the_newest_of_exactly_the_key_is_taken() {
        let (pool, now) = (pool(8, 8), Instant::now());
        keep(&pool, &key("a", "x"), "first", true, now);
        keep(&pool, &key("a", "x"), "second", true, now);
        keep(&pool, &key("a", "y"), "other state", true, now);
        keep(&pool, &key("b", "x"), "other address", true, now);
        assert_eq!(taken(&pool, &key("a", ""), now), None);
        assert_eq!(taken(&pool, &key("a", "x"), now), Some("second"));
        assert_eq!(taken(&pool, &key("a", "x"), now), Some("first"));
        assert_eq!(taken(&pool, &key("a", "x"), now), None);
        assert_eq!(pool.idle(now), 2);
    }

    #[test]
    fn what_is_not_reusable_is_closed_and_passed_over() {
        let (pool, now) = (pool(8, 8), Instant::now());
        keep(&pool, &key("a", "x"), "reusable", true, now);
        keep(&pool, &key("a", "x"), "dead", false, now);
        assert_eq!(taken(&pool, &key("a", "x"), now), Some("reusable"));
        assert_eq!(pool.idle(now), 0);
    }

    #[test]
    fn past_its_time_an_idle_stream_is_closed() {
        let (pool, start) = (pool(8, 8), Instant::now());
        keep(&pool, &key("a", "x"), "old", true, start);
        keep(&pool, &key("a", "x"), "young", true, start + Duration::from_secs(1));
        assert_eq!(pool.idle(start + Duration::from_millis(59_999)), 2);
        let later = start + Duration::from_secs(60);
        assert_eq!(pool.idle(later), 1);
        assert_eq!(taken(&pool, &key("a", "x"), later), Some("young"));
    }

    #[test]
    fn an_idle_stream_past_its_time_does_not_wait_for_one_of_its_key() {
        let (pool, start) = (pool(8, 8), Instant::now());
        keep(&pool, &key("a", "x"), "old", true, start);
        keep(&pool, &key("b", "y"), "young", true, start + Duration::from_secs(60));
        assert_eq!(pool.lock().idle.len(), 1);
    }

    #[test]
    fn past_the_idle_limit_the_oldest_is_evicted() {
        let (pool, now) = (pool(2, 8), Instant::now());
        for name in ["first", "second", "third"] {
            keep(&pool, &key(name, ""), name, true, now);
        }
        assert_eq!(taken(&pool, &key("first", ""), now), None);
        assert_eq!(taken(&pool, &key("third", ""), now), Some("third"));
        assert_eq!(taken(&pool, &key("second", ""), now), Some("second"));
    }

    #[test]
    fn an_idle_limit_of_zero_pools_nothing() {
        let (pool, now) = (pool(0, 8), Instant::now());
        keep(&pool, &key("a", ""), "a", true, now);
        assert_eq!(pool.idle(now), 0);
    }

    #[test]
    fn at_the_open_limit_an_idle_stream_is_evicted_and_one_in_use_is_not() {
        let (pool, now) = (pool(8, 2), Instant::now());
        keep(&pool, &key("a", ""), "a", true, now);
        assert_eq!(pool.reserve(), Ok(()));
        assert_eq!(pool.idle(now), 1);
        assert_eq!(pool.reserve(), Ok(()));
        assert_eq!(pool.idle(now), 0);
        assert_eq!(pool.reserve(), Err(Full));
        pool.release();
        assert_eq!(pool.reserve(), Ok(()));
    }

    #[test]
    fn what_was_taken_counts_as_open_and_what_was_found_dead_does_not() {
        let (pool, now) = (pool(8, 1), Instant::now());
        keep(&pool, &key("a", ""), "dead", false, now);
        assert_eq!(taken(&pool, &key("a", ""), now), None);
        keep(&pool, &key("a", ""), "alive", true, now);
        assert_eq!(taken(&pool, &key("a", ""), now), Some("alive"));
        assert_eq!(pool.reserve(), Err(Full));
    }

    #[test]
    fn clear_closes_all_that_are_idle() {
        let (pool, now) = (pool(8, 8), Instant::now());
        keep(&pool, &key("a", ""), "a", true, now);
        pool.clear();
        assert_eq!(pool.idle(now), 0);
        assert_eq!(taken(&pool, &key("a", ""), now), None);
    }
}
