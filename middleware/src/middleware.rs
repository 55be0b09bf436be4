//! Handles one request between the host and the application.

use crate::bindings::drsession::session::request;
use crate::bindings::drsession::session::session_async::{Session, Store};
use crate::bindings::drsession::session::types::{Error, Found};
use crate::bindings::wasi::http::handler;
use crate::bindings::wasi::http::types::{ErrorCode, Request, Response};
use crate::environment::{Environment, SettingsError};
use crate::settings::{RedisDown, Settings};
use crate::{answer, forward, headers, log, settings};

/// The settings, and the store that was opened with them.
pub(crate) struct Middleware {
    settings: Settings,
    store: Store,
}

impl Middleware {
    pub(crate) fn open(environment: &Environment) -> Result<Self, SettingsError> {
        let settings = Settings::read(environment)?;
        let store = settings::open(environment, &settings)?;
        Ok(Self { settings, store })
    }

    /// Forwards the request with its session to the application, and adds the session's headers to the response.
    pub(crate) async fn handle(&self, request: Request) -> Result<Response, ErrorCode> {
        let session = match self.session(&request).await {
            Ok(session) => session,
            Err(error) => {
                log::line(&format!("session lookup failed: {error:?}")).await;
                match self.settings.redis_down {
                    RedisDown::NoSession => None,
                    RedisDown::Unavailable | RedisDown::Application => return Ok(answer::unavailable()),
                }
            }
        };
        // Dropping the entry ends the token. That happens on every way out, also when the host cancels the request.
        let entry = session.as_ref().map(request::enter);
        let token = entry.as_ref().map(request::Entry::token);
        let Some(request) = headers::for_application(&request, &self.settings, token.as_deref())
            .and_then(|headers| forward::request(request, headers))
        else {
            return Ok(answer::bad_request());
        };
        let response = handler::handle(request).await?;
        match session {
            Some(session) => forward::response(response, &session.response_headers()),
            None => Ok(response),
        }
    }

    /// Returns the session that the request's cookie names, or a new one. None if `ChangesFrom` allows this request no
    /// session. Fails only if the settings want the session looked up in advance, and the look-up failed.
    async fn session(&self, request: &Request) -> Result<Option<Session>, Error> {
        let headers = request.get_headers();
        if !self.settings.changes_from.allows(&request.get_method(), &headers.get("sec-fetch-site")) {
            return Ok(None);
        }
        let session = self.store.from_cookie(&headers.get("cookie"));
        if self.settings.redis_down != RedisDown::Application {
            self.look_up(&session).await?;
        }
        Ok(Some(session))
    }

    /// Asks Redis before the application is called. One round trip.
    async fn look_up(&self, session: &Session) -> Result<(), Error> {
        match session.found().await {
            // Without an id there was nothing to look up, so Redis was not asked.
            Ok(Found::NoCookie) => self.store.check().await,
            // Redis answered. If the session has ended, the application's own calls say so.
            Ok(_) | Err(Error::Gone | Error::Rotated | Error::WrongType) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
