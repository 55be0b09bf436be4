//! The contract's `store` and `session` as tests call them: one method for each of its functions.

use std::sync::Arc;

use wasmtime::component::ResourceAny;

pub use crate::bindings::drsession::session::types::{Error, Found, Operation, Outcome, SameSite, Swap};
use crate::caller::{Caller, Concurrent, Guest};

/// Writes methods that hand their arguments on to the guest's function of the same name.
macro_rules! methods {
    ($resource:ident { $($method:ident($($argument:ident: $type:ty),*) -> $result:ty;)* }) => {
        $(
            #[doc = concat!("`", stringify!($resource), ".", stringify!($method), "` of the contract.")]
            pub async fn $method(&self, $($argument: $type),*) -> $result {
                let name = format!("[method]{}.{}", stringify!($resource), stringify!($method).replace('_', "-"));
                let (result,) = self.caller.call(&name, (self.resource, $($argument.to_owned()),*)).await;
                result
            }
        )*
    };
}

/// A store of one instance.
pub struct Store<C = Arc<Guest>> {
    caller: C,
    resource: ResourceAny,
}

impl Store {
    /// Drops it as a guest's own code would. A `Store` that just goes out of scope is left to the instance's end.
    pub async fn close(self) {
        self.caller.drop_resource(self.resource).await;
    }
}

impl<C: Caller> Store<C> {
    pub(crate) fn new(caller: C, resource: ResourceAny) -> Self {
        Self { caller, resource }
    }

    /// The same store, for calls that wait side by side.
    pub fn concurrent<'a>(&self, calls: Concurrent<'a>) -> Store<Concurrent<'a>> {
        Store { caller: calls, resource: self.resource }
    }

    /// `store.start` of the contract.
    pub async fn start(&self) -> Session<C> {
        let (session,) = self.caller.call("[method]store.start", (self.resource,)).await;
        self.session(session)
    }

    /// `store.attach` of the contract.
    pub async fn attach(&self, id: &str) -> Result<Session<C>, Error> {
        let (session,): (Result<_, Error>,) =
            self.caller.call("[method]store.attach", (self.resource, id.to_owned())).await;
        Ok(self.session(session?))
    }

    /// `store.from-cookie` of the contract, with the `Cookie` headers of a request.
    pub async fn from_cookie(&self, headers: &[impl AsRef<[u8]>]) -> Session<C> {
        let headers: Vec<_> = headers.iter().map(|header| header.as_ref().to_vec()).collect();
        let (session,) = self.caller.call("[method]store.from-cookie", (self.resource, headers)).await;
        self.session(session)
    }

    methods! {
        store {
            check() -> Result<(), Error>;
        }
    }

    fn session(&self, resource: ResourceAny) -> Session<C> {
        Session { caller: self.caller.clone(), resource }
    }
}

/// A handle on one session.
pub struct Session<C = Arc<Guest>> {
    caller: C,
    resource: ResourceAny,
}

impl Session {
    /// Drops it as a guest's own code would. A `Session` that just goes out of scope is left to the instance's end.
    pub async fn close(self) {
        self.caller.drop_resource(self.resource).await;
    }
}

#[allow(clippy::len_without_is_empty, reason = "the contract has none")]
impl<C: Caller> Session<C> {
    /// What is left to be dropped where only its instance can do that.
    pub(crate) fn into_resource(self) -> ResourceAny {
        self.resource
    }

    /// The same handle, for calls that wait side by side.
    pub fn concurrent<'a>(&self, calls: Concurrent<'a>) -> Session<Concurrent<'a>> {
        Session { caller: calls, resource: self.resource }
    }

    methods! {
        session {
            id() -> Option<String>;
            log_id() -> Option<String>;
            found() -> Result<Found, Error>;
            response_headers() -> Vec<(String, String)>;
            get(key: &str) -> Result<Option<String>, Error>;
            contains(key: &str) -> Result<bool, Error>;
            len() -> Result<u32, Error>;
            keys() -> Result<Vec<String>, Error>;
            values() -> Result<Vec<String>, Error>;
            items() -> Result<Vec<(String, String)>, Error>;
            set(key: &str, json: &str) -> Result<(), Error>;
            set_if_absent(key: &str, json: &str) -> Result<bool, Error>;
            delete(key: &str) -> Result<bool, Error>;
            pop(key: &str) -> Result<Option<String>, Error>;
            increment(key: &str, by: i64) -> Result<i64, Error>;
            increment_float(key: &str, by: f64) -> Result<f64, Error>;
            apply(operations: &[Operation]) -> Result<Vec<Outcome>, Error>;
            get_bytes(key: &str) -> Result<Option<Vec<u8>>, Error>;
            set_bytes(key: &str, value: &[u8]) -> Result<(), Error>;
            items_bytes() -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error>;
            clear() -> Result<(), Error>;
            destroy() -> Result<(), Error>;
            rotate(writes: &[Operation]) -> Result<(), Error>;
            restart() -> Result<(), Error>;
            touch() -> Result<(), Error>;
            ttl() -> Result<Option<u32>, Error>;
            set_lifetime(idle: Option<u32>, absolute: Option<u32>) -> Result<(), Error>;
        }
    }

    /// `session.set-renewing` of the contract.
    pub async fn set_renewing(&self, on: bool) {
        self.caller.call("[method]session.set-renewing", (self.resource, on)).await
    }

    /// `session.compare-and-set` of the contract.
    pub async fn compare_and_set(&self, key: &str, expected: Option<&str>, json: Option<&str>) -> Result<Swap, Error> {
        let [expected, json] = [expected, json].map(|text| text.map(str::to_owned));
        let parameters = (self.resource, key.to_owned(), expected, json);
        let (result,) = self.caller.call("[method]session.compare-and-set", parameters).await;
        result
    }

    /// `session.get-many` of the contract.
    pub async fn get_many(&self, keys: &[impl AsRef<str>]) -> Result<Vec<Option<String>>, Error> {
        let keys: Vec<_> = keys.iter().map(|key| key.as_ref().to_owned()).collect();
        let (result,) = self.caller.call("[method]session.get-many", (self.resource, keys)).await;
        result
    }

    /// `session.update` of the contract.
    pub async fn update(&self, items: &[(impl AsRef<str>, impl AsRef<str>)]) -> Result<(), Error> {
        let items: Vec<_> =
            items.iter().map(|(key, json)| (key.as_ref().to_owned(), json.as_ref().to_owned())).collect();
        let (result,) = self.caller.call("[method]session.update", (self.resource, items)).await;
        result
    }

    /// The id of a session that is sure to have one.
    pub async fn known_id(&self) -> String {
        self.id().await.expect("a session whose id is known")
    }
}
