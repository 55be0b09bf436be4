//! Random sequences of calls, held against a model in memory: the same answers, the same hashes, and an expiry whenever
//! there has to be one.

mod action;
mod batch;
mod world;

use std::{collections::BTreeSet, mem};

use host_test::{
    bench::Bench,
    redis_client::RedisClient,
    session::{Session, Store},
    set_cookie::SetCookie,
};
use proptest::{
    prop_assert, prop_assert_eq,
    strategy::Strategy,
    test_runner::{Config, TestCaseError, TestError, TestRunner},
};
use tokio::{runtime::Handle, task::block_in_place};

use self::{
    action::{Action, Place, Sequence},
    world::{Cookie, Standing, Stored, World},
};
use super::mode::Mode;

const SEQUENCES: u32 = 250;
/// Seconds that a sequence surely doesn't take.
const MARGIN: u32 = 60;

pub(crate) async fn any_sequence_of_calls_does_what_the_model_does(bench: Bench) {
    expect_model(&bench, Mode::Scripts, "");
}

pub(crate) async fn any_sequence_of_calls_in_resp3_does_what_the_model_does(bench: Bench) {
    expect_model(&bench, Mode::Scripts, "?protocol=3");
}

pub(crate) async fn any_sequence_of_calls_without_scripts_does_what_the_model_does(bench: Bench) {
    expect_model(&bench, Mode::NoScripts, "");
}

pub(crate) async fn any_sequence_of_calls_without_guard_does_what_the_model_does(bench: Bench) {
    expect_model(&bench, Mode::NoGuard, "");
}

pub(crate) async fn any_sequence_of_calls_without_guard_and_scripts_does_what_the_model_does(bench: Bench) {
    expect_model(&bench, Mode::NoGuardNoScripts, "");
}

/// Panics with the shortest sequence that it finds to go wrong.
fn expect_model(bench: &Bench, mode: Mode, parameters: &str) {
    let config = Config { cases: SEQUENCES, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let run = |sequence: Sequence| {
        let sequence = async { Run::start(bench, mode, parameters, &sequence).await.finish(sequence).await };
        block_in_place(|| Handle::current().block_on(sequence))
    };
    match TestRunner::new(config).run(&action::sequence().boxed(), run) {
        Ok(()) => {}
        Err(TestError::Fail(why, sequence)) => panic!("{why}\nin {mode:?} with {parameters:?} after {sequence:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

/// One sequence on its way: what is really there beside what should be.
struct Run {
    stores: [Store; 2],
    sessions: Vec<Session>,
    redis: RedisClient,
    world: World,
    handles: Vec<world::Handle>,
    /// Every id that was ever given out.
    ids: BTreeSet<String>,
}

impl Run {
    /// Three handles on one session that is stored: its maker, one by its id from another instance, one by its cookie.
    async fn start(bench: &Bench, mode: Mode, parameters: &str, sequence: &Sequence) -> Self {
        let mut redis = bench.redis();
        redis.command::<()>("FLUSHALL");
        let (idle, absolute) = if mode.is_guarded() { sequence.lifetime } else { (None, None) };
        let options = mode.options_of(bench, &format!("{}{parameters}", bench.url()));
        let options = options.idle_lifetime(idle).absolute_lifetime(absolute);
        let stores = [bench.store(&options).await, bench.store(&options).await];

        let maker = stores[0].start().await;
        assert_eq!(maker.set("a", "1").await, Ok(()));
        let id = maker.known_id().await;
        let attached = stores[1].attach(&id).await.expect("a well-formed id");
        let by_cookie = stores[0].from_cookie(&[cookie(&id)]).await;
        Self {
            stores,
            sessions: vec![maker, attached, by_cookie],
            redis,
            world: World::with_one_session(mode, (idle, absolute), &id),
            handles: vec![
                world::Handle::maker(&id),
                world::Handle::new(&id, Standing::Established),
                world::Handle::new(&id, Standing::Undecided),
            ],
            ids: BTreeSet::from([id]),
        }
    }

    async fn finish(mut self, sequence: Sequence) -> Result<(), TestCaseError> {
        for Place { handle, action } in sequence.actions {
            match action {
                Action::Start => {
                    let started = self.stores[0].start().await;
                    let id = started.known_id().await;
                    prop_assert!(self.ids.insert(id.clone()), "an id comes twice");
                    self.replace(handle, started, world::Handle::started(&id)).await;
                }
                Action::Attach(other) => {
                    let id = self.handles[other].id.clone();
                    let attached = self.stores[1].attach(&id).await.expect("a well-formed id");
                    self.replace(handle, attached, world::Handle::new(&id, Standing::Established)).await;
                }
                Action::FromCookie(other) => {
                    let id = self.handles[other].id.clone();
                    let named = self.stores[0].from_cookie(&[cookie(&id)]).await;
                    self.replace(handle, named, world::Handle::new(&id, Standing::Undecided)).await;
                }
                call => self.call(handle, &call).await?,
            }
            self.expect_expiries()?;
        }
        self.expect_hashes()?;
        self.expect_cookies().await
    }

    async fn replace(&mut self, handle: usize, session: Session, model: world::Handle) {
        self.handles[handle] = model;
        mem::replace(&mut self.sessions[handle], session).close().await;
    }

    async fn call(&mut self, handle: usize, call: &Action) -> Result<(), TestCaseError> {
        let (session, model) = (&self.sessions[handle], &mut self.handles[handle]);
        let answer = call.perform(session).await;
        let id = session.id().await;
        let former_id = model.id.clone();
        let expected = self.world.answers(model, call, id.as_deref().unwrap_or_default());
        let is_expected = expected.iter().any(|expected| action::agree(expected, &answer));
        prop_assert!(is_expected, "{:?}\nanswered {:?}\nand not {:?}", call, answer, expected);
        match id {
            None => prop_assert_eq!(model.standing, Standing::Undecided, "no id after {:?}", call),
            Some(id) => {
                prop_assert!(model.standing != Standing::Undecided, "an id already after {:?}", call);
                prop_assert_eq!(&model.id, &id, "another id after {:?}", call);
                prop_assert!(id == former_id || self.ids.insert(id), "an id comes twice");
            }
        }
        Ok(())
    }

    fn expect_expiries(&mut self) -> Result<(), TestCaseError> {
        for (id, stored) in &self.world.sessions {
            let expiry = self.redis.pttl(&key(id));
            let seconds = match stored {
                Stored::Alive(session) => self.world.expiry(session),
                Stored::Moved | Stored::Ended => Some(60),
            };
            match seconds {
                None => prop_assert_eq!(expiry, -1, "an expiry where none should be"),
                Some(seconds) => {
                    let longest = i64::from(seconds) * 1_000;
                    let bounds = 1.max(longest - i64::from(MARGIN) * 1_000)..=longest;
                    prop_assert!(bounds.contains(&expiry), "{} is not in {:?}", expiry, bounds);
                }
            }
        }
        Ok(())
    }

    fn expect_hashes(&mut self) -> Result<(), TestCaseError> {
        let keys: Vec<_> = self.world.sessions.keys().map(|id| key(id)).collect();
        prop_assert_eq!(self.redis.keys().len(), keys.len(), "keys");
        for (id, stored) in &self.world.sessions {
            let hash = self.redis.hgetall_bytes(&key(id));
            let (hidden, fields): (Vec<_>, Vec<_>) = hash.into_iter().partition(|(name, _)| name.starts_with(b"\0"));
            let hidden: Vec<_> = hidden.iter().map(|(name, _)| &name[..]).collect();
            prop_assert_eq!(hidden, self.world.hidden_fields(stored), "hidden fields");
            let expected: Vec<_> =
                stored.fields().map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec())).collect();
            prop_assert_eq!(fields, expected, "fields");
        }
        Ok(())
    }

    async fn expect_cookies(&self) -> Result<(), TestCaseError> {
        for (session, model) in self.sessions.iter().zip(&self.handles) {
            let told = match SetCookie::only(&session.response_headers().await) {
                None => Cookie::None,
                Some(cookie) if cookie.removes() => Cookie::Removed,
                Some(cookie) => Cookie::Set(cookie.value().to_owned()),
            };
            prop_assert_eq!(&told, &model.cookie, "the cookie of {:?}", model);
        }
        Ok(())
    }
}

fn key(id: &str) -> String {
    format!("drsession:{id}")
}

fn cookie(id: &str) -> String {
    format!("__Host-id={id}")
}
