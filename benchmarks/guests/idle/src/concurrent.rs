//! Calls that wait for the host, or don't.

use super::{Idle, VALUE};
use bindings::Guest;
use bindings::drsession::session::socket_async::wait;

mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated")]
    use super::Idle;

    wit_bindgen::generate!({
        path: ["../../../wit", "wit"],
        world: "drsession:benchmark-idle/concurrent",
        generate_all,
    });

    export!(Idle with_types_in self);
}

impl Guest for Idle {
    async fn pass(_: String) -> Option<String> {
        Some(VALUE.to_owned())
    }

    async fn suspend(_: String) -> Option<String> {
        wait(0).await;
        Some(VALUE.to_owned())
    }
}
