//! The contract's `store` and `session` as tests call them: one method for each of its functions.

use std::sync::Arc;

use wasmtime::component::ResourceAny;

pub use crate::bindings::exports::drsession::session::types::{Error, Found, Operation, Outcome, SameSite, Swap};
use crate::instance::{Guest, call};

/// Writes methods that hand their arguments on to the guest as they are.
macro_rules! methods {
    ($resource:ident { $($method:ident = $call:ident($($argument:ident: $type:ty),*) -> $result:ty;)* }) => {
        $(
            #[doc = concat!("`", stringify!($resource), ".", stringify!($method), "` of the contract.")]
            pub async fn $method(&self, $($argument: $type),*) -> $result {
                call!(self.guest, $resource.$call(self.resource, $($argument),*))
            }
        )*
    };
}

/// A store of one instance.
pub struct Store {
    guest: Arc<Guest>,
    resource: ResourceAny,
}

impl Store {
    pub(crate) fn new(guest: Arc<Guest>, resource: ResourceAny) -> Self {
        Self { guest, resource }
    }

    /// `store.start` of the contract.
    pub async fn start(&self) -> Session {
        self.session(call!(self.guest, store.call_start(self.resource)))
    }

    /// `store.attach` of the contract.
    pub async fn attach(&self, id: &str) -> Result<Session, Error> {
        let session = call!(self.guest, store.call_attach(self.resource, id))?;
        Ok(self.session(session))
    }

    /// `store.from-cookie` of the contract, with the `Cookie` headers of a request.
    pub async fn from_cookie(&self, headers: &[impl AsRef<[u8]>]) -> Session {
        let headers: Vec<_> = headers.iter().map(|header| header.as_ref().to_vec()).collect();
        self.session(call!(self.guest, store.call_from_cookie(self.resource, &headers)))
    }

    methods! {
        store {
            check = call_check() -> Result<(), Error>;
        }
    }

    /// Drops it as a guest's own code would. A `Store` that just goes out of scope is left to the instance's end.
    pub async fn close(self) {
        self.guest.drop_resource(self.resource).await;
    }

    fn session(&self, resource: ResourceAny) -> Session {
        Session { guest: Arc::clone(&self.guest), resource }
    }
}

/// A handle on one session.
pub struct Session {
    guest: Arc<Guest>,
    resource: ResourceAny,
}

#[allow(clippy::len_without_is_empty, reason = "the contract has none")]
impl Session {
    methods! {
        session {
            id = call_id() -> Option<String>;
            log_id = call_log_id() -> Option<String>;
            found = call_found() -> Result<Found, Error>;
            response_headers = call_response_headers() -> Vec<(String, String)>;
            set_renewing = call_set_renewing(on: bool) -> ();
            get = call_get(key: &str) -> Result<Option<String>, Error>;
            contains = call_contains(key: &str) -> Result<bool, Error>;
            len = call_len() -> Result<u32, Error>;
            keys = call_keys() -> Result<Vec<String>, Error>;
            values = call_values() -> Result<Vec<String>, Error>;
            items = call_items() -> Result<Vec<(String, String)>, Error>;
            set = call_set(key: &str, json: &str) -> Result<(), Error>;
            set_if_absent = call_set_if_absent(key: &str, json: &str) -> Result<bool, Error>;
            compare_and_set = call_compare_and_set(key: &str, expected: Option<&str>, json: Option<&str>) -> Result<Swap, Error>;
            delete = call_delete(key: &str) -> Result<bool, Error>;
            pop = call_pop(key: &str) -> Result<Option<String>, Error>;
            increment = call_increment(key: &str, by: i64) -> Result<i64, Error>;
            increment_float = call_increment_float(key: &str, by: f64) -> Result<f64, Error>;
            apply = call_apply(operations: &[Operation]) -> Result<Vec<Outcome>, Error>;
            get_bytes = call_get_bytes(key: &str) -> Result<Option<Vec<u8>>, Error>;
            set_bytes = call_set_bytes(key: &str, value: &[u8]) -> Result<(), Error>;
            items_bytes = call_items_bytes() -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error>;
            clear = call_clear() -> Result<(), Error>;
            destroy = call_destroy() -> Result<(), Error>;
            rotate = call_rotate(writes: &[Operation]) -> Result<(), Error>;
            restart = call_restart() -> Result<(), Error>;
            touch = call_touch() -> Result<(), Error>;
            ttl = call_ttl() -> Result<Option<u32>, Error>;
            set_lifetime = call_set_lifetime(idle: Option<u32>, absolute: Option<u32>) -> Result<(), Error>;
        }
    }

    /// `session.get-many` of the contract.
    pub async fn get_many(&self, keys: &[impl AsRef<str>]) -> Result<Vec<Option<String>>, Error> {
        let keys: Vec<_> = keys.iter().map(|key| key.as_ref().to_owned()).collect();
        call!(self.guest, session.call_get_many(self.resource, &keys))
    }

    /// `session.update` of the contract.
    pub async fn update(&self, items: &[(impl AsRef<str>, impl AsRef<str>)]) -> Result<(), Error> {
        let items: Vec<_> =
            items.iter().map(|(key, json)| (key.as_ref().to_owned(), json.as_ref().to_owned())).collect();
        call!(self.guest, session.call_update(self.resource, &items))
    }

    /// The id of a session that is sure to have one.
    pub async fn known_id(&self) -> String {
        self.id().await.expect("a session whose id is known")
    }

    /// Drops it as a guest's own code would. A `Session` that just goes out of scope is left to the instance's end.
    pub async fn close(self) {
        self.guest.drop_resource(self.resource).await;
    }
}
