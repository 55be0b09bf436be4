//! One session from its first write to its end, or until its visitor leaves it.

use std::mem;

use futures::future::join;
use rand::{RngExt as _, rngs::StdRng};

use super::{
    expected::{COUNT, Expected, PAIR, SINGLE, Violation},
    ledger::{HITS, Ledger, SWAPS, count, locked},
    told::{Kind, Told},
};
use crate::{
    caller::Caller,
    operation::{increment, set},
    session::{Error, Session, Store, Swap},
};

/// How many calls a visitor makes.
const CALLS: u32 = 40;

/// A visitor and the session.
pub(super) struct Visit<'a, C> {
    ledger: &'a Ledger,
    stores: &'a [&'a Store<C>; 2],
    random: StdRng,
    session: Session<C>,
    /// Handles on the session that the visitor turned away from, under the ids that it had then.
    former: Vec<Session<C>>,
    /// On the session that everybody counts in.
    common: Session<C>,
    expected: Expected,
    is_over: bool,
}

impl<'a, C: Caller> Visit<'a, C> {
    /// Begins with a new session.
    pub(super) async fn begin(ledger: &'a Ledger, stores: &'a [&'a Store<C>; 2], random: StdRng) -> Self {
        let session = stores[0].start().await;
        let common = attach(stores[0], &ledger.common).await;
        let expected = Expected::new(session.known_id().await);
        count(&ledger.counts.sessions);
        Self { ledger, stores, random, session, former: Vec::new(), common, expected, is_over: false }
    }

    /// Makes calls by lot. Returns the handles that were used.
    pub(super) async fn live(mut self) -> Vec<Session<C>> {
        for _ in 0..CALLS {
            if self.is_over || self.ledger.is_over() {
                break;
            }
            self.call().await;
        }
        if !self.is_over && self.expected.is_stored {
            if self.random.random() {
                self.destroy().await;
            } else {
                self.ledger.keep(self.expected);
            }
        }
        self.former.extend([self.session, self.common]);
        self.former
    }

    async fn call(&mut self) {
        let lot = self.random.random_range(0..100);
        let field = self.random.random_range(0..SINGLE.len());
        match lot {
            // As long as no write is acknowledged the session need not be there, and only its first handle knows that.
            0..50 if !self.expected.is_stored => self.increment().await,
            _ if !self.expected.is_stored => self.set(field).await,
            0..22 => self.increment().await,
            22..34 => self.set(field).await,
            34..44 => self.compare_and_set(field).await,
            44..50 => self.delete(field).await,
            50..56 => self.pop(field).await,
            56..64 => self.apply().await,
            64..76 => self.items().await,
            76..80 => self.rotate(field).await,
            80..86 => self.take_another_handle().await,
            86..90 => self.call_what_has_ended().await,
            90..96 => self.count_with_all().await,
            _ => self.swap_with_all().await,
        }
    }

    async fn increment(&mut self) {
        let result = self.session.increment(COUNT, 1).await;
        match self.told(Kind::Write, result).await {
            Told::Done(sum) => {
                self.expected.count.acknowledge();
                let result = self.expected.count.learn(sum);
                self.ledger.judge("increment", result);
            }
            Told::Unknown | Told::Unreplicated => self.expected.count.doubt(),
            Told::Unavailable | Told::Ended => {}
        }
    }

    async fn set(&mut self, field: usize) {
        let value = self.ledger.new_value();
        let result = self.session.set(SINGLE[field], &value.to_string()).await;
        let told = self.told(Kind::Write, result).await;
        self.expected.single[field].note(Some(value), &told);
    }

    async fn compare_and_set(&mut self, field: usize) {
        let value = self.ledger.new_value();
        let expected = self.expected.single[field].acknowledged();
        let [old, new] = [expected, Some(value)].map(|value| value.map(|value| value.to_string()));
        let result = self.session.compare_and_set(SINGLE[field], old.as_deref(), new.as_deref()).await;
        match self.told(Kind::Write, result).await {
            Told::Done(Swap::Conflict(found)) => {
                let conflicts = if found == old { Err(Violation::Unexpected) } else { Ok(()) };
                self.ledger.judge("compare-and-set, in conflict with what it expected", conflicts);
                self.found(field, "compare-and-set", found);
            }
            told => self.expected.single[field].note(Some(value), &told),
        }
    }

    async fn delete(&mut self, field: usize) {
        let result = self.session.delete(SINGLE[field]).await;
        match self.told(Kind::Write, result).await {
            Told::Done(false) => self.found(field, "delete", None),
            told => {
                let may_be = self.expected.single[field].may_be_there();
                let lost = matches!(told, Told::Done(true)) && !may_be;
                self.ledger.judge("delete", if lost { Err(Violation::Unexpected) } else { Ok(()) });
                self.expected.single[field].note(None, &told);
            }
        }
    }

    async fn pop(&mut self, field: usize) {
        let result = self.session.pop(SINGLE[field]).await;
        let told = self.told(Kind::Write, result).await;
        if let Told::Done(found) = &told {
            self.found(field, "pop", found.clone());
        }
        if !matches!(told, Told::Done(None)) {
            self.expected.single[field].note(None, &told);
        }
    }

    async fn apply(&mut self) {
        let value = self.ledger.new_value();
        let [left, right] = PAIR.map(|name| set(name, &value.to_string()));
        let result = self.session.apply(&[left, increment(COUNT, 1), right]).await;
        let told = self.told(Kind::Write, result).await;
        self.expected.pair.note(Some(value), &told);
        match told {
            Told::Done(_) => self.expected.count.acknowledge(),
            Told::Unknown | Told::Unreplicated => self.expected.count.doubt(),
            Told::Unavailable | Told::Ended => {}
        }
    }

    async fn items(&mut self) {
        let result = self.session.items().await;
        if let Told::Done(items) = self.told(Kind::Read, result).await {
            let result = self.expected.compare(&items.into_iter().collect(), self.ledger.reads_are_final);
            self.ledger.judge("items", result);
        }
    }

    /// Until it is done: only this handle knows the id that it tried.
    async fn rotate(&mut self, field: usize) {
        let value = self.random.random::<bool>().then(|| self.ledger.new_value());
        let writes: Vec<_> = value.iter().map(|value| set(SINGLE[field], &value.to_string())).collect();
        loop {
            let result = self.session.rotate(&writes).await;
            let told = self.told(Kind::Write, result).await;
            if value.is_some() {
                self.expected.single[field].note(value, &told);
            }
            match told {
                Told::Done(()) => break,
                Told::Unknown | Told::Unavailable => {}
                // Under which of the two ids it will be in the end, nobody can say.
                Told::Unreplicated => return self.is_over = true,
                Told::Ended => return,
            }
        }
        let id = self.session.known_id().await;
        self.ledger.bury(mem::replace(&mut self.expected.id, id));
        self.call_former_handles().await;
    }

    async fn destroy(&mut self) {
        let late = attach(self.stores[1], &self.expected.id).await;
        let (mut result, written) = join(self.session.destroy(), late.increment(COUNT, 1)).await;
        // Whether it came before or after, it brings nothing back.
        self.ledger.told(Kind::Write, written).await;
        loop {
            match self.told(Kind::Write, result).await {
                Told::Done(()) => break,
                Told::Unknown | Told::Unreplicated | Told::Unavailable => {}
                Told::Ended => return,
            }
            result = self.session.destroy().await;
        }
        self.ledger.bury(self.expected.id.clone());
        self.former.push(late);
        self.call_former_handles().await;
    }

    async fn take_another_handle(&mut self) {
        let store = self.random.random_range(0..self.stores.len());
        let another = attach(self.stores[store], &self.expected.id).await;
        self.former.push(mem::replace(&mut self.session, another));
    }

    async fn call_what_has_ended(&mut self) {
        if let Some(id) = self.ledger.buried(self.random.random()) {
            self.former.push(attach(self.stores[0], &id).await);
            let last = self.former.len() - 1;
            self.call_ended(last).await;
        }
    }

    /// Once the session has ended or moved away.
    async fn call_former_handles(&mut self) {
        for index in 0..self.former.len() {
            self.call_ended(index).await;
        }
    }

    /// Whatever is tried on it, it is told that the session is no more.
    async fn call_ended(&mut self, index: usize) {
        let session = &self.former[index];
        let (kind, result) = match self.random.random_range(0..4) {
            0 => (Kind::Read, session.get(COUNT).await.map(drop)),
            1 => (Kind::Read, session.touch().await),
            2 => (Kind::Write, session.increment(COUNT, 1).await.map(drop)),
            _ => (Kind::Write, session.set(SINGLE[0], "0").await),
        };
        if let Told::Done(()) = self.ledger.told(kind, result).await {
            self.ledger.judge("a call on what has ended", Err(Violation::Revived));
        }
    }

    async fn count_with_all(&mut self) {
        let result = self.common.increment(HITS, 1).await;
        match self.told(Kind::Write, result).await {
            Told::Done(_) => locked(&self.ledger.hits).acknowledge(),
            Told::Unknown | Told::Unreplicated => locked(&self.ledger.hits).doubt(),
            Told::Unavailable | Told::Ended => {}
        }
    }

    async fn swap_with_all(&mut self) {
        let result = self.common.get(SWAPS).await;
        let Told::Done(old) = self.told(Kind::Read, result).await else { return };
        let count: u64 = old.as_deref().map_or(0, |text| text.parse().expect("what was swapped in"));
        let new = (count + 1).to_string();
        let result = self.common.compare_and_set(SWAPS, old.as_deref(), Some(&new)).await;
        match self.told(Kind::Write, result).await {
            Told::Done(Swap::Stored) => locked(&self.ledger.swaps).acknowledge(),
            Told::Unknown | Told::Unreplicated => locked(&self.ledger.swaps).doubt(),
            Told::Done(Swap::Conflict(_)) | Told::Unavailable | Told::Ended => {}
        }
    }

    /// What a session's call was told.
    async fn told<T>(&mut self, kind: Kind, result: Result<T, Error>) -> Told<T> {
        let told = self.ledger.told(kind, result).await;
        match told {
            Told::Done(_) if kind == Kind::Write => self.expected.is_stored = true,
            Told::Ended => {
                self.is_over = true;
                let result = if self.expected.is_stored { Err(Violation::Lost) } else { Ok(()) };
                self.ledger.judge("a session that should be alive", result);
            }
            _ => {}
        }
        told
    }

    /// What a field was found to hold.
    fn found(&mut self, field: usize, what: &str, text: Option<String>) {
        let found = text.map(|text| text.parse().map_err(|_| Violation::Unexpected)).transpose();
        let field = &mut self.expected.single[field];
        let is_final = self.ledger.reads_are_final;
        let result = found.and_then(|found| if is_final { field.learn(found) } else { field.check(found) });
        self.ledger.judge(what, result);
    }
}

async fn attach<C: Caller>(store: &Store<C>, id: &str) -> Session<C> {
    store.attach(id).await.expect("a well-formed id")
}
