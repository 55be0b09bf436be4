//! On `wasi:http` 0.2.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

use super::{BODY, Hello};

impl Guest for Hello {
    fn handle(_: IncomingRequest, out: ResponseOutparam) {
        let headers = Fields::new();
        headers.append("content-type", b"text/plain").expect("a header that may be set");
        let response = OutgoingResponse::new(headers);
        let body = response.body().expect("the body is taken once");
        ResponseOutparam::set(out, Ok(response));
        let stream = body.write().expect("the stream is taken once");
        stream.blocking_write_and_flush(BODY).expect("a client that waits");
        drop(stream);
        OutgoingBody::finish(body, None).expect("a body that was announced");
    }
}

#[allow(unsafe_code, reason = "generated")]
mod export {
    use super::Hello;

    wasip2::http::proxy::export!(Hello);
}
