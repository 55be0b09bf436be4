//! The contract's resource `options`. `store.open` checks the values.

use super::{bindings::exports::drsession::session::types::SameSite, interface::GuestOptions};
use crate::{options, redis::Wait};
use std::cell::RefCell;

impl GuestOptions for RefCell<options::Options> {
    fn new(url: String) -> Self {
        RefCell::new(options::Options::new(url))
    }

    fn set_prefix(&self, prefix: String) {
        self.borrow_mut().prefix = prefix;
    }

    fn set_idle_lifetime(&self, seconds: Option<u32>) {
        self.borrow_mut().idle_lifetime = seconds;
    }

    fn set_absolute_lifetime(&self, seconds: Option<u32>) {
        self.borrow_mut().absolute_lifetime = seconds;
    }

    fn set_guard(&self, on: bool) {
        self.borrow_mut().guard = on;
    }

    fn set_scripts(&self, on: bool) {
        self.borrow_mut().scripts = on;
    }

    fn set_timeouts(&self, connect: u32, answer: u32) {
        self.borrow_mut().timeouts = crate::redis::Timeouts { connect, answer };
    }

    fn set_replicas(&self, count: u32, timeout: u32) {
        self.borrow_mut().replicas = Wait { replicas: count, timeout };
    }

    fn set_cookie_name(&self, name: String) {
        self.borrow_mut().cookie.name = name;
    }

    fn set_former_cookie_names(&self, names: Vec<String>) {
        self.borrow_mut().cookie.former_names = names;
    }

    fn set_cookie_path(&self, path: String) {
        self.borrow_mut().cookie.path = path;
    }

    fn set_cookie_domain(&self, domain: Option<String>) {
        self.borrow_mut().cookie.domain = domain;
    }

    fn set_cookie_secure(&self, on: bool) {
        self.borrow_mut().cookie.secure = on;
    }

    fn set_cookie_same_site(&self, same_site: SameSite) {
        self.borrow_mut().cookie.same_site = same_site.into();
    }

    fn set_cookie_partitioned(&self, on: bool) {
        self.borrow_mut().cookie.partitioned = on;
    }

    fn set_cookie_persistent(&self, on: bool) {
        self.borrow_mut().cookie_persistent = on;
    }
}
