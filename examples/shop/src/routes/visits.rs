//! `POST /api/visits`: counts a visit. However many come at once, none is lost.

use serde_json::json;

use crate::http::{Request, Response};
use crate::problem::Problem;
use crate::session::Session;

pub(super) fn count(session: &Session, _: Request) -> Result<Response, Problem> {
    let visits = session.increment("visits", 1)?;
    Ok(Response::json(200, &json!({ "visits": visits })))
}
