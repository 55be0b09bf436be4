//! What the cases of several modules need.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use host_test::{
    bench::Bench,
    options::Options,
    proxy::{Behaviour, Proxy},
    redis_client::{Hash, RedisClient},
    request::Request,
    session::{Error, Session, Store},
    set_cookie::SetCookie,
};

use super::mode::Mode;

/// A well-formed id that no session has.
pub(crate) const UNKNOWN_ID: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The longest that the marker of an ended or moved session stays, in milliseconds.
pub(crate) const MARKER_LIFETIME: i64 = 60_000;

/// Runs the block in each of the modes that keep the guard's promises. Each finds an empty Redis.
pub(crate) async fn in_both_modes(bench: &Bench, block: impl AsyncFn(Options)) {
    for mode in Mode::GUARDED {
        // Shown where the case fails.
        println!("{mode:?}");
        bench.redis().command::<()>("FLUSHALL");
        block(mode.options(bench)).await;
    }
}

/// Which answers get lost on a [`LossyWay`]. Redis does what it was asked for all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    Nothing,
    /// That of the next script or transaction.
    NextWrite,
    /// That of the next script or transaction, and every one after it.
    FromNextWriteOn,
    Everything,
}

impl Loss {
    /// Whether the answer gets lost, and which ones from then on.
    fn of(self, request: &Request) -> (bool, Self) {
        let is_write = matches!(request.name().as_str(), "EVALSHA" | "EVAL" | "EXEC");
        match self {
            Self::NextWrite if is_write => (true, Self::Nothing),
            Self::FromNextWriteOn if is_write => (true, Self::Everything),
            Self::Everything => (true, Self::Everything),
            other => (false, other),
        }
    }
}

/// A way to the bench's Redis on which answers get lost when a test says so.
pub(crate) struct LossyWay {
    proxy: Proxy,
    loss: Arc<Mutex<Loss>>,
}

impl LossyWay {
    pub(crate) async fn open(bench: &Bench) -> Self {
        let loss = Arc::new(Mutex::new(Loss::Nothing));
        let current = Arc::clone(&loss);
        let is_lost = move |request: &Request| {
            let mut loss = current.lock().expect("a loss");
            let (is_lost, next) = loss.of(request);
            *loss = next;
            is_lost
        };
        let proxy = Proxy::start(bench.server().port(), Behaviour::SwallowAnswer(Box::new(is_lost))).await;
        Self { proxy: proxy.expect("a proxy"), loss }
    }

    /// Options for this mode, on this way.
    pub(crate) fn options(&self, bench: &Bench, mode: Mode) -> Options {
        mode.options_at(bench, self.proxy.port(), "")
    }

    /// As [`in_both_modes`](fn@in_both_modes), on this way. Redis knows all scripts already.
    pub(crate) async fn in_both_modes(&self, bench: &Bench, block: impl AsyncFn(Options)) {
        for mode in Mode::GUARDED {
            println!("{mode:?}");
            let options = self.options(bench, mode);
            warm_up(&bench.store(&options).await).await;
            bench.redis().command::<()>("FLUSHALL");
            block(options).await;
        }
    }

    /// Loses these answers from now on.
    pub(crate) fn lose(&self, loss: Loss) {
        *self.loss.lock().expect("a loss") = loss;
    }

    /// What is still to be lost.
    pub(crate) fn loss(&self) -> Loss {
        *self.loss.lock().expect("a loss")
    }
}

/// Connects, and makes Redis know whatever scripts there are.
///
/// Where scripts are off, the asynchronous component has one connection that calls share and others for transactions, so
/// there is a call for either.
pub(crate) async fn warm_up(store: &Store) {
    assert_eq!(store.check().await, Ok(()));
    let session = stored(store).await;
    assert_eq!(session.rotate(&[]).await, Ok(()));
    assert_eq!(session.destroy().await, Ok(()));
}

/// The key of the session with this id.
pub(crate) fn key(id: &str) -> String {
    format!("drsession:{id}")
}

/// The key of a session whose id is known.
pub(crate) async fn key_of(session: &Session) -> String {
    key(&session.known_id().await)
}

/// The `Cookie` headers of a client that has this id.
pub(crate) fn cookie(id: &str) -> [String; 1] {
    [format!("__Host-id={id}")]
}

/// A session that is stored: `field` is `1`.
pub(crate) async fn stored(store: &Store) -> Session {
    let session = store.start().await;
    assert_eq!(session.set("field", "1").await, Ok(()));
    session
}

/// Another handle on the session, which no call has gone through yet.
pub(crate) async fn attached(store: &Store, session: &Session) -> Session {
    let id = session.known_id().await;
    store.attach(&id).await.expect("a well-formed id")
}

/// The same, by its cookie.
pub(crate) async fn undecided(store: &Store, session: &Session) -> Session {
    store.from_cookie(&cookie(&session.known_id().await)).await
}

/// The cookie that the session's response carries.
pub(crate) async fn cookie_of(session: &Session) -> Option<SetCookie> {
    SetCookie::only(&session.response_headers().await)
}

/// Everything that lies in Redis, by key; keys that hold something else than a hash fail the test.
pub(crate) fn everything(redis: &mut RedisClient) -> BTreeMap<String, Hash> {
    let keys = redis.keys();
    keys.into_iter().map(|key| (key.clone(), redis.hgetall_bytes(&key))).collect()
}

/// Nobody knows what became of the call.
#[track_caller]
pub(crate) fn expect_outcome_unknown<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::OutcomeUnknown(_))), "{result:?}");
}
