//! The blocking component: every function of the contract is a plain one. A socket's functions return when they are
//! done, so every future is ready when it is first polled.

mod host;

pub(super) mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)] // Generated.
    wit_bindgen::generate!({
        path: "wit",
        world: "drsession",
        generate_all,
        // There are no constructors to run.
        disable_run_ctors_once_workaround: true,
    });

    export!(Component with_types_in self);
    use super::Component;
}

use self::{
    bindings::exports::drsession::session::{
        session::{Guest, GuestSession, GuestStore, Operation, OptionsBorrow, Outcome, Session, Store},
        types::{Error, Found, Swap},
    },
    host::ComponentHost,
};
use super::convert;
use crate::{options, session};
use std::{
    cell::RefCell,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

struct Component;

impl Guest for Component {
    type Options = RefCell<options::Options>;
    type Store = session::Store<ComponentHost>;
    type Session = session::Session<ComponentHost>;
}

/// The result of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("a plain function of the socket returns when it is done"),
    }
}

impl GuestStore for session::Store<ComponentHost> {
    fn open(options: OptionsBorrow<'_>) -> Result<Store, Error> {
        let options = options.get::<RefCell<options::Options>>().borrow();
        Ok(Store::new(session::Store::open(&options, ComponentHost)?))
    }

    fn start(&self) -> Session {
        Session::new(self.start())
    }

    fn attach(&self, id: String) -> Result<Session, Error> {
        Ok(Session::new(self.attach(&id)?))
    }

    fn from_cookie(&self, headers: Vec<Vec<u8>>) -> Session {
        Session::new(self.from_cookie(&headers))
    }

    fn check(&self) -> Result<(), Error> {
        Ok(ready(self.check())?)
    }
}

impl GuestSession for session::Session<ComponentHost> {
    fn id(&self) -> Option<String> {
        self.id()
    }

    fn log_id(&self) -> Option<String> {
        self.log_id()
    }

    fn found(&self) -> Result<Found, Error> {
        Ok(ready(self.found())?.into())
    }

    fn response_headers(&self) -> Vec<(String, String)> {
        self.response_headers()
    }

    fn set_renewing(&self, on: bool) {
        self.set_renewing(on);
    }

    fn get(&self, key: String) -> Result<Option<String>, Error> {
        Ok(ready(self.get(&key))?)
    }

    fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<String>>, Error> {
        Ok(ready(self.get_many(&keys))?)
    }

    fn contains(&self, key: String) -> Result<bool, Error> {
        Ok(ready(self.contains(&key))?)
    }

    fn len(&self) -> Result<u32, Error> {
        Ok(ready(self.len())?)
    }

    fn keys(&self) -> Result<Vec<String>, Error> {
        Ok(ready(self.keys())?)
    }

    fn values(&self) -> Result<Vec<String>, Error> {
        Ok(ready(self.values())?)
    }

    fn items(&self) -> Result<Vec<(String, String)>, Error> {
        Ok(ready(self.items())?)
    }

    fn set(&self, key: String, json: String) -> Result<(), Error> {
        Ok(ready(self.set(&key, &json))?)
    }

    fn update(&self, items: Vec<(String, String)>) -> Result<(), Error> {
        Ok(ready(self.update(&items))?)
    }

    fn set_if_absent(&self, key: String, json: String) -> Result<bool, Error> {
        Ok(ready(self.set_if_absent(&key, &json))?)
    }

    fn compare_and_set(&self, key: String, expected: Option<String>, json: Option<String>) -> Result<Swap, Error> {
        let swap = ready(self.compare_and_set(&key, expected.as_deref(), json.as_deref()))?;
        Ok(convert::swap(swap, &key)?)
    }

    fn delete(&self, key: String) -> Result<bool, Error> {
        Ok(ready(self.delete(&key))?)
    }

    fn pop(&self, key: String) -> Result<Option<String>, Error> {
        Ok(ready(self.pop(&key))?)
    }

    fn increment(&self, key: String, by: i64) -> Result<i64, Error> {
        Ok(ready(self.increment(&key, by))?)
    }

    fn increment_float(&self, key: String, by: f64) -> Result<f64, Error> {
        Ok(ready(self.increment_float(&key, by))?)
    }

    fn apply(&self, operations: Vec<Operation>) -> Result<Vec<Outcome>, Error> {
        let steps = convert::steps(&operations)?;
        let outcomes = ready(self.apply(&steps))?;
        Ok(convert::outcomes(&operations, outcomes)?)
    }

    fn get_bytes(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(ready(self.get_bytes(&key))?.map(Vec::from))
    }

    fn set_bytes(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        Ok(ready(self.set_bytes(&key, &value))?)
    }

    fn items_bytes(&self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error> {
        let items = ready(self.items_bytes())?.into_iter();
        Ok(items.map(|(name, value)| (name.into(), value.into())).collect())
    }

    fn clear(&self) -> Result<(), Error> {
        Ok(ready(self.clear())?)
    }

    fn destroy(&self) -> Result<(), Error> {
        Ok(ready(self.destroy())?)
    }

    fn rotate(&self, writes: Vec<Operation>) -> Result<(), Error> {
        Ok(ready(self.rotate(&convert::steps(&writes)?))?)
    }

    fn restart(&self) -> Result<(), Error> {
        Ok(self.restart()?)
    }

    fn touch(&self) -> Result<(), Error> {
        Ok(ready(self.touch())?)
    }

    fn ttl(&self) -> Result<Option<u32>, Error> {
        Ok(ready(self.ttl())?)
    }

    fn set_lifetime(&self, idle: Option<u32>, absolute: Option<u32>) -> Result<(), Error> {
        Ok(ready(self.set_lifetime(idle, absolute))?)
    }
}
