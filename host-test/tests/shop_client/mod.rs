//! A shop for one test, and those who visit it.

use std::{net::SocketAddr, sync::LazyLock};

use drsession_host::Sockets;
use host_test::{
    component::Flavour,
    http_server::{HttpComponent, HttpServer, Network},
    redis_server::RedisServer,
    visitor::Visitor,
};
use tokio::{net::TcpListener, runtime::Runtime};

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
            HttpServer::start(listener, COMPONENT.clone(), &variables, Network::Sockets(sockets))
        });
        Self { server: server.expect("a free port"), _runtime: runtime, redis }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Somebody who has not been here before.
    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::new(self.address())
    }
}
