//! The end of a session, or its move to another id, against a write that is under way.

use std::{ops::AddAssign, time::Duration};

use host_test::{
    bench::Bench,
    operation::{increment, set},
    redis_client::{Hash, RedisClient},
    session::{Error, Session, Store},
};
use tokio::{task::JoinSet, time::Instant};

use super::mode::Mode;

const ROUNDS: usize = 1_000;
const TASKS: usize = 4;
/// Fewer of either outcome prove nothing.
const AT_LEAST: usize = 50;

/// How the races of one task ended.
#[derive(Clone, Copy, Debug, Default)]
struct Results {
    write_won: usize,
    write_lost: usize,
}

impl AddAssign for Results {
    fn add_assign(&mut self, other: Self) {
        self.write_won += other.write_won;
        self.write_lost += other.write_lost;
    }
}

/// Gives whoever lost the last time a head start, so that neither wins all the time, whatever the machine is like.
#[derive(Default)]
struct Handicap {
    /// Microseconds by which the writer starts later than the other; below zero: sooner.
    writer: i64,
}

impl Handicap {
    const STEP: i64 = 20;

    fn learn(&mut self, write_won: bool) {
        self.writer += if write_won { Self::STEP } else { -Self::STEP };
    }

    /// When to start the writer and when the other, with some chance in both.
    fn delays(&self) -> [Duration; 2] {
        [self.writer, -self.writer].map(|lead| {
            let chance = i64::from(rand::random::<u8>()) / 2;
            Duration::from_micros((lead.max(0) + chance).unsigned_abs())
        })
    }
}

/// Lets others run until then; a timer's milliseconds are an age here.
async fn starts_after(delay: Duration) {
    let start = Instant::now();
    while start.elapsed() < delay {
        tokio::task::yield_now().await;
    }
}

/// What the writer of a round does.
#[derive(Clone, Copy, Debug)]
enum Write {
    Set,
    Update,
    Increment,
    Batch,
}

impl Write {
    const ALL: [Self; 4] = [Self::Set, Self::Update, Self::Increment, Self::Batch];

    async fn perform(self, session: &Session) -> Result<(), Error> {
        match self {
            Self::Set => session.set("late", "1").await,
            Self::Update => session.update(&[("late", "1"), ("later", "2")]).await,
            Self::Increment => session.increment("n", 1).await.map(drop),
            Self::Batch => session.apply(&[set("late", "1"), increment("n", 1)]).await.map(drop),
        }
    }

    /// What a session made by [`made`] then holds.
    fn fields(self) -> Vec<(&'static str, &'static str)> {
        let (made, counted) = (("made", "true"), ("n", "42"));
        match self {
            Self::Set => vec![("late", "1"), made, ("n", "41")],
            Self::Update => vec![("late", "1"), ("later", "2"), made, ("n", "41")],
            Self::Increment => vec![made, counted],
            Self::Batch => vec![("late", "1"), made, counted],
        }
    }
}

const MADE: [(&str, &str); 2] = [("made", "true"), ("n", "41")];

fn bytes(fields: &[(&str, &str)]) -> Hash {
    fields.iter().map(|(key, json)| (key.as_bytes().to_vec(), json.as_bytes().to_vec())).collect()
}

/// A stored session, and another handle on it.
async fn made(writers: &Store, others: &Store) -> (Session, Session) {
    let writer = writers.start().await;
    assert_eq!(writer.update(&MADE).await, Ok(()));
    let other = others.attach(&writer.known_id().await).await;
    (writer, other.expect("a well-formed id"))
}

/// The marker at a key where a session was: its only field.
fn expect_marker(redis: &mut RedisClient, key: &str, field: &[u8]) {
    let hash = redis.hgetall_bytes(key);
    assert!(hash.len() == 1 && hash.contains_key(field), "{} fields at the old key", hash.len());
    let expiry = redis.pttl(key);
    assert!((1..=60_000).contains(&expiry), "{expiry}");
}

/// What ends a session, as the racers see it.
#[derive(Clone, Copy)]
enum Ending {
    Destroy,
    Rotate,
}

impl Ending {
    async fn perform(self, session: &Session) {
        let ended = match self {
            Self::Destroy => session.destroy().await,
            Self::Rotate => session.rotate(&[set("user", "\"ada\"")]).await,
        };
        assert_eq!(ended, Ok(()));
    }

    /// What the writer is told that lost.
    fn error(self) -> Error {
        match self {
            Self::Destroy => Error::Gone,
            Self::Rotate => Error::Rotated,
        }
    }

    /// How many keys each round leaves.
    fn keys(self) -> usize {
        match self {
            Self::Destroy => 1,
            Self::Rotate => 2,
        }
    }

    /// Holds what is stored afterwards against what the writer was told.
    async fn expect(self, redis: &mut RedisClient, old: &str, session: &Session, stored: &[(&str, &str)]) {
        let old = format!("drsession:{old}");
        match self {
            Self::Destroy => expect_marker(redis, &old, b"\0ended"),
            Self::Rotate => {
                expect_marker(redis, &old, b"\0moved");
                let new = format!("drsession:{}", session.known_id().await);
                let mut expected = bytes(stored);
                expected.extend(bytes(&[("user", "\"ada\"")]));
                assert_eq!(redis.visible_fields(&new), expected);
                assert_eq!(redis.hgetall_bytes(&new).len(), expected.len() + 1, "hidden fields");
                assert!(redis.pttl(&new) > 60_000);
            }
        }
    }
}

async fn race(writers: &Store, others: &Store, redis: &mut RedisClient, ending: Ending, rounds: usize) -> Results {
    let mut results = Results::default();
    let mut handicap = Handicap::default();
    for round in 0..rounds {
        let write = Write::ALL[round % Write::ALL.len()];
        let (writer, other) = made(writers, others).await;
        let old = writer.known_id().await;
        let [write_delay, ending_delay] = handicap.delays();
        let writing = async {
            starts_after(write_delay).await;
            write.perform(&writer).await
        };
        let ending_it = async {
            starts_after(ending_delay).await;
            ending.perform(&other).await;
        };
        let (written, ()) = tokio::join!(writing, ending_it);

        let stored = match &written {
            Ok(()) => write.fields(),
            Err(error) => {
                assert_eq!(*error, ending.error(), "{write:?}");
                MADE.to_vec()
            }
        };
        ending.expect(redis, &old, &other, &stored).await;
        assert_eq!(writer.get("made").await, Err(ending.error()));
        handicap.learn(written.is_ok());
        results += match written {
            Ok(()) => Results { write_won: 1, write_lost: 0 },
            Err(_) => Results { write_won: 0, write_lost: 1 },
        };
        writer.close().await;
        other.close().await;
    }
    results
}

async fn races(bench: Bench, mode: Mode, ending: Ending) {
    let options = mode.options(&bench);
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (writers, others) = (bench.store(&options).await, bench.store(&options).await);
        let mut redis = bench.redis();
        tasks.spawn(async move { race(&writers, &others, &mut redis, ending, ROUNDS / TASKS).await });
    }
    let mut results = Results::default();
    while let Some(result) = tasks.join_next().await {
        results += result.expect("a task that ends well");
    }
    assert_eq!(results.write_won + results.write_lost, ROUNDS);
    assert!(results.write_won >= AT_LEAST && results.write_lost >= AT_LEAST, "{results:?}");
    assert_eq!(bench.redis().keys().len(), ROUNDS * ending.keys());
}

pub(crate) async fn a_write_racing_a_destroy_is_before_it_or_refused(bench: Bench) {
    races(bench, Mode::Scripts, Ending::Destroy).await;
}

pub(crate) async fn a_write_racing_a_destroy_without_scripts_is_before_it_or_refused(bench: Bench) {
    races(bench, Mode::NoScripts, Ending::Destroy).await;
}

pub(crate) async fn a_write_racing_a_rotation_moves_along_or_is_refused(bench: Bench) {
    races(bench, Mode::Scripts, Ending::Rotate).await;
}

pub(crate) async fn a_write_racing_a_rotation_without_scripts_moves_along_or_is_refused(bench: Bench) {
    races(bench, Mode::NoScripts, Ending::Rotate).await;
}
