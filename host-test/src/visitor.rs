//! Somebody who visits an application by HTTP.

use std::{cell::RefCell, fmt, net::SocketAddr, time::Duration};

use serde_json::Value;
use ureq::{
    Agent, AsSendBody,
    http::{HeaderValue, Request, Response},
};

/// An answer that takes longer will not come.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Somebody with one cookie, as the application set it last.
pub struct Visitor {
    application: SocketAddr,
    agent: Agent,
    cookie: RefCell<Option<String>>,
}

impl Visitor {
    /// Somebody who has not been here before.
    pub fn new(application: SocketAddr) -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIME_LIMIT)).build();
        Self { application, agent: agent.new_agent(), cookie: RefCell::new(None) }
    }

    /// Another tab: it has the same cookie, until one of the two gets a new one.
    pub fn same_browser(&self) -> Self {
        Self { application: self.application, agent: self.agent.clone(), cookie: self.cookie.clone() }
    }

    /// The id in the cookie.
    pub fn id(&self) -> String {
        let cookie = self.cookie.borrow();
        let (_, id) = cookie.as_deref().and_then(|cookie| cookie.split_once('=')).expect("a cookie");
        id.to_owned()
    }

    /// GET.
    pub fn get(&self, path: &str) -> Reply {
        self.request("GET", path, &[], "")
    }

    /// POST.
    pub fn post(&self, path: &str, body: &str) -> Reply {
        self.request("POST", path, &[], body)
    }

    /// Any request, with the cookie.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.application));
        if let Some(cookie) = self.cookie.borrow().as_deref() {
            request = request.header("cookie", cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = if body.is_empty() {
            self.send(request.body(()).expect("a request"))
        } else {
            self.send(request.body(body).expect("a request"))
        };
        self.keep_cookie(&reply);
        reply
    }

    /// A request with these `Cookie` headers, whatever they hold, in place of the cookie, and with these other headers.
    pub fn request_with_cookies(
        &self,
        method: &str,
        path: &str,
        cookies: &[Vec<u8>],
        others: &[(String, Vec<u8>)],
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.application));
        for cookie in cookies {
            request = request.header("cookie", HeaderValue::from_bytes(cookie).expect("bytes that a header may hold"));
        }
        for (name, value) in others {
            request = request.header(name, HeaderValue::from_bytes(value).expect("bytes that a header may hold"));
        }
        self.send(request.body(()).expect("a request"))
    }

    fn send(&self, request: Request<impl AsSendBody>) -> Reply {
        Reply::new(self.agent.run(request).expect("an answer"))
    }

    fn keep_cookie(&self, reply: &Reply) {
        for header in reply.headers("set-cookie") {
            let cookie = header.split(';').next().unwrap_or_default().to_owned();
            *self.cookie.borrow_mut() = (!header.contains("Max-Age=0")).then_some(cookie);
        }
    }
}

impl fmt::Debug for Visitor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Visitor").field("application", &self.application).finish_non_exhaustive()
    }
}

/// What the application answered.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body, which has to be text.
    pub body: String,
    headers: Vec<(String, String)>,
}

impl Reply {
    fn new(mut response: Response<ureq::Body>) -> Self {
        let text = |value: &HeaderValue| value.to_str().expect("ASCII").to_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let body = response.body_mut().read_to_string().expect("a body of text");
        Self { status: response.status().as_u16(), body, headers }
    }

    /// The values of each header of this name.
    pub fn headers(&self, name: &str) -> Vec<String> {
        self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.clone()).collect()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }
}
