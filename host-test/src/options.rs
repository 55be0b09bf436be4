//! The settings of a store, on the test's side.

use wasmtime::component::ResourceAny;

use crate::{
    instance::{Guest, call},
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
    ($($(#[$doc:meta])* $method:ident, $call:ident, $case:ident($($value:ident: $type:ty => $argument:expr),+);)*) => {
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
            pub(crate) async fn create_in(&self, guest: &Guest) -> ResourceAny {
                let options = call!(guest, options.call_constructor(&self.url));
                for setting in &self.settings {
                    match setting {
                        $(Setting::$case { $($value),+ } => call!(guest, options.$call(options, $($argument),+)),)*
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
    prefix, call_set_prefix, Prefix(prefix: String => prefix);
    /// Seconds without use; none: never.
    idle_lifetime, call_set_idle_lifetime, IdleLifetime(seconds: Option<u32> => *seconds);
    /// Seconds from the first write; none: never.
    absolute_lifetime, call_set_absolute_lifetime, AbsoluteLifetime(seconds: Option<u32> => *seconds);
    /// Whether calls look if the session still lives.
    guard, call_set_guard, Guard(on: bool => *on);
    /// Whether Lua scripts may be used.
    scripts, call_set_scripts, Scripts(on: bool => *on);
    /// Milliseconds for connecting and for each answer.
    timeouts, call_set_timeouts, Timeouts(connect: u32 => *connect, answer: u32 => *answer);
    /// How many replicas writes wait for, and for how many milliseconds.
    replicas, call_set_replicas, Replicas(count: u32 => *count, timeout: u32 => *timeout);
    /// The cookie's name.
    cookie_name, call_set_cookie_name, CookieName(name: String => name);
    /// Names under which the cookie is still accepted.
    former_cookie_names, call_set_former_cookie_names, FormerCookieNames(names: Vec<String> => names);
    /// The cookie's `Path`.
    cookie_path, call_set_cookie_path, CookiePath(path: String => path);
    /// The cookie's `Domain`.
    cookie_domain, call_set_cookie_domain, CookieDomain(domain: Option<String> => domain.as_deref());
    /// The cookie's `Secure`.
    cookie_secure, call_set_cookie_secure, CookieSecure(on: bool => *on);
    /// The cookie's `SameSite`.
    cookie_same_site, call_set_cookie_same_site, CookieSameSite(same_site: SameSite => *same_site);
    /// The cookie's `Partitioned`.
    cookie_partitioned, call_set_cookie_partitioned, CookiePartitioned(on: bool => *on);
    /// Whether the browser keeps the cookie when it is closed.
    cookie_persistent, call_set_cookie_persistent, CookiePersistent(on: bool => *on);
}
