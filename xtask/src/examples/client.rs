//! Somebody who sends requests, with the cookie that came last.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Response};

/// An answer that takes longer will not come.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A client of one application.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) application: SocketAddr,
    agent: Agent,
    /// As a `Cookie` header has it: name, `=`, value.
    pub(super) cookie: Option<String>,
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) set_cookies: Vec<String>,
    pub(super) body: String,
}

impl Client {
    pub(super) fn new(application: SocketAddr) -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIME_LIMIT)).build();
        Self { application, agent: agent.new_agent(), cookie: None }
    }

    pub(super) fn get(&mut self, path: &str) -> anyhow::Result<Reply> {
        let request = self.request("GET", path).body(())?;
        let response = self.agent.run(request)?;
        self.reply(response)
    }

    pub(super) fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Reply> {
        let request = self.request("POST", path).header("content-type", "application/json").body(body.to_string())?;
        let response = self.agent.run(request)?;
        self.reply(response)
    }

    /// The session's id, out of the cookie.
    pub(super) fn id(&self) -> anyhow::Result<&str> {
        let pair = self.cookie.as_deref().and_then(|cookie| cookie.split_once('='));
        Ok(pair.context("there is no cookie")?.1)
    }

    /// The session's key, under the prefix that is the default.
    pub(super) fn key(&self) -> anyhow::Result<String> {
        Ok(format!("drsession:{}", self.id()?))
    }

    fn request(&self, method: &str, path: &str) -> ureq::http::request::Builder {
        let request = Request::builder().method(method).uri(format!("http://{}{path}", self.application));
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    fn reply(&mut self, mut response: Response<ureq::Body>) -> anyhow::Result<Reply> {
        let mut set_cookies = Vec::new();
        for value in response.headers().get_all("set-cookie") {
            set_cookies.push(value.to_str()?.to_owned());
        }
        for cookie in &set_cookies {
            let pair = cookie.split(';').next().unwrap_or_default();
            // One that is removed comes without a value.
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        Ok(Reply { status: response.status().as_u16(), set_cookies, body: response.body_mut().read_to_string()? })
    }
}

impl Reply {
    /// The body's JSON, of a reply with this status.
    pub(super) fn json(&self, status: u16) -> anyhow::Result<Value> {
        ensure!(self.status == status, "status {}: {}", self.status, self.body);
        serde_json::from_str(&self.body).with_context(|| format!("the body is no JSON: {}", self.body))
    }
}
