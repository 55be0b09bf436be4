//! What happens to a request between the host and the application.

use crate::bindings::drsession::session::request;
use crate::bindings::drsession::session::session_async::{Session, Store};
use crate::bindings::drsession::session::types::{Error, Found};
use crate::bindings::wasi::http::handler;
use crate::bindings::wasi::http::types::{ErrorCode, Request, Response};
use crate::environment::{Environment, SettingsError};
use crate::settings::{RedisDown, Settings};
use crate::{answer, forward, headers, log, settings};

/// The settings, and the sessions that they lead to.
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

    /// Hands the request on with its session, and puts on the response what the session has to say to the browser.
    pub(crate) async fn handle(&self, request: Request) -> Result<Response, ErrorCode> {
        let session = match self.session(&request).await {
            Ok(session) => session,
            Err(error) => {
                log::line(&format!("Redis is out of reach: {error:?}")).await;
                match self.settings.redis_down {
                    RedisDown::NoSession => None,
                    RedisDown::Unavailable | RedisDown::Application => return Ok(answer::unavailable()),
                }
            }
        };
        // Dropped however this ends, cancelled requests included: then the token means nothing any more.
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

    /// The session that the request's cookie names, or a new one; none where the request is to get none. The error says that
    /// Redis was asked, and is out of reach.
    async fn session(&self, request: &Request) -> Result<Option<Session>, Error> {
        let headers = request.get_headers();
        if !self.settings.changes_from.allows(&request.get_method(), &headers.get("sec-fetch-site")) {
            return Ok(None);
        }
        let session = self.store.from_cookie(&headers.get("cookie"));
        if self.settings.redis_down != RedisDown::Application {
            self.look(&session).await?;
        }
        Ok(Some(session))
    }

    /// Asks Redis before the application does: one round trip.
    async fn look(&self, session: &Session) -> Result<(), Error> {
        match session.found().await {
            // Nothing was asked, for there is nothing to ask for.
            Ok(Found::NoCookie) => self.store.check().await,
            // What has become of the session is for the application to hear.
            Ok(_) | Err(Error::Gone | Error::Rotated | Error::WrongType) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
