//! The servers, and what becomes of them meanwhile.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use rand::{RngExt as _, rngs::StdRng};
use tokio::task::block_in_place;

use crate::{
    faults::Faults,
    options::Options,
    proxy::{Behaviour, Proxy},
    redis_client::RedisClient,
    redis_server::RedisServer,
    scripted_server::ScriptedServer,
};

/// How long writes wait for the replica, in milliseconds.
const REPLICATION_LIMIT: u32 = 400;

/// Servers that keep what they have acknowledged, whatever becomes of them.
pub(super) trait Deployment: Send + Sized + 'static {
    const NAME: &'static str;
    /// What one piece of trouble is called.
    const TROUBLE: &'static str;
    /// Whether what was read can't be undone any more.
    const READS_ARE_FINAL: bool;

    /// Starts it; connections to it break as `faults` say.
    fn start(faults: &Faults) -> impl Future<Output = anyhow::Result<Self>> + Send;

    /// How to reach it.
    fn options(&self) -> Options;

    /// Lets something happen, and returns when all is well again.
    fn trouble(&mut self, random: &mut StdRng) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// A connection to the Redis that serves now.
    fn redis(&self) -> RedisClient;
}

/// One Redis that ends and starts again. It has every write on the disk before it acknowledges it.
pub(super) struct Restarting {
    server: RedisServer,
    proxy: Proxy,
}

impl Deployment for Restarting {
    const NAME: &'static str = "a Redis that is restarted";
    const TROUBLE: &'static str = "restarts";
    const READS_ARE_FINAL: bool = true;

    async fn start(faults: &Faults) -> anyhow::Result<Self> {
        let builder = RedisServer::builder().setting("appendonly yes").setting("appendfsync always");
        let server = block_in_place(|| builder.start())?;
        let proxy = Proxy::start(server.port(), Behaviour::Break(faults.clone())).await?;
        Ok(Self { server, proxy })
    }

    fn options(&self) -> Options {
        Options::new(self.proxy.url())
    }

    async fn trouble(&mut self, random: &mut StdRng) -> anyhow::Result<()> {
        block_in_place(|| {
            if random.random() {
                // The connection ends with the server, and so does this, with an error.
                let _ = self.server.connection().query::<()>(&[b"SHUTDOWN"]);
            }
            self.server.restart()
        })
    }

    fn redis(&self) -> RedisClient {
        self.server.connection()
    }
}

/// A primary and a replica that takes over, without sentinels of its own: who asks for the primary is told by this one.
pub(super) struct FailingOver {
    primary: Node,
    replica: Node,
    sentinel: ScriptedServer,
    /// Where the primary is to be reached.
    port: Arc<AtomicU16>,
    faults: Faults,
}

struct Node {
    server: RedisServer,
    proxy: Proxy,
}

impl Deployment for FailingOver {
    const NAME: &'static str = "a primary and its replica";
    const TROUBLE: &'static str = "fail-overs";
    const READS_ARE_FINAL: bool = false;

    async fn start(faults: &Faults) -> anyhow::Result<Self> {
        let [primary, replica] = [Node::start(faults).await?, Node::start(faults).await?];
        replica.follow(&primary);
        let port = Arc::new(AtomicU16::new(primary.proxy.port()));
        let named = port.clone();
        let sentinel = ScriptedServer::start(move |_| {
            let port = named.load(Ordering::SeqCst).to_string();
            format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{port}\r\n", port.len()).into_bytes()
        });
        let deployment = Self { primary, replica, sentinel: sentinel.await?, port, faults: faults.clone() };
        deployment.await_replica()?;
        Ok(deployment)
    }

    fn options(&self) -> Options {
        Options::new(format!("{}?sentinel=sessions", self.sentinel.url())).replicas(1_u32, REPLICATION_LIMIT)
    }

    async fn trouble(&mut self, random: &mut StdRng) -> anyhow::Result<()> {
        // Whatever a replica does not have would be lost.
        self.await_replica()?;
        if random.random() { self.crash().await } else { self.change_places().await }
    }

    fn redis(&self) -> RedisClient {
        self.primary.server.connection()
    }
}

impl FailingOver {
    /// The primary is killed, and a new replica comes in the place of the one that takes over.
    async fn crash(&mut self) -> anyhow::Result<()> {
        block_in_place(|| self.primary.server.kill());
        self.promote();
        let newcomer = Node::start(&self.faults).await?;
        newcomer.follow(&self.replica);
        self.primary = mem::replace(&mut self.replica, newcomer);
        self.await_replica()
    }

    /// The primary and the replica change places. Nobody reaches the primary any more before the other one takes over: what is
    /// written to both is lost on one of them.
    async fn change_places(&mut self) -> anyhow::Result<()> {
        self.primary.proxy = Proxy::start(self.primary.server.port(), Behaviour::Break(self.faults.clone())).await?;
        self.await_replica()?;
        self.promote();
        self.primary.follow(&self.replica);
        mem::swap(&mut self.primary, &mut self.replica);
        self.await_replica()
    }

    fn promote(&self) {
        block_in_place(|| self.replica.server.connection().command::<()>("REPLICAOF NO ONE"));
        self.port.store(self.replica.proxy.port(), Ordering::SeqCst);
    }

    fn await_replica(&self) -> anyhow::Result<()> {
        block_in_place(|| self.primary.server.connection().await_replicas(1))
    }
}

impl Node {
    async fn start(faults: &Faults) -> anyhow::Result<Self> {
        let server = block_in_place(|| RedisServer::builder().setting("repl-diskless-sync-delay 0").start())?;
        let proxy = Proxy::start(server.port(), Behaviour::Break(faults.clone())).await?;
        Ok(Self { server, proxy })
    }

    /// Makes it the other one's replica.
    fn follow(&self, primary: &Self) {
        let port = primary.server.port();
        block_in_place(|| self.server.connection().command::<()>(&format!("REPLICAOF 127.0.0.1 {port}")));
    }
}
