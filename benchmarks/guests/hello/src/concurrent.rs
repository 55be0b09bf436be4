//! On `wasi:http` 0.3.

use wit_bindgen::spawn_local;

use super::{BODY, Hello};
use bindings::exports::wasi::http::handler::Guest;
use bindings::wasi::http::types::{ErrorCode, Fields, Request, Response};
use bindings::{wit_future, wit_stream};

mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated")]
    use super::Hello;

    wit_bindgen::generate!({
        path: ["../../../wit", "../../../middleware/wit/deps/http.wit", "../../../middleware/wit/deps/cli.wit", "wit"],
        world: "drsession:benchmark-hello/concurrent",
        generate_all,
    });

    export!(Hello with_types_in self);
}

impl Guest for Hello {
    async fn handle(_: Request) -> Result<Response, ErrorCode> {
        let headers = Fields::new();
        headers.append("content-type", b"text/plain").expect("a header that may be set");
        let (mut writer, contents) = wit_stream::new();
        let (_, trailers) = wit_future::new(|| Ok(None));
        let (response, _) = Response::new(headers, Some(contents), trailers);
        spawn_local(async move {
            // What comes back was not taken: the client has gone.
            drop(writer.write_all(BODY.to_vec()).await);
        });
        Ok(response)
    }
}
