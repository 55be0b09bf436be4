//! Somebody who writes on and on, and keeps books on it.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use host_test::{
    operation::{increment, set},
    session::{Error, Session},
    waiting::wait_until,
};
use tokio::task::JoinSet;

use crate::{passes, until_done};

/// The field that counts what was written.
pub(crate) const COUNT: &str = "count";

/// Those who write at the same time, each to a session of its own.
pub(crate) struct Writers {
    tasks: JoinSet<Writer>,
    is_over: Arc<AtomicBool>,
    /// How many writes each of them has been acknowledged.
    acknowledged: Vec<Arc<AtomicUsize>>,
}

/// One who writes. Each write has a number and a field of its own, and is counted in the same step.
pub(crate) struct Writer {
    pub(crate) session: Session,
    pub(crate) told: Told,
}

/// What a writer was told of its writes, by their numbers.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) acknowledged: BTreeSet<u32>,
    /// Written, and not on as many replicas as were waited for: it may be lost when one of them takes over.
    pub(crate) not_replicated: BTreeSet<u32>,
    /// Written or not.
    pub(crate) unknown: BTreeSet<u32>,
    /// Not written.
    pub(crate) unavailable: BTreeSet<u32>,
}

impl fmt::Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, not_replicated, unknown, unavailable } = self;
        write!(formatter, "{} acknowledged, {} not replicated, ", acknowledged.len(), not_replicated.len())?;
        write!(formatter, "{} unknown, {} unavailable", unknown.len(), unavailable.len())
    }
}

impl Writers {
    /// They begin at once, and where told so move to a new id now and then.
    pub(crate) fn start(sessions: impl IntoIterator<Item = Session>, rotate: bool) -> Self {
        let (mut tasks, is_over, mut acknowledged) = (JoinSet::new(), Arc::default(), Vec::new());
        for session in sessions {
            let count = Arc::default();
            tasks.spawn(write(session, rotate, Arc::clone(&is_over), Arc::clone(&count)));
            acknowledged.push(count);
        }
        Self { tasks, is_over, acknowledged }
    }

    /// Waits until each of them has been acknowledged one more write.
    pub(crate) fn wait(&self) {
        let before = self.acknowledged();
        let has_gone_on = || self.acknowledged().iter().zip(&before).all(|(now, before)| now > before);
        wait_until("writers that all write", has_gone_on).expect("acknowledged writes");
    }

    fn acknowledged(&self) -> Vec<usize> {
        self.acknowledged.iter().map(|count| count.load(Ordering::SeqCst)).collect()
    }

    /// Lets each of them end its last write.
    pub(crate) async fn end(self) -> Vec<Writer> {
        self.is_over.store(true, Ordering::SeqCst);
        self.tasks.join_all().await
    }
}

async fn write(session: Session, rotates: bool, is_over: Arc<AtomicBool>, acknowledged: Arc<AtomicUsize>) -> Writer {
    let mut told = Told::default();
    for number in 0.. {
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        let list = match session.apply(&[set(&field(number), "1"), increment(COUNT, 1)]).await {
            Ok(_) => &mut told.acknowledged,
            Err(Error::NotReplicated(_)) => &mut told.not_replicated,
            Err(Error::OutcomeUnknown(_)) => &mut told.unknown,
            Err(Error::Unavailable(_)) => &mut told.unavailable,
            Err(error) => panic!("write {number}: {error:?}"),
        };
        list.insert(number);
        acknowledged.store(told.acknowledged.len(), Ordering::SeqCst);
        if rotates && number % 16 == 0 {
            while let Err(error) = session.rotate(&[]).await {
                assert!(passes(&error), "a rotation: {error:?}");
            }
        }
    }
    Writer { session, told }
}

fn field(number: u32) -> String {
    format!("write-{number}")
}

fn number(field: &str) -> Option<u32> {
    field.strip_prefix("write-").map(|number| number.parse().expect("a number"))
}

impl Writer {
    /// Which of the writes are there. Fails the test where one is that was told as not written, or was never made, and where
    /// one was written twice.
    pub(crate) async fn written(&self) -> BTreeSet<u32> {
        let (items, _) = until_done(async || self.session.items().await).await;
        let written: BTreeSet<_> = items.iter().filter_map(|(field, _)| number(field)).collect();
        let Told { acknowledged, not_replicated, unknown, .. } = &self.told;
        let may_be_there =
            |number: &&u32| [acknowledged, not_replicated, unknown].iter().any(|list| list.contains(number));
        let stray: Vec<_> = written.iter().filter(|number| !may_be_there(number)).collect();
        assert!(stray.is_empty(), "written, and told as not written: {stray:?}");
        let count = items.iter().find(|(field, _)| field == COUNT).map_or("0", |(_, json)| json);
        assert_eq!(count, written.len().to_string(), "each is counted once");
        written
    }

    /// Which of the acknowledged writes are not among those that are there.
    pub(crate) fn lost(&self, written: &BTreeSet<u32>) -> Vec<u32> {
        self.told.acknowledged.difference(written).copied().collect()
    }
}
