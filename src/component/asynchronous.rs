//! The async component: many calls are under way in one instance, each a task of its own, and share a connection.

mod host;
mod request;

pub(super) mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)] // Generated.
    wit_bindgen::generate!({
        path: "wit",
        world: "drsession-async",
        generate_all,
        // There are no constructors to run.
        disable_run_ctors_once_workaround: true,
    });

    export!(Component with_types_in self);
    use super::Component;
}

use self::{
    bindings::exports::drsession::session::{
        session_async::{Guest, GuestSession, GuestStore, Operation, OptionsBorrow, Outcome, Session, Store},
        types::{Error, Found, Swap},
    },
    host::ComponentHost,
};
use super::convert;
use crate::{options, session};
use std::{cell::RefCell, rc::Rc};

struct Component;

/// A session that several handles may stand for: what one of them finds out or does, the others know.
#[derive(Clone)]
struct Shared(Rc<session::Session<ComponentHost>>);

impl Shared {
    fn handle(session: session::Session<ComponentHost>) -> Session {
        Session::new(Shared(Rc::new(session)))
    }
}

impl Guest for Component {
    type Options = RefCell<options::Options>;
    type Store = session::Store<ComponentHost>;
    type Session = Shared;
}

impl GuestStore for session::Store<ComponentHost> {
    fn open(options: OptionsBorrow<'_>) -> Result<Store, Error> {
        let options = options.get::<RefCell<options::Options>>().borrow();
        Ok(Store::new(session::Store::open(&options, ComponentHost)?))
    }

    fn start(&self) -> Session {
        Shared::handle(self.start())
    }

    fn attach(&self, id: String) -> Result<Session, Error> {
        Ok(Shared::handle(self.attach(&id)?))
    }

    fn from_cookie(&self, headers: Vec<Vec<u8>>) -> Session {
        Shared::handle(self.from_cookie(&headers))
    }

    async fn check(&self) -> Result<(), Error> {
        Ok(self.check().await?)
    }
}

impl GuestSession for Shared {
    fn id(&self) -> Option<String> {
        self.0.id()
    }

    fn log_id(&self) -> Option<String> {
        self.0.log_id()
    }

    async fn found(&self) -> Result<Found, Error> {
        Ok(self.0.found().await?.into())
    }

    fn response_headers(&self) -> Vec<(String, String)> {
        self.0.response_headers()
    }

    fn set_renewing(&self, on: bool) {
        self.0.set_renewing(on);
    }

    async fn get(&self, key: String) -> Result<Option<String>, Error> {
        Ok(self.0.get(&key).await?)
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<String>>, Error> {
        Ok(self.0.get_many(&keys).await?)
    }

    async fn contains(&self, key: String) -> Result<bool, Error> {
        Ok(self.0.contains(&key).await?)
    }

    async fn len(&self) -> Result<u32, Error> {
        Ok(self.0.len().await?)
    }

    async fn keys(&self) -> Result<Vec<String>, Error> {
        Ok(self.0.keys().await?)
    }

    async fn values(&self) -> Result<Vec<String>, Error> {
        Ok(self.0.values().await?)
    }

    async fn items(&self) -> Result<Vec<(String, String)>, Error> {
        Ok(self.0.items().await?)
    }

    async fn set(&self, key: String, json: String) -> Result<(), Error> {
        Ok(self.0.set(&key, &json).await?)
    }

    async fn update(&self, items: Vec<(String, String)>) -> Result<(), Error> {
        Ok(self.0.update(&items).await?)
    }

    async fn set_if_absent(&self, key: String, json: String) -> Result<bool, Error> {
        Ok(self.0.set_if_absent(&key, &json).await?)
    }

    async fn compare_and_set(
        &self,
        key: String,
        expected: Option<String>,
        json: Option<String>,
    ) -> Result<Swap, Error> {
        let swap = self.0.compare_and_set(&key, expected.as_deref(), json.as_deref()).await?;
        Ok(convert::swap(swap, &key)?)
    }

    async fn delete(&self, key: String) -> Result<bool, Error> {
        Ok(self.0.delete(&key).await?)
    }

    async fn pop(&self, key: String) -> Result<Option<String>, Error> {
        Ok(self.0.pop(&key).await?)
    }

    async fn increment(&self, key: String, by: i64) -> Result<i64, Error> {
        Ok(self.0.increment(&key, by).await?)
    }

    async fn increment_float(&self, key: String, by: f64) -> Result<f64, Error> {
        Ok(self.0.increment_float(&key, by).await?)
    }

    async fn apply(&self, operations: Vec<Operation>) -> Result<Vec<Outcome>, Error> {
        let steps = convert::steps(&operations)?;
        let outcomes = self.0.apply(&steps).await?;
        Ok(convert::outcomes(&operations, outcomes)?)
    }

    async fn get_bytes(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.get_bytes(&key).await?.map(Vec::from))
    }

    async fn set_bytes(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        Ok(self.0.set_bytes(&key, &value).await?)
    }

    async fn items_bytes(&self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error> {
        let items = self.0.items_bytes().await?.into_iter();
        Ok(items.map(|(name, value)| (name.into(), value.into())).collect())
    }

    async fn clear(&self) -> Result<(), Error> {
        Ok(self.0.clear().await?)
    }

    async fn destroy(&self) -> Result<(), Error> {
        Ok(self.0.destroy().await?)
    }

    async fn rotate(&self, writes: Vec<Operation>) -> Result<(), Error> {
        Ok(self.0.rotate(&convert::steps(&writes)?).await?)
    }

    fn restart(&self) -> Result<(), Error> {
        Ok(self.0.restart()?)
    }

    async fn touch(&self) -> Result<(), Error> {
        Ok(self.0.touch().await?)
    }

    async fn ttl(&self) -> Result<Option<u32>, Error> {
        Ok(self.0.ttl().await?)
    }

    async fn set_lifetime(&self, idle: Option<u32>, absolute: Option<u32>) -> Result<(), Error> {
        Ok(self.0.set_lifetime(idle, absolute).await?)
    }
}
