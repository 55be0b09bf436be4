//! What everybody who writes to one deployment was told, and at the end: what of it is so.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::expected::{Expected, Tally, Violation};
use crate::redis_client::{Hash, RedisClient};

/// How many kinds of findings are kept to be shown.
const SHOWN: usize = 20;

/// Of the session that everybody counts in: by `increment`.
pub(super) const HITS: &str = "hits";
/// The same by `compare-and-set`.
pub(super) const SWAPS: &str = "swaps";

/// The books of one deployment.
pub(super) struct Ledger {
    /// Whether what was read can't be undone any more: who fails over may lose what no replica had.
    pub(super) reads_are_final: bool,
    begin: Instant,
    /// How long visits are begun.
    duration: Duration,
    next_value: AtomicU64,
    pub(super) counts: Counts,
    /// The id of the session that everybody counts in.
    pub(super) common: String,
    pub(super) hits: Mutex<Tally>,
    pub(super) swaps: Mutex<Tally>,
    living: Mutex<Vec<Expected>>,
    /// The ids of sessions that were destroyed or moved away.
    ended: Mutex<Vec<String>>,
    /// What was found, and how often.
    findings: Mutex<BTreeMap<String, u64>>,
}

/// How often what happened.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) sessions: AtomicU64,
    pub(super) reads: AtomicU64,
    /// Writes, acknowledged.
    pub(super) acknowledged: AtomicU64,
    /// Writes that may be done, or may be undone when a replica takes over.
    pub(super) unknown: AtomicU64,
    /// Calls that were not done.
    pub(super) unavailable: AtomicU64,
    pub(super) violations: [AtomicU64; 4],
}

impl Ledger {
    pub(super) fn new(common: String, reads_are_final: bool, duration: Duration) -> Self {
        Self {
            reads_are_final,
            begin: Instant::now(),
            duration,
            next_value: AtomicU64::new(1),
            counts: Counts::default(),
            common,
            hits: Mutex::default(),
            swaps: Mutex::default(),
            living: Mutex::default(),
            ended: Mutex::default(),
            findings: Mutex::default(),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.begin.elapsed() >= self.duration
    }

    pub(super) fn is_half_over(&self) -> bool {
        self.begin.elapsed() >= self.duration / 2
    }

    /// A number that nobody has written yet.
    pub(super) fn new_value(&self) -> u64 {
        self.next_value.fetch_add(1, Ordering::Relaxed)
    }

    /// A session whose last visitor has left it alive.
    pub(super) fn keep(&self, session: Expected) {
        locked(&self.living).push(session);
    }

    /// An id whose session was destroyed, or moved away from it.
    pub(super) fn bury(&self, id: String) {
        locked(&self.ended).push(id);
    }

    /// One of those ids, by lot.
    pub(super) fn buried(&self, lot: u64) -> Option<String> {
        let ended = locked(&self.ended);
        let index = (lot as usize).checked_rem(ended.len())?;
        Some(ended[index].clone())
    }

    /// Notes what was found where `what` was looked at.
    pub(super) fn judge(&self, what: &str, result: Result<(), Violation>) {
        let Err(violation) = result else { return };
        count(&self.counts.violations[violation as usize]);
        let finding = format!("{violation:?}: {what}");
        let mut findings = locked(&self.findings);
        if findings.len() < SHOWN || findings.contains_key(&finding) {
            *findings.entry(finding).or_default() += 1;
        }
    }

    pub(super) fn findings(&self) -> BTreeMap<String, u64> {
        locked(&self.findings).clone()
    }

    /// Asks Redis itself about everything in the books.
    pub(super) fn judge_all(&self, redis: &mut RedisClient) {
        for mut session in std::mem::take(&mut *locked(&self.living)) {
            let hash = redis.hgetall_bytes(&key(&session.id));
            let result = if is_alive(&hash) { session.compare(&visible(&hash), true) } else { Err(Violation::Lost) };
            self.judge("a session at the end", result);
        }
        for id in &*locked(&self.ended) {
            let is_dead = !is_alive(&redis.hgetall_bytes(&key(id)));
            self.judge("an ended session at the end", if is_dead { Ok(()) } else { Err(Violation::Revived) });
        }
        let common = visible(&redis.hgetall_bytes(&key(&self.common)));
        for (field, tally) in [(HITS, &self.hits), (SWAPS, &self.swaps)] {
            let sum = common.get(field).map_or(Some(0), |text| text.parse().ok());
            let result = sum.ok_or(Violation::Unexpected).and_then(|sum| locked(tally).check(sum));
            self.judge("a counter of all at the end", result);
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics with it in hands")
}

fn key(id: &str) -> String {
    format!("drsession:{id}")
}

/// Whether there is a session, and not only what one has left behind.
fn is_alive(hash: &Hash) -> bool {
    !hash.is_empty() && [&b"\0moved"[..], b"\0ended"].iter().all(|marker| !hash.contains_key(*marker))
}

fn visible(hash: &Hash) -> BTreeMap<String, String> {
    let fields = hash.iter().filter(|(name, _)| !name.starts_with(b"\0"));
    fields.map(|(name, value)| (text(name), text(value))).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis_server::RedisServer;

    /// What the books find of each kind, where Redis holds what it is told to by `commands`.
    fn found(ledger: &Ledger, commands: &[&str]) -> [u64; 4] {
        let server = RedisServer::start().expect("a Redis");
        let mut redis = server.connection();
        for command in commands {
            redis.command::<redis::Value>(command);
        }
        ledger.judge_all(&mut redis);
        ledger.counts.violations.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    fn ledger() -> Ledger {
        Ledger::new("common".to_owned(), true, Duration::ZERO)
    }

    #[test]
    fn books_that_are_right_find_nothing() {
        let ledger = ledger();
        let mut session = Expected::new("id".to_owned());
        session.count.acknowledge();
        ledger.keep(session);
        ledger.bury("gone".to_owned());
        ledger.bury("moved".to_owned());
        locked(&ledger.hits).acknowledge();
        locked(&ledger.hits).doubt();
        let commands = ["HSET drsession:id count 1", "HSET drsession:moved \0moved x", "HSET drsession:common hits 2"];
        assert_eq!(found(&ledger, &commands), [0; 4]);
        assert!(ledger.findings().is_empty());
    }

    #[test]
    fn a_lost_write_and_a_lost_session_are_found() {
        let ledger = ledger();
        for id in ["id", "missing", "ended"] {
            let mut session = Expected::new(id.to_owned());
            session.count.acknowledge();
            session.count.acknowledge();
            ledger.keep(session);
        }
        locked(&ledger.swaps).acknowledge();
        let commands = ["HSET drsession:id count 1", "HSET drsession:ended \0ended x"];
        assert_eq!(found(&ledger, &commands), [4, 0, 0, 0]);
    }

    #[test]
    fn a_write_that_was_applied_twice_is_found() {
        let ledger = ledger();
        let mut session = Expected::new("id".to_owned());
        session.count.doubt();
        ledger.keep(session);
        locked(&ledger.hits).acknowledge();
        let commands = ["HSET drsession:id count 2", "HSET drsession:common hits 2"];
        assert_eq!(found(&ledger, &commands), [0, 2, 0, 0]);
    }

    #[test]
    fn a_session_that_is_back_is_found() {
        let ledger = ledger();
        ledger.bury("id".to_owned());
        assert_eq!(found(&ledger, &["HSET drsession:id count 1"]), [0, 0, 1, 0]);
    }
}
