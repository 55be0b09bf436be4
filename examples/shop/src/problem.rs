//! What goes wrong, as an answer of the JSON API: a status, a word for programs, and a sentence for people.

use serde_json::json;

use crate::bindings::drsession::session::types::Error as Refusal;
use crate::http::Response;
use crate::log;
use crate::session::Error;

/// An answer that is not what the client wanted.
#[derive(Debug)]
pub(crate) struct Problem {
    status: u16,
    error: &'static str,
    message: String,
    /// What only the operator should read.
    detail: Option<String>,
}

impl Problem {
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "bad-request", message)
    }

    pub(crate) fn foreign_origin() -> Self {
        Self::new(403, "foreign-origin", "This request comes from another site.")
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "not-found", "There is nothing here.")
    }

    pub(crate) fn wrong_method() -> Self {
        Self::new(405, "wrong-method", "This can't be done here; the header Allow says what can.")
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(413, "too-large", format!("The body is longer than {limit} bytes."))
    }

    fn new(status: u16, error: &'static str, message: impl Into<String>) -> Self {
        Self { status, error, message: message.into(), detail: None }
    }

    pub(crate) fn response(&self) -> Response {
        if let Some(detail) = &self.detail {
            log::line(&format!("{} {}: {detail}", self.status, self.error));
        }
        let response = Response::json(self.status, &json!({ "error": self.error, "message": self.message }));
        if self.status == 503 { response.header("retry-after", "1") } else { response }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let problem = match &error {
            Error::Session(Refusal::Gone) => {
                return Self::new(401, "gone", "This session has ended. Please sign in again.");
            }
            Error::Session(Refusal::Rotated) => {
                return Self::new(409, "rotated", "This session has just moved. Please try again.");
            }
            Error::Session(Refusal::Unavailable(_) | Refusal::Busy | Refusal::Denied(_)) => {
                Self::new(503, "unavailable", "Sessions are out of reach at the moment. Please try again.")
            }
            Error::Session(Refusal::OutcomeUnknown(_)) => {
                Self::new(502, "outcome-unknown", "The connection broke. It may have been done, or not: please look.")
            }
            _ => Self::new(500, "internal", "Something went wrong here."),
        };
        Self { detail: Some(error.to_string()), ..problem }
    }
}
