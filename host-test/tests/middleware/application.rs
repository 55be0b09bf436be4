//! An application on wasi:http 0.3, composed by wac and served by wasmtime.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use host_test::{
    component::Flavour,
    redis_server::RedisServer,
    served::{Served, program},
    visitor::Visitor,
};

/// The session component with a socket of its own.
const SESSIONS: &str = "drsession-async-wasi.wasm";

/// A running application with a Redis of its own. Dropped, it ends.
pub(crate) struct Application {
    served: Served,
    pub(crate) redis: RedisServer,
}

/// How an application shall be served.
#[derive(Default)]
pub(crate) struct Way<'a> {
    /// Settings of the middleware.
    pub(crate) settings: &'a [(&'a str, &'a str)],
    /// Flags of `wasmtime serve`.
    pub(crate) flags: &'a [&'a str],
}

impl Application {
    /// This component, behind the middleware.
    pub(crate) fn behind(component: &str, way: Way<'_>) -> Self {
        Self::behind_over(RedisServer::start().expect("a Redis"), component, way)
    }

    /// The same with this Redis.
    pub(crate) fn behind_over(redis: RedisServer, component: &str, way: Way<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let whole = folder.path().join("whole.wasm");
        let mut compose = program("wac");
        compose.args(["compose", "middleware/compose.wac"]);
        let parts = [
            ("drsession:async", SESSIONS),
            ("drsession:middleware", "drsession-middleware.wasm"),
            ("example:application", component),
        ];
        for (package, file) in parts {
            compose.arg("-d").arg(format!("{package}={}", built(file).display()));
        }
        run(compose.arg("-o").arg(&whole));
        Self::serve(redis, &whole, "DRSESSION_REDIS_URL", way)
    }

    /// This component, which needs no middleware.
    pub(crate) fn alone(component: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let whole = folder.path().join("whole.wasm");
        run(program("wac").arg("plug").arg(built(component)).arg("--plug").arg(built(SESSIONS)).arg("-o").arg(&whole));
        Self::serve(RedisServer::start().expect("a Redis"), &whole, "REDIS_URL", Way::default())
    }

    /// The Redis is the one that this variable names, unless the settings name another.
    fn serve(redis: RedisServer, whole: &Path, url: &str, way: Way<'_>) -> Self {
        let mut serve = program("wasmtime");
        serve.args(["serve", "-S", "cli", "-S", "inherit-network", "--addr", "127.0.0.1:0"]).args(way.flags);
        // Of a variable that is given twice, the first one counts.
        for (name, value) in way.settings.iter().chain(&[(url, redis.url().as_str())]) {
            serve.arg("--env").arg(format!("{name}={value}"));
        }
        Self { served: Served::start(serve.arg(whole)), redis }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.served.address()
    }

    /// Ends it, and returns all that it has printed.
    pub(crate) fn end(self) -> String {
        self.served.end()
    }

    /// Somebody who has not been here before.
    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::new(self.address())
    }
}

fn built(file: &str) -> PathBuf {
    let path = Flavour::Blocking.path().with_file_name(file);
    assert!(path.is_file(), "there is no {}: `cargo xtask test` makes it", path.display());
    path
}

fn run(command: &mut Command) {
    let status = command.status().expect("the program can be started");
    assert!(status.success(), "{command:?}: {status}");
}
