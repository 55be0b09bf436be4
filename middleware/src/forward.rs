//! Forwards requests and responses with changed headers. Bodies and trailers are passed on as streams: their bytes
//! never enter this component.

use crate::bindings::wasi::http::types::{ErrorCode, Headers, Request, Response};
use crate::bindings::wit_future;
use crate::headers;
use wit_bindgen::{FutureReader, FutureWriter, spawn_local};

/// Returns the request with these headers, or none if the host rejects a part of what the client sent.
pub(crate) fn request(request: Request, headers: Headers) -> Option<Request> {
    let method = request.get_method();
    let path = request.get_path_with_query();
    let scheme = request.get_scheme();
    let authority = request.get_authority();
    let options = request.get_options().map(|options| options.clone());

    let (outcome, result) = wit_future::new(|| Ok(()));
    let (body, trailers) = Request::consume_body(request, result);
    let (request, sent) = Request::new(headers, Some(body), trailers, options);
    relay(sent, outcome);

    let made = request
        .set_method(&method)
        .and_then(|()| request.set_path_with_query(path.as_deref()))
        .and_then(|()| request.set_scheme(scheme.as_ref()))
        .and_then(|()| request.set_authority(authority.as_deref()));
    made.ok().map(|()| request)
}

/// Returns the response with the session's headers added.
pub(crate) fn response(response: Response, session: &[(String, String)]) -> Result<Response, ErrorCode> {
    if session.is_empty() {
        return Ok(response);
    }
    let headers = headers::with_session(response.get_headers(), session)
        .map_err(|_| ErrorCode::HttpResponseHeaderSectionSize(None))?;
    let status = response.get_status_code();

    let (outcome, result) = wit_future::new(|| Ok(()));
    let (body, trailers) = Response::consume_body(response, result);
    let (response, sent) = Response::new(headers, Some(body), trailers);
    relay(sent, outcome);

    response.set_status_code(status).map_err(|()| ErrorCode::HttpProtocolError)?;
    Ok(response)
}

/// Reports to the sender of a body whether its receiver got it.
fn relay(sent: FutureReader<Result<(), ErrorCode>>, outcome: FutureWriter<Result<(), ErrorCode>>) {
    spawn_local(async move {
        // Fails if the sender has dropped its end.
        let _ = outcome.write(sent.await).await;
    });
}
