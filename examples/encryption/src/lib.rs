//! Encrypts what an application keeps in its sessions: a component that imports `session` and exports `session`, put
//! between the two by composition.
//!
//! `cipher` knows how a value is encrypted, `session` which values there are, `store` and `options` pass on what they are told.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively, there are only the unit tests"))]

mod bindings;
mod cipher;
mod operations;
mod options;
mod session;
mod store;

struct Encryption;

impl bindings::exports::drsession::session::session::Guest for Encryption {
    type Options = options::Options;
    type Store = store::Store;
    type Session = session::Session;
}
