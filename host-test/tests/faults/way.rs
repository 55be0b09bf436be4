//! A way to a Redis that breaks when it is told to, and a look at what is really there.

use std::{cell::RefCell, collections::BTreeMap};

use futures::future::join_all;
use host_test::{
    bench::Bench,
    component::Flavour,
    faults::Faults,
    instance::Instance,
    mode::Mode,
    options::Options,
    proxy::{Behaviour, Proxy},
    redis_client::RedisClient,
    session::{Session, Store},
};

/// Field names and values.
type Fields = BTreeMap<String, String>;

/// Everything that is in Redis, but for what is another one each time: ids, moments and digests. Of each key its fields,
/// and whether it expires; sorted.
pub(crate) type State = Vec<(Fields, bool)>;

/// What a session has to begin with.
const FIELDS: [(&str, &str); 3] = [("text", "\"a\""), ("number", "5"), ("other", "[1]")];

/// How many milliseconds Redis may take to answer, on a machine that is busy with other things.
pub(crate) const PATIENT: u32 = 30_000;

/// How many ways are tried side by side: some calls pause before they are sent again.
const WAYS: usize = 6;

/// Does each job on one of several ways, and returns what came of them.
pub(crate) async fn on_ways<J, R>(
    open: impl AsyncFn() -> Way,
    jobs: Vec<J>,
    work: impl AsyncFn(&mut Way, J) -> R,
) -> Vec<R> {
    let (jobs, results) = (RefCell::new(jobs), RefCell::new(Vec::new()));
    join_all((0..WAYS).map(async |_| {
        let mut way = open().await;
        loop {
            let Some(job) = jobs.borrow_mut().pop() else { break };
            let result = work(&mut way, job).await;
            results.borrow_mut().push(result);
        }
    }))
    .await;
    results.into_inner()
}

/// An instance behind a proxy, before a Redis of its own.
pub(crate) struct Way {
    pub(crate) faults: Faults,
    pub(crate) store: Store,
    pub(crate) redis: RedisClient,
    flavour: Flavour,
    options: Options,
    _proxy: Proxy,
    _bench: Bench,
}

impl Way {
    /// With these parameters for the URL, such as `?protocol=3`, and so many milliseconds for an answer.
    pub(crate) async fn open(flavour: Flavour, mode: Mode, parameters: &str, answer: u32) -> Self {
        let bench = Bench::start(flavour).unwrap_or_else(|error| panic!("{error:#}"));
        let faults = Faults::none();
        let proxy = Proxy::start(bench.server().port(), Behaviour::Break(faults.clone())).await.expect("a proxy");
        let options = mode.options_at(&bench, proxy.port(), parameters).timeouts(5_000_u32, answer);
        let store = Instance::start(flavour).await.store(&options).await.expect("a store");
        let redis = bench.redis();
        Self { faults, store, redis, flavour, options, _proxy: proxy, _bench: bench }
    }

    /// Another instance, which has no connection yet, and a store in it.
    pub(crate) async fn another_instance(&self) -> (Instance, Store) {
        let instance = Instance::start(self.flavour).await;
        let store = instance.store(&self.options).await.expect("a store");
        (instance, store)
    }

    /// A store in another instance.
    pub(crate) async fn another_store(&self) -> Store {
        self.another_instance().await.1
    }

    /// A session that has its fields, and nothing else in Redis. Every connection that a call may need is there.
    pub(crate) async fn stored(&mut self) -> Session {
        self.redis.command::<()>("FLUSHALL");
        let session = self.store.start().await;
        assert_eq!(session.update(&FIELDS).await, Ok(()));
        if self.flavour == Flavour::Async {
            // What writes may have had a connection of its own.
            assert_eq!(self.store.check().await, Ok(()));
        }
        session
    }

    /// What is in Redis.
    pub(crate) fn state(&mut self) -> State {
        let keys = self.redis.keys();
        let mut state: State = keys.iter().map(|key| (self.fields(key), self.redis.pttl(key) >= 0)).collect();
        state.sort();
        state
    }

    fn fields(&mut self, key: &str) -> Fields {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let hash = self.redis.hgetall_bytes(key).into_iter();
        hash.map(|(name, value)| match text(name) {
            name if ["\0created", "\0moved", "\0ended"].contains(&name.as_str()) => (name, String::new()),
            name => (name, text(value)),
        })
        .collect()
    }
}
