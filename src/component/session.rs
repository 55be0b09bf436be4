//! The functions of the resources `store` and `session`, for both flavours: they convert arguments and results, and call the core.

#[cfg(feature = "blocking")]
use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// For the blocking flavour: the result of a future that is ready when it is first polled. Inlined, so that the future is not moved.
#[cfg(feature = "blocking")]
#[inline(always)]
pub(super) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!(),
    }
}

/// Implements the resources. `[async]` or `[]` stands before each function that reaches the network, and the macro `$wait` yields the
/// result of its future.
macro_rules! resources {
    ([$($async:tt)?] $wait:ident) => {
        impl GuestStore for session::Store<ComponentHost> {
            fn open(options: OptionsBorrow<'_>) -> Result<Store, Error> {
                let options = options.get::<RefCell<options::Options>>().borrow();
                Ok(Store::new(session::Store::open(&options, ComponentHost)?))
            }

            fn start(&self) -> Session {
                Handle::resource(self.start())
            }

            fn attach(&self, id: String) -> Result<Session, Error> {
                Ok(Handle::resource(self.attach(&id)?))
            }

            fn from_cookie(&self, headers: Vec<Vec<u8>>) -> Session {
                Handle::resource(self.from_cookie(&headers))
            }

            $($async)? fn check(&self) -> Result<(), Error> {
                Ok($wait!(self.check())?)
            }
        }

        impl GuestSession for Handle {
            fn id(&self) -> Option<String> {
                self.0.id()
            }

            fn log_id(&self) -> Option<String> {
                self.0.log_id()
            }

            $($async)? fn found(&self) -> Result<Found, Error> {
                Ok($wait!(self.0.found())?.into())
            }

            fn response_headers(&self) -> Vec<(String, String)> {
                self.0.response_headers()
            }

            fn set_renewing(&self, on: bool) {
                self.0.set_renewing(on);
            }

            $($async)? fn get(&self, key: String) -> Result<Option<String>, Error> {
                Ok($wait!(self.0.get(&key))?)
            }

            $($async)? fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<String>>, Error> {
                Ok($wait!(self.0.get_many(&keys))?)
            }

            $($async)? fn contains(&self, key: String) -> Result<bool, Error> {
                Ok($wait!(self.0.contains(&key))?)
            }

            $($async)? fn len(&self) -> Result<u32, Error> {
                Ok($wait!(self.0.len())?)
            }

            $($async)? fn keys(&self) -> Result<Vec<String>, Error> {
                Ok($wait!(self.0.keys())?)
            }

            $($async)? fn values(&self) -> Result<Vec<String>, Error> {
                Ok($wait!(self.0.values())?)
            }

            $($async)? fn items(&self) -> Result<Vec<(String, String)>, Error> {
                Ok($wait!(self.0.items())?)
            }

            $($async)? fn set(&self, key: String, json: String) -> Result<(), Error> {
                Ok($wait!(self.0.set(&key, &json))?)
            }

            $($async)? fn update(&self, items: Vec<(String, String)>) -> Result<(), Error> {
                Ok($wait!(self.0.update(&items))?)
            }

            $($async)? fn set_if_absent(&self, key: String, json: String) -> Result<bool, Error> {
                Ok($wait!(self.0.set_if_absent(&key, &json))?)
            }

            $($async)? fn compare_and_set(
                &self,
                key: String,
                expected: Option<String>,
                json: Option<String>,
            ) -> Result<Swap, Error> {
                Ok($wait!(self.0.compare_and_set(&key, expected.as_deref(), json.as_deref()))?.into())
            }

            $($async)? fn delete(&self, key: String) -> Result<bool, Error> {
                Ok($wait!(self.0.delete(&key))?)
            }

            $($async)? fn pop(&self, key: String) -> Result<Option<String>, Error> {
                Ok($wait!(self.0.pop(&key))?)
            }

            $($async)? fn increment(&self, key: String, by: i64) -> Result<i64, Error> {
                Ok($wait!(self.0.increment(&key, by))?)
            }

            $($async)? fn increment_float(&self, key: String, by: f64) -> Result<f64, Error> {
                Ok($wait!(self.0.increment_float(&key, by))?)
            }

            $($async)? fn apply(&self, operations: Vec<Operation>) -> Result<Vec<Outcome>, Error> {
                let operations = convert::operations(&operations);
                Ok(convert::outcomes($wait!(self.0.apply(&operations))?))
            }

            $($async)? fn get_bytes(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
                Ok($wait!(self.0.get_bytes(&key))?)
            }

            $($async)? fn set_bytes(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
                Ok($wait!(self.0.set_bytes(&key, &value))?)
            }

            $($async)? fn items_bytes(&self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error> {
                Ok($wait!(self.0.items_bytes())?)
            }

            $($async)? fn clear(&self) -> Result<(), Error> {
                Ok($wait!(self.0.clear())?)
            }

            $($async)? fn destroy(&self) -> Result<(), Error> {
                Ok($wait!(self.0.destroy())?)
            }

            $($async)? fn rotate(&self, writes: Vec<Operation>) -> Result<(), Error> {
                let writes = convert::operations(&writes);
                Ok($wait!(self.0.rotate(&writes))?)
            }

            fn restart(&self) -> Result<(), Error> {
                Ok(self.0.restart()?)
            }

            $($async)? fn touch(&self) -> Result<(), Error> {
                Ok($wait!(self.0.touch())?)
            }

            $($async)? fn ttl(&self) -> Result<Option<u32>, Error> {
                Ok($wait!(self.0.ttl())?)
            }

            $($async)? fn set_lifetime(&self, idle: Option<u32>, absolute: Option<u32>) -> Result<(), Error> {
                Ok($wait!(self.0.set_lifetime(idle, absolute))?)
            }
        }
    };
}
