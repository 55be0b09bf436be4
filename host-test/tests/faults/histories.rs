//! Several handles on one session, in several instances, on a way that breaks all the while: what they saw has to be one
//! story.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicU64, Ordering},
};

use futures::future::{join, join_all};
use host_test::{
    bench::block_on,
    caller::Caller,
    component::Flavour,
    faults::{Kind, Schedule},
    linearizability::{Operation, is_linearizable},
    mode::Mode,
    session::{Error, Session, Swap},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::way::{Way, on_ways};

const HISTORIES: u64 = 60;
/// Each has its own instance, or shares it with one other.
const CLIENTS: usize = 4;
const CALLS: usize = 12;
/// A history is checked field by field: what holds for each holds for all.
const FIELDS: [&str; 2] = ["a", "b"];
/// How many bytes of one direction pass between two faults.
const DISTANCE: u64 = 500;
/// A stall takes its time, so it is rare.
const KINDS: [Kind; 16] = [
    Kind::Cut,
    Kind::Cut,
    Kind::Cut,
    Kind::Cut,
    Kind::Cut,
    Kind::Reset,
    Kind::Reset,
    Kind::Reset,
    Kind::Reset,
    Kind::HalfClose,
    Kind::HalfClose,
    Kind::Split,
    Kind::Split,
    Kind::Split,
    Kind::Delay,
    Kind::Stall,
];
/// Milliseconds that a call waits in vain.
const ANSWER: u32 = 300;

#[derive(Clone, Debug)]
enum Input {
    Get,
    Set(String),
    CompareAndSet(Option<String>, String),
    Increment(i64),
}

#[derive(Clone, Debug, PartialEq)]
enum Output {
    Value(Option<String>),
    Done,
    Swap(bool, Option<String>),
    Sum(i64),
}

/// What the contract says of one field.
fn step(stored: &Option<String>, input: &Input) -> (Option<String>, Output) {
    match input {
        Input::Get => (stored.clone(), Output::Value(stored.clone())),
        Input::Set(json) => (Some(json.clone()), Output::Done),
        Input::CompareAndSet(expected, json) if expected == stored => (Some(json.clone()), Output::Swap(true, None)),
        Input::CompareAndSet(..) => (stored.clone(), Output::Swap(false, stored.clone())),
        Input::Increment(by) => {
            let sum = stored.as_ref().map_or(0, |stored| stored.parse().expect("a number")) + by;
            (Some(sum.to_string()), Output::Sum(sum))
        }
    }
}

/// What happened to each field, by a clock that counts.
#[derive(Default)]
struct Recorder {
    clock: AtomicU64,
    fields: [RefCell<Vec<Operation<Input, Output>>>; FIELDS.len()],
}

impl Recorder {
    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// What an error says: nobody knows, or it was not done.
    fn note(&self, field: usize, input: Input, called: u64, result: Result<Output, Error>) {
        let answered = match result {
            Ok(output) => Some((output, self.now())),
            Err(Error::OutcomeUnknown(_)) => None,
            Err(Error::Unavailable(_)) => return,
            Err(error) => panic!("{input:?}: {error:?}"),
        };
        self.fields[field].borrow_mut().push(Operation { input, called, answered });
    }

    async fn call<C: Caller>(&self, session: &Session<C>, field: usize, input: Input) -> Option<Output> {
        let name = FIELDS[field];
        let called = self.now();
        let result = match &input {
            Input::Get => session.get(name).await.map(Output::Value),
            Input::Set(json) => session.set(name, json).await.map(|()| Output::Done),
            Input::CompareAndSet(expected, json) => {
                session.compare_and_set(name, expected.as_deref(), Some(json)).await.map(|swap| match swap {
                    Swap::Stored => Output::Swap(true, None),
                    Swap::Conflict(stored) => Output::Swap(false, stored),
                })
            }
            Input::Increment(by) => session.increment(name, *by).await.map(Output::Sum),
        };
        let output = result.as_ref().ok().cloned();
        self.note(field, input, called, result);
        output
    }
}

/// One client's calls. What it stores is stored by nobody else.
async fn client<C: Caller>(session: Session<C>, recorder: &Recorder, number: usize, mut random: StdRng) {
    let mut last: [Option<String>; FIELDS.len()] = Default::default();
    for call in 0..CALLS {
        let own = (1_000_000 * (number + 1) + 1_000 * call).to_string();
        let field = random.random_range(0..FIELDS.len());
        let input = match random.random_range(0..8) {
            0 | 1 => Input::Get,
            2 => Input::Set(own),
            3..6 => Input::CompareAndSet(last[field].clone(), own),
            _ => Input::Increment(random.random_range(1..10)),
        };
        let stored = match &input {
            Input::Set(json) | Input::CompareAndSet(_, json) => Some(json.clone()),
            Input::Get | Input::Increment(_) => None,
        };
        match recorder.call(&session, field, input).await {
            Some(Output::Value(seen) | Output::Swap(false, seen)) => last[field] = seen,
            Some(Output::Sum(sum)) => last[field] = Some(sum.to_string()),
            Some(Output::Done | Output::Swap(true, _)) => last[field] = stored,
            None => {}
        }
    }
}

/// How many operations a history had, and of how many nobody knows.
#[derive(Clone, Copy, Default)]
struct Extent {
    operations: usize,
    unknown: usize,
    faults: u64,
}

/// Lets clients loose on one session, and checks what they saw, and what is there in the end.
async fn history(way: &mut Way, flavour: Flavour, seed: u64) -> Extent {
    let session = way.stored().await;
    let id = session.known_id().await;
    session.close().await;
    let recorder = Recorder::default();
    let random = |number: usize| StdRng::seed_from_u64(seed * CLIENTS as u64 + number as u64);
    let before = way.faults.counts().total();
    way.faults.schedule(Schedule::new(seed, DISTANCE, &KINDS));
    if flavour == Flavour::Async {
        join_all((0..CLIENTS).step_by(2).map(async |number| {
            let (instance, store) = way.another_instance().await;
            let (one, other) = (store.attach(&id).await.expect("an id"), store.attach(&id).await.expect("an id"));
            let both = instance.run_concurrent(async |calls| {
                let one = client(one.concurrent(calls), &recorder, number, random(number));
                let other = client(other.concurrent(calls), &recorder, number + 1, random(number + 1));
                join(one, other).await
            });
            both.await
        }))
        .await;
    } else {
        join_all((0..CLIENTS).map(async |number| {
            let session = way.another_store().await.attach(&id).await.expect("an id");
            client(session, &recorder, number, random(number)).await;
        }))
        .await;
    }
    way.faults.calm();
    let faults = way.faults.counts().total() - before;

    let mut extent = Extent { faults, ..Extent::default() };
    for (field, name) in FIELDS.iter().enumerate() {
        let called = recorder.now();
        let stored = way.redis.hget(&format!("drsession:{id}"), name);
        let stored = stored.map(|json| String::from_utf8(json).expect("a number"));
        recorder.note(field, Input::Get, called, Ok(Output::Value(stored)));
        let operations = recorder.fields[field].borrow();
        assert!(is_linearizable(None, step, &operations), "seed {seed}, field {name}: {operations:#?}");
        extent.operations += operations.len();
        extent.unknown += operations.iter().filter(|operation| operation.answered.is_none()).count();
    }
    extent
}

fn check_histories(flavour: Flavour, mode: Mode) {
    block_on(async {
        let open = async || Way::open(flavour, mode, "", ANSWER).await;
        let seeds = (0..HISTORIES).collect();
        let extents = on_ways(open, seeds, async |way, seed| history(way, flavour, seed).await).await;
        let total = extents.iter().fold(Extent::default(), |total, extent| Extent {
            operations: total.operations + extent.operations,
            unknown: total.unknown + extent.unknown,
            faults: total.faults + extent.faults,
        });
        let Extent { operations, unknown, faults } = total;
        println!(
            "{flavour:?}, {mode:?}: {} histories checked, {operations} operations, {unknown} of unknown outcome, \
             {faults} faults injected",
            extents.len()
        );
        assert!(faults > HISTORIES && unknown as u64 > HISTORIES / 4, "too little has gone wrong");
        assert!(operations > extents.len() * CLIENTS * CALLS / 2, "too little has gone well");
    });
}

#[test]
fn what_handles_by_scripts_see_under_faults_is_one_story() {
    check_histories(Flavour::Blocking, Mode::Scripts);
}

#[test]
fn what_handles_by_transactions_see_under_faults_is_one_story() {
    check_histories(Flavour::Blocking, Mode::NoScripts);
}

#[test]
fn what_concurrent_handles_by_scripts_see_under_faults_is_one_story() {
    check_histories(Flavour::Async, Mode::Scripts);
}

#[test]
fn what_concurrent_handles_by_transactions_see_under_faults_is_one_story() {
    check_histories(Flavour::Async, Mode::NoScripts);
}
