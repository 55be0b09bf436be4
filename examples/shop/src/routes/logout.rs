//! `POST /api/logout`: ends the session, everywhere and for good.

use serde_json::json;

use crate::http::{Request, Response};
use crate::problem::Problem;
use crate::session::Session;

pub(super) fn logout(session: &Session, _: Request) -> Result<Response, Problem> {
    session.destroy()?;
    Ok(Response::json(200, &json!({ "user": null })))
}
