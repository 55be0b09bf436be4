//! A shop for one test, and those who visit it.

use std::{cell::RefCell, net::SocketAddr, sync::LazyLock};

use drsession_host::Sockets;
use host_test::{
    component::Flavour,
    http_server::{HttpComponent, HttpServer},
    redis_server::RedisServer,
};
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime};
use ureq::{Agent, http::Request};

/// The shop's component, compiled once a process.
static COMPONENT: LazyLock<HttpComponent> = LazyLock::new(|| {
    let path = Flavour::Blocking.path().with_file_name("shop.wasm");
    assert!(path.is_file(), "there is no {}: run `cargo xtask build`", path.display());
    HttpComponent::load(&path).expect("the shop can be served")
});

/// A running shop with a Redis of its own.
pub(crate) struct Shop {
    server: HttpServer,
    _runtime: Runtime,
    pub(crate) redis: RedisServer,
}

impl Shop {
    pub(crate) fn start() -> Self {
        Self::with_environment(&[])
    }

    pub(crate) fn with_environment(environment: &[(&str, &str)]) -> Self {
        Self::over(RedisServer::start().expect("a Redis"), environment)
    }

    /// With this Redis, whose address is `REDIS_URL` unless the environment says otherwise.
    pub(crate) fn over(redis: RedisServer, environment: &[(&str, &str)]) -> Self {
        let url = redis.url();
        let mut variables = environment.to_vec();
        variables.push(("REDIS_URL", &url));
        let sockets = Sockets::builder().allow_tcp("127.0.0.1", redis.port()).build();
        let runtime = Runtime::new().expect("a runtime");
        let server = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            HttpServer::start(listener, COMPONENT.clone(), &variables, sockets)
        });
        Self { server: server.expect("a free port"), _runtime: runtime, redis }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Somebody who has not been here before.
    pub(crate) fn visitor(&self) -> Visitor {
        let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
        Visitor { shop: self.address(), agent, cookie: RefCell::new(None) }
    }
}

/// Somebody with one cookie, as the shop set it last.
pub(crate) struct Visitor {
    shop: SocketAddr,
    agent: Agent,
    cookie: RefCell<Option<String>>,
}

impl Visitor {
    /// Another tab: it has the same cookie, until one of the two gets a new one.
    pub(crate) fn same_browser(&self) -> Self {
        Self { shop: self.shop, agent: self.agent.clone(), cookie: self.cookie.clone() }
    }

    /// The id in the cookie.
    pub(crate) fn id(&self) -> String {
        let cookie = self.cookie.borrow();
        let (_, id) = cookie.as_deref().and_then(|cookie| cookie.split_once('=')).expect("a cookie");
        id.to_owned()
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.request("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        self.request("POST", path, &[], body)
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.shop));
        if let Some(cookie) = self.cookie.borrow().as_deref() {
            request = request.header("cookie", cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = if body.is_empty() {
            self.agent.run(request.body(()).expect("a request"))
        } else {
            self.agent.run(request.body(body).expect("a request"))
        };
        let reply = Reply::new(response.expect("an answer"));
        self.keep_cookie(&reply);
        reply
    }

    fn keep_cookie(&self, reply: &Reply) {
        for header in reply.headers("set-cookie") {
            let cookie = header.split(';').next().unwrap_or_default().to_owned();
            *self.cookie.borrow_mut() = (!header.contains("Max-Age=0")).then_some(cookie);
        }
    }
}

/// What the shop answered.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: Vec<(String, String)>,
}

impl Reply {
    fn new(mut response: ureq::http::Response<ureq::Body>) -> Self {
        let text = |value: &ureq::http::HeaderValue| value.to_str().expect("ASCII").to_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let body = response.body_mut().read_to_string().expect("a body of text");
        Self { status: response.status().as_u16(), body, headers }
    }

    /// The values of each header of this name.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.clone()).collect()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }
}
