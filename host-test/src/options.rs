//! The settings of a store, on the test's side.

use std::sync::Arc;

use wasmtime::component::ResourceAny;

use crate::{
    caller::{Caller, Guest},
    session::SameSite,
};

/// What a test asks of `store.open`. What it doesn't set stays as the component has it.
#[derive(Clone)]
pub struct Options {
    url: String,
    settings: Vec<Setting>,
}

/// Writes the settings of the contract's `options` resource down once: as a case of `Setting`, as a method that adds one
/// and as the call that makes it.
macro_rules! settings {
    ($($(#[$doc:meta])* $method:ident, $case:ident($($value:ident: $type:ty),+);)*) => {
        #[derive(Clone)]
        enum Setting {
            $($case { $($value: $type),+ },)*
        }

        impl Options {
            $(
                $(#[$doc])*
                pub fn $method(mut self, $($value: impl Into<$type>),+) -> Self {
                    self.settings.push(Setting::$case { $($value: $value.into()),+ });
                    self
                }
            )*

            /// Makes the guest's own resource of it, with every setting in the order of its methods' calls.
            pub(crate) async fn create_in(&self, guest: &Arc<Guest>) -> ResourceAny {
                let (options,) = guest.call("[constructor]options", (self.url.clone(),)).await;
                for setting in &self.settings {
                    match setting {
                        $(Setting::$case { $($value),+ } => {
                            let name = concat!("[method]options.set-", stringify!($method)).replace('_', "-");
                            guest.call(&name, (options, $($value.clone()),+)).await
                        })*
                    }
                }
                options
            }
        }
    };
}

impl Options {
    /// The default options for the Redis at this address.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), settings: Vec::new() }
    }

    /// Neither guard nor lifetimes: the layout and behaviour of the original drsession.
    pub fn original(self) -> Self {
        self.idle_lifetime(None).absolute_lifetime(None).guard(false)
    }
}

settings! {
    /// What stands before the id in the session's key.
    prefix, Prefix(prefix: String);
    /// Seconds without use; none: never.
    idle_lifetime, IdleLifetime(seconds: Option<u32>);
    /// Seconds from the first write; none: never.
    absolute_lifetime, AbsoluteLifetime(seconds: Option<u32>);
    /// Whether calls look if the session still lives.
    guard, Guard(on: bool);
    /// Whether Lua scripts may be used.
    scripts, Scripts(on: bool);
    /// Milliseconds for connecting and for each answer.
    timeouts, Timeouts(connect: u32, answer: u32);
    /// How many replicas writes wait for, and for how many milliseconds.
    replicas, Replicas(count: u32, timeout: u32);
    /// The cookie's name.
    cookie_name, CookieName(name: String);
    /// Names under which the cookie is still accepted.
    former_cookie_names, FormerCookieNames(names: Vec<String>);
    /// The cookie's `Path`.
    cookie_path, CookiePath(path: String);
    /// The cookie's `Domain`.
    cookie_domain, CookieDomain(domain: Option<String>);
    /// The cookie's `Secure`.
    cookie_secure, CookieSecure(on: bool);
    /// The cookie's `SameSite`.
    cookie_same_site, CookieSameSite(same_site: SameSite);
    /// The cookie's `Partitioned`.
    cookie_partitioned, CookiePartitioned(on: bool);
    /// Whether the browser keeps the cookie when it is closed.
    cookie_persistent, CookiePersistent(on: bool);
}
