//! What one test of the component needs.

use std::time::Duration;

use drsession_host::Sockets;
use tokio::{runtime, time::timeout};

use crate::{
    component::Flavour,
    instance::{Instance, any_address},
    options::Options,
    redis_client::RedisClient,
    redis_server::RedisServer,
    session::Store,
    tls::{self, Authority, ServerTls},
};

/// A test that takes longer hangs.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// A Redis, a flavour of the component, and the sockets that the test's instances share.
pub struct Bench {
    flavour: Flavour,
    server: RedisServer,
    url: String,
    sockets: Sockets,
}

impl Bench {
    /// Starts a plain Redis for a test of this flavour.
    pub fn start(flavour: Flavour) -> anyhow::Result<Self> {
        let server = RedisServer::start()?;
        Ok(Self { flavour, url: server.url(), server, sockets: any_address() })
    }

    /// The same over TLS, where both sides show a certificate.
    pub fn start_tls(flavour: Flavour) -> anyhow::Result<Self> {
        let authority = Authority::new();
        let client = authority.identity(&["application"]);
        let server = RedisServer::builder().tls(ServerTls::of(&authority).asking_clients(&authority)).start()?;
        let sockets = tls::sockets(&authority.settings(Some(&client)));
        Ok(Self { flavour, url: server.tls_url(), server, sockets })
    }

    /// The component under test.
    pub fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// The test's Redis.
    pub fn server(&self) -> &RedisServer {
        &self.server
    }

    /// The same, to be killed.
    pub fn server_mut(&mut self) -> &mut RedisServer {
        &mut self.server
    }

    /// A client that looks into the test's Redis.
    pub fn redis(&self) -> RedisClient {
        self.server.connection()
    }

    /// The sockets of all instances from [`instance`](Self::instance).
    pub fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// The address of the test's Redis.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The default options for the test's Redis.
    pub fn options(&self) -> Options {
        Options::new(&self.url)
    }

    /// A new instance. Connections that one of them leaves idle are the next one's.
    pub async fn instance(&self) -> Instance {
        Instance::builder(self.flavour).sockets(&self.sockets).start().await
    }

    /// A store with these options in a new instance. Fails the test where they are refused.
    pub async fn store(&self, options: &Options) -> Store {
        let store = self.instance().await.store(options).await;
        store.unwrap_or_else(|error| panic!("the store does not open: {error:?}"))
    }

    /// What the block returns, and how many round trips it took: how often instances of this bench wrote to a socket.
    pub async fn round_trips<T>(&self, block: impl Future<Output = T>) -> (T, u64) {
        let before = self.sockets.statistics().writes;
        let result = block.await;
        (result, self.sockets.statistics().writes - before)
    }
}

/// Runs a test of the conformance suite.
pub fn run<F: Future<Output = ()>>(flavour: Flavour, test: impl FnOnce(Bench) -> F) {
    let bench = Bench::start(flavour).unwrap_or_else(|error| panic!("{error:#}"));
    block_on(test(bench));
}

/// Runs one of them over TLS.
pub fn run_tls<F: Future<Output = ()>>(flavour: Flavour, test: impl FnOnce(Bench) -> F) {
    let bench = Bench::start_tls(flavour).unwrap_or_else(|error| panic!("{error:#}"));
    block_on(test(bench));
}

/// Runs a test that brings its own servers.
pub fn block_on(test: impl Future<Output = ()>) {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime
        .block_on(async { timeout(TIME_LIMIT, test).await })
        .unwrap_or_else(|_| panic!("not done within {TIME_LIMIT:?}"));
}
