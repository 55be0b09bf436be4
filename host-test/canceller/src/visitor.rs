//! One session, whose fields say whose they are.

use std::cell::Cell;
use std::fmt::Debug;
use std::pin::Pin;

use crate::bindings::drsession::session::session_async::{Operation, Outcome, Session, Store};
use crate::lot::Lot;

/// A session, and what is known of it.
pub(crate) struct Visitor {
    name: String,
    id: String,
    session: Session,
    /// The counter's value as far as it was told, and the highest that it may have, with calls that were cancelled.
    told: Cell<i64>,
    tried: Cell<i64>,
    /// How many values were tried to be stored.
    stored: Cell<u64>,
}

impl Visitor {
    pub(crate) async fn begin(store: &Store, number: u64) -> Result<Self, String> {
        let session = store.start();
        let name = format!("\"visitor {number}\"");
        session.set("name".into(), name.clone()).await.map_err(debug)?;
        session.set("large".into(), large(&name)).await.map_err(debug)?;
        let id = session.id().ok_or("a session without an id")?;
        Ok(Self { name, id, session, told: Cell::new(0), tried: Cell::new(0), stored: Cell::new(0) })
    }

    /// Another handle on the session, of this store.
    pub(crate) fn move_to(&mut self, store: &Store) -> Result<(), String> {
        self.session = store.attach(&self.id).map_err(debug)?;
        Ok(())
    }

    /// A call by lot. It fails where what it is told is not this visitor's.
    pub(crate) fn call<'a>(&'a self, lot: &mut Lot) -> Pin<Box<dyn Future<Output = Result<(), String>> + 'a>> {
        match lot.below(7) {
            0 => Box::pin(self.get()),
            1 => Box::pin(self.get_large()),
            2 => Box::pin(self.items()),
            3 => Box::pin(self.set()),
            4 => Box::pin(self.increment()),
            5 => Box::pin(self.apply()),
            _ => Box::pin(self.touch()),
        }
    }

    /// Looks at everything, and learns what became of the calls that were cancelled.
    pub(crate) async fn check(&mut self) -> Result<(), String> {
        self.get().await?;
        self.get_large().await?;
        self.items().await?;
        let sum = self.session.increment("sum".into(), 0).await.map_err(debug)?;
        expect(self, "sum", sum, (self.told.get()..=self.tried.get()).contains(&sum))?;
        self.told.set(sum);
        self.tried.set(sum);
        Ok(())
    }

    async fn get(&self) -> Result<(), String> {
        let name = self.session.get("name".into()).await.map_err(debug)?;
        let own = name.as_ref() == Some(&self.name);
        expect(self, "get", name, own)
    }

    async fn get_large(&self) -> Result<(), String> {
        let value = self.session.get("large".into()).await.map_err(debug)?;
        let own = value == Some(large(&self.name));
        expect(self, "get of a large value", value.map(|value| value.len()), own)
    }

    async fn items(&self) -> Result<(), String> {
        let items = self.session.items().await.map_err(debug)?;
        let own = items.iter().all(|(key, value)| match key.as_str() {
            "name" => *value == self.name,
            "large" => *value == large(&self.name),
            "last" => self.is_own_value(value),
            "sum" => value.parse::<i64>().is_ok_and(|sum| (0..=self.tried.get()).contains(&sum)),
            _ => false,
        });
        expect(self, "items", items.len(), own)
    }

    async fn set(&self) -> Result<(), String> {
        self.session.set("last".into(), self.next_value()).await.map_err(debug)
    }

    async fn increment(&self) -> Result<(), String> {
        let before = self.told.get();
        self.tried.update(|tried| tried + 1);
        let sum = self.session.increment("sum".into(), 1).await.map_err(debug)?;
        expect(self, "increment", sum, (before + 1..=self.tried.get()).contains(&sum))?;
        self.told.update(|told| told.max(sum));
        Ok(())
    }

    async fn apply(&self) -> Result<(), String> {
        let value = self.next_value();
        let operations = vec![
            Operation::Get("name".into()),
            Operation::Set(("last".into(), value.clone())),
            Operation::Get("last".into()),
        ];
        let outcomes = self.session.apply(operations).await.map_err(debug)?;
        let own = matches!(&outcomes[..], [Outcome::Text(Some(name)), Outcome::Done, Outcome::Text(Some(last))]
            if *name == self.name && *last == value);
        expect(self, "apply", outcomes, own)
    }

    pub(crate) async fn touch(&self) -> Result<(), String> {
        self.session.touch().await.map_err(debug)
    }

    fn next_value(&self) -> String {
        self.stored.update(|stored| stored + 1);
        format!("[{},{}]", self.name, self.stored.get())
    }

    fn is_own_value(&self, value: &str) -> bool {
        value.starts_with(&format!("[{},", self.name))
    }
}

/// More than one read brings.
fn large(name: &str) -> String {
    format!("\"{}\"", name.trim_matches('"').repeat(10_000))
}

fn debug(error: impl Debug) -> String {
    format!("{error:?}")
}

fn expect(visitor: &Visitor, what: &str, told: impl Debug, own: bool) -> Result<(), String> {
    if own { Ok(()) } else { Err(format!("{}: {what} said {told:?}", visitor.name)) }
}
