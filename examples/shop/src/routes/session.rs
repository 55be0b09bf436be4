//! `GET /api/session`: what is known of the visitor. Never the id: scripts have no use for it.

use serde::Serialize;

use crate::http::{Request, Response};
use crate::problem::Problem;
use crate::session::Session;

#[derive(Serialize)]
struct Known {
    user: Option<String>,
    visits: i64,
    /// Null: the session never expires.
    seconds_left: Option<u32>,
}

pub(super) fn show(session: &Session, _: Request) -> Result<Response, Problem> {
    let known = Known {
        user: session.get("user")?,
        visits: session.get("visits")?.unwrap_or_default(),
        seconds_left: session.seconds_left()?,
    };
    Ok(Response::json(200, &known))
}
