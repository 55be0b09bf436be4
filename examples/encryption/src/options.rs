//! The options, passed on.

use crate::bindings::drsession::session::session as inner;
use crate::bindings::drsession::session::types::SameSite;
use crate::bindings::exports::drsession::session::session::GuestOptions;

pub(crate) struct Options(pub(crate) inner::Options);

impl GuestOptions for Options {
    fn new(url: String) -> Self {
        Self(inner::Options::new(&url))
    }

    fn set_prefix(&self, prefix: String) {
        self.0.set_prefix(&prefix);
    }

    fn set_idle_lifetime(&self, seconds: Option<u32>) {
        self.0.set_idle_lifetime(seconds);
    }

    fn set_absolute_lifetime(&self, seconds: Option<u32>) {
        self.0.set_absolute_lifetime(seconds);
    }

    fn set_guard(&self, on: bool) {
        self.0.set_guard(on);
    }

    fn set_scripts(&self, on: bool) {
        self.0.set_scripts(on);
    }

    fn set_timeouts(&self, connect: u32, answer: u32) {
        self.0.set_timeouts(connect, answer);
    }

    fn set_replicas(&self, count: u32, timeout: u32) {
        self.0.set_replicas(count, timeout);
    }

    fn set_cookie_name(&self, name: String) {
        self.0.set_cookie_name(&name);
    }

    fn set_former_cookie_names(&self, names: Vec<String>) {
        self.0.set_former_cookie_names(&names);
    }

    fn set_cookie_path(&self, path: String) {
        self.0.set_cookie_path(&path);
    }

    fn set_cookie_domain(&self, domain: Option<String>) {
        self.0.set_cookie_domain(domain.as_deref());
    }

    fn set_cookie_secure(&self, on: bool) {
        self.0.set_cookie_secure(on);
    }

    fn set_cookie_same_site(&self, same_site: SameSite) {
        self.0.set_cookie_same_site(same_site);
    }

    fn set_cookie_partitioned(&self, on: bool) {
        self.0.set_cookie_partitioned(on);
    }

    fn set_cookie_persistent(&self, on: bool) {
        self.0.set_cookie_persistent(on);
    }
}
