//! `POST /api/login`: signs in. Under a new id, so that an id that somebody planted before is worth nothing afterwards.
//!
//! A real shop would look at a password first.

use serde::{Deserialize, Serialize};

use crate::http::{Request, Response};
use crate::problem::Problem;
use crate::session::Session;

/// How long a name may be, in characters.
const LONGEST_USER: usize = 64;

#[derive(Deserialize, Serialize)]
struct Login {
    user: String,
}

pub(super) fn login(session: &Session, request: Request) -> Result<Response, Problem> {
    let login: Login = request.json()?;
    let user = super::name("user", &login.user, LONGEST_USER)?;
    session.rotate_with("user", &user)?;
    Ok(Response::json(200, &Login { user: user.to_owned() }))
}
