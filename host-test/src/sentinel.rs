//! A real primary with two replicas, which three sentinels watch, for one test; gone when dropped.

use std::fmt;

use anyhow::Context as _;

use crate::{
    redis_client::RedisClient,
    redis_server::{RedisServer, RedisServerBuilder},
    waiting::wait_until,
};

/// The name that the sentinels know the primary by.
pub const NAME: &str = "sessions";

const REPLICAS: usize = 2;
const SENTINELS: usize = 3;
/// How many sentinels have to find a primary gone.
const QUORUM: usize = 2;
/// Milliseconds of silence until a server is taken for gone, where one is.
const SHORT_TIMEOUT: u32 = 1_000;
/// The same where none is gone: one that a busy machine holds up is not replaced then.
const LONG_TIMEOUT: u32 = 30_000;

/// A running primary, its replicas and their sentinels.
pub struct Sentinels {
    /// Those that were not killed.
    servers: Vec<RedisServer>,
    sentinels: Vec<RedisServer>,
}

impl Sentinels {
    /// Starts all of them, and returns once the sentinels know of each other and of the replicas.
    pub fn start() -> anyhow::Result<Self> {
        let mut servers = vec![server().start()?];
        let port = servers[0].port();
        for _ in 0..REPLICAS {
            servers.push(server().setting(&format!("replicaof 127.0.0.1 {port}")).start()?);
        }
        servers[0].connection().await_replicas(REPLICAS)?;
        let sentinels = (0..SENTINELS).map(|_| sentinel(port)).collect::<anyhow::Result<_>>()?;
        let sentinels = Self { servers, sentinels };
        for sentinel in &sentinels.sentinels {
            let mut redis = sentinel.connection();
            wait_until("sentinels that know each other", || {
                let counts: Vec<usize> = ["REPLICAS", "SENTINELS"]
                    .map(|list| redis.command::<Vec<redis::Value>>(&format!("SENTINEL {list} {NAME}")).len())
                    .into();
                counts == [REPLICAS, SENTINELS - 1]
            })?;
        }
        Ok(sentinels)
    }

    /// The address of the primary by its name, with all sentinels.
    pub fn url(&self) -> String {
        let sentinels: Vec<_> = self.ports().iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("redis://{}?sentinel={NAME}", sentinels.join(","))
    }

    /// The sentinels' ports.
    pub fn ports(&self) -> Vec<u16> {
        self.sentinels.iter().map(RedisServer::port).collect()
    }

    /// A connection to the primary and to each replica.
    pub fn connections(&self) -> impl Iterator<Item = RedisClient> {
        self.servers.iter().map(RedisServer::connection)
    }

    /// A connection to the primary.
    pub fn primary(&self) -> anyhow::Result<RedisClient> {
        Ok(self.servers[self.index()?].connection())
    }

    fn index(&self) -> anyhow::Result<usize> {
        let is_primary = |server: &RedisServer| server.connection().replication().is_some();
        self.servers.iter().position(is_primary).context("no primary")
    }

    /// Kills the primary, as a crash would. The sentinels notice before long.
    pub fn kill_primary(&mut self) -> anyhow::Result<()> {
        let primary = self.index()?;
        for sentinel in &self.sentinels {
            let setting = format!("SENTINEL SET {NAME} down-after-milliseconds {SHORT_TIMEOUT}");
            let () = sentinel.connection().command(&setting);
        }
        drop(self.servers.remove(primary));
        Ok(())
    }

    /// Waits until all replicas have what was written until now.
    pub fn await_replication(&self) -> anyhow::Result<()> {
        self.primary()?.await_replicas(self.servers.len() - 1)
    }
}

impl fmt::Debug for Sentinels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sentinels").field("ports", &self.ports()).finish_non_exhaustive()
    }
}

fn server() -> RedisServerBuilder {
    RedisServer::builder().setting("repl-diskless-sync-delay 0")
}

fn sentinel(port: u16) -> anyhow::Result<RedisServer> {
    RedisServer::builder()
        .sentinel()
        .setting(&format!("sentinel monitor {NAME} 127.0.0.1 {port} {QUORUM}"))
        .setting(&format!("sentinel down-after-milliseconds {NAME} {LONG_TIMEOUT}"))
        .setting(&format!("sentinel failover-timeout {NAME} 5000"))
        .start()
}
