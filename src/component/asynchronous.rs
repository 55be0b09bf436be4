//! The async flavour: one instance runs many calls at a time, each as a task, over a shared connection.

#[path = "both/convert.rs"]
mod convert;
mod host;
#[path = "both/options.rs"]
mod options_resource;
mod request;
#[path = "both/socket.rs"]
mod socket;

mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)] // Generated.
    wit_bindgen::generate!({
        path: "wit",
        world: "drsession-async",
        generate_all,
        // There are no constructors to run.
        disable_run_ctors_once_workaround: true,
    });

    export!(Component with_types_in self);
    use super::Component;
}

use self::{
    bindings::{
        drsession::session::socket_async as imports,
        exports::drsession::session::{
            session_async as interface,
            types::{Error, Found, Swap},
        },
    },
    host::ComponentHost,
    interface::{Guest, GuestSession, GuestStore, Operation, OptionsBorrow, Outcome, Session, Store},
};
use crate::{options, session};
use std::{cell::RefCell, rc::Rc};

struct Component;

impl Guest for Component {
    type Options = RefCell<options::Options>;
    type Store = session::Store<ComponentHost>;
    type Session = Handle;
}

/// A session. Several resources may share it: what a call on one learns holds for all.
#[derive(Clone)]
struct Handle(Rc<session::Session<ComponentHost>>);

impl Handle {
    fn resource(session: session::Session<ComponentHost>) -> Session {
        Session::new(Handle(Rc::new(session)))
    }
}

macro_rules! wait {
    ($future:expr) => {
        $future.await
    };
}

resources!([async] wait);
