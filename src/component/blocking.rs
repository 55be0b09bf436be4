//! The blocking flavour: every function of the contract is synchronous. The socket's functions block until they are
//! done, so every future is ready when it is first polled.

#[path = "both/convert.rs"]
mod convert;
mod host;
#[path = "both/options.rs"]
mod options_resource;
#[path = "both/socket.rs"]
mod socket;

mod bindings {
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
    bindings::{
        drsession::session::socket as imports,
        exports::drsession::session::{
            session as interface,
            types::{Error, Found, Swap},
        },
    },
    host::ComponentHost,
    interface::{Guest, GuestSession, GuestStore, Operation, OptionsBorrow, Outcome, Session, Store},
};
use crate::{options, session};
use std::cell::RefCell;

struct Component;

impl Guest for Component {
    type Options = RefCell<options::Options>;
    type Store = session::Store<ComponentHost>;
    type Session = Handle;
}

struct Handle(session::Session<ComponentHost>);

impl Handle {
    fn resource(session: session::Session<ComponentHost>) -> Session {
        Session::new(Handle(session))
    }
}

macro_rules! ready {
    ($future:expr) => {
        super::session::ready($future)
    };
}

resources!([] ready);
