//! A real cluster for one test: three primaries with a replica each, gone when dropped.

use std::{fmt, ops::Deref, thread};

use anyhow::Context as _;

use crate::{redis_client::RedisClient, redis_server::RedisServer, tls::ServerTls, waiting::wait_until};

const PRIMARIES: usize = 3;
const SLOTS: usize = 16_384;
/// Milliseconds of silence until a node is taken for gone, where one is. Nodes get to know each other in step with it.
const SHORT_NODE_TIMEOUT: u32 = 1_500;
/// The same where none is gone: one that a busy machine holds up is not replaced then, and loses nothing.
const LONG_NODE_TIMEOUT: u32 = 15_000;
const SETTINGS: [&str; 2] = [
    // However long a replica heard nothing from its primary, it may take over.
    "cluster-replica-validity-factor 0",
    "repl-diskless-sync-delay 0",
];
/// How many keys are moved to another node before it is asked for more.
const KEYS_AT_ONCE: usize = 16;
/// How long moving a key may take, in milliseconds.
const MIGRATION_LIMIT: u32 = 5_000;

/// A running cluster.
pub struct RedisCluster {
    /// Those that were not killed.
    nodes: Vec<Node>,
    /// Of all of them.
    ports: Vec<u16>,
    scheme: &'static str,
}

struct Node {
    server: RedisServer,
    id: String,
}

impl Deref for Node {
    type Target = RedisServer;

    fn deref(&self) -> &RedisServer {
        &self.server
    }
}

impl RedisCluster {
    /// Starts one, and returns once all nodes agree on it and each primary has its replica.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(None)
    }

    /// The same within TLS, among the nodes too. To look into them there are plain ports beside.
    pub fn start_tls(tls: &ServerTls) -> anyhow::Result<Self> {
        Self::start_with(Some(tls))
    }

    fn start_with(tls: Option<&ServerTls>) -> anyhow::Result<Self> {
        let scheme = if tls.is_some() { "rediss" } else { "redis" };
        // Where one fails, the scope still waits for the others: none of them is left to itself.
        let nodes = thread::scope(|scope| {
            let nodes: Vec<_> = (0..2 * PRIMARIES).map(|_| scope.spawn(|| Node::start(tls))).collect();
            let nodes = nodes.into_iter().map(|node| node.join().expect("a thread that ends"));
            nodes.collect::<anyhow::Result<Vec<_>>>()
        })?;
        let cluster = Self { ports: nodes.iter().map(Node::port).collect(), nodes, scheme };
        cluster.form()?;
        Ok(cluster)
    }

    fn form(&self) -> anyhow::Result<()> {
        for (index, node) in self.nodes.iter().enumerate() {
            let mut redis = node.connection();
            // Apart from the beginning, so that nobody has to find out who was first.
            let () = redis.command(&format!("CLUSTER SET-CONFIG-EPOCH {}", index + 1));
            let () = redis.command(&format!("CLUSTER MEET 127.0.0.1 {}", self.ports[0]));
            if index < PRIMARIES {
                let [first, end] = [index, index + 1].map(|part| part * SLOTS / PRIMARIES);
                let () = redis.command(&format!("CLUSTER ADDSLOTSRANGE {first} {}", end - 1));
            }
        }
        let (primaries, replicas) = self.nodes.split_at(PRIMARIES);
        for (primary, replica) in primaries.iter().zip(replicas) {
            let mut redis = replica.connection();
            // It has to know its primary first.
            let command: [&[u8]; 3] = [b"CLUSTER", b"REPLICATE", primary.id.as_bytes()];
            wait_until("a replica of a node", || redis.query::<()>(&command).is_ok())?;
        }
        for node in &self.nodes {
            let mut redis = node.connection();
            wait_until("a cluster that is one", || {
                let state: String = redis.command("CLUSTER INFO");
                let nodes: String = redis.command("CLUSTER NODES");
                state.contains("cluster_state:ok") && nodes.matches("slave").count() == replicas.len()
            })?;
        }
        self.set_node_timeout(LONG_NODE_TIMEOUT);
        self.await_replication()
    }

    fn set_node_timeout(&self, milliseconds: u32) {
        for mut redis in self.connections() {
            let () = redis.command(&format!("CONFIG SET cluster-node-timeout {milliseconds}"));
        }
    }

    /// Its address, with the nodes that were killed.
    pub fn url(&self) -> String {
        let nodes: Vec<_> = self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("{}://{}?cluster=true", self.scheme, nodes.join(","))
    }

    /// The ports of its nodes, those that were killed among them.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// A connection to each node that was not killed.
    pub fn connections(&self) -> impl Iterator<Item = RedisClient> {
        self.nodes.iter().map(|node| node.connection())
    }

    /// A connection to each primary.
    pub fn primaries(&self) -> Vec<RedisClient> {
        self.connections().filter_map(|mut redis| redis.replication().is_some().then_some(redis)).collect()
    }

    /// The slot that a key lies in.
    pub fn slot(&self, key: &str) -> u16 {
        self.nodes[0].connection().command(&format!("CLUSTER KEYSLOT {key}"))
    }

    /// A connection to the slot's primary.
    pub fn primary_of(&self, slot: u16) -> anyhow::Result<RedisClient> {
        Ok(self.nodes[self.index_of(slot)?].connection())
    }

    fn index_of(&self, slot: u16) -> anyhow::Result<usize> {
        let nodes: String = self.nodes[0].connection().command("CLUSTER NODES");
        let line = nodes.lines().find(|line| serves(line, slot)).context("a slot that nobody serves")?;
        self.nodes.iter().position(|node| line.starts_with(&node.id)).context("a slot whose primary was killed")
    }

    /// Kills the slot's primary, as a crash would. The others notice before long.
    pub fn kill_primary_of(&mut self, slot: u16) -> anyhow::Result<()> {
        let primary = self.index_of(slot)?;
        self.set_node_timeout(SHORT_NODE_TIMEOUT);
        drop(self.nodes.remove(primary));
        Ok(())
    }

    /// Moves a slot to another primary, as tools do that reshard: key by key, while both nodes are at work.
    pub fn move_slot(&self, slot: u16) -> anyhow::Result<()> {
        let far = (usize::from(slot) + SLOTS / PRIMARIES) % SLOTS;
        let source = &self.nodes[self.index_of(slot)?];
        // Where it was moved before, its neighbours' primary may be its own.
        let targets = [far, (far + SLOTS / PRIMARIES) % SLOTS];
        let targets = targets.into_iter().map(|slot| self.index_of(slot as u16)).collect::<anyhow::Result<Vec<_>>>()?;
        let target = targets.into_iter().map(|index| &self.nodes[index]).find(|node| node.id != source.id);
        let target = target.context("another primary")?;

        let (mut from, mut to) = (source.connection(), target.connection());
        let () = to.command(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", source.id));
        let () = from.command(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", target.id));
        loop {
            let keys: Vec<String> = from.command(&format!("CLUSTER GETKEYSINSLOT {slot} {KEYS_AT_ONCE}"));
            if keys.is_empty() {
                break;
            }
            for key in keys {
                let _: String = from.command(&format!("MIGRATE 127.0.0.1 {} {key} 0 {MIGRATION_LIMIT}", target.port()));
            }
        }
        // The new owner first: as long as it does not know, the others would send everybody back to it.
        for mut redis in [to, from].into_iter().chain(self.primaries()) {
            let () = redis.command(&format!("CLUSTER SETSLOT {slot} NODE {}", target.id));
        }
        self.await_owner(slot, target)
    }

    /// Waits until all nodes agree on whose a slot is, and on how new that is: news of before may still be on the way.
    fn await_owner(&self, slot: u16, owner: &Node) -> anyhow::Result<()> {
        let epoch = |redis: &mut RedisClient| {
            let state: String = redis.command("CLUSTER INFO");
            state.lines().find(|line| line.starts_with("cluster_current_epoch:")).map(str::to_owned)
        };
        let mut redis = owner.connection();
        for node in &self.nodes {
            let mut other = node.connection();
            wait_until("nodes that agree on a slot", || {
                let nodes: String = other.command("CLUSTER NODES");
                let agrees = nodes.lines().any(|line| line.starts_with(&owner.id) && serves(line, slot));
                agrees && epoch(&mut other) == epoch(&mut redis)
            })?;
        }
        Ok(())
    }

    /// Waits until each primary's replica has what was written until now.
    pub fn await_replication(&self) -> anyhow::Result<()> {
        self.primaries().iter_mut().try_for_each(|primary| primary.await_replicas(1))
    }
}

impl fmt::Debug for RedisCluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RedisCluster").field("ports", &self.ports).finish_non_exhaustive()
    }
}

impl Node {
    fn start(tls: Option<&ServerTls>) -> anyhow::Result<Self> {
        let mut builder = RedisServer::builder().cluster_node();
        if let Some(tls) = tls {
            builder = builder.tls(tls.clone()).setting("tls-cluster yes").setting("tls-replication yes");
        }
        let builder = builder.setting(&format!("cluster-node-timeout {SHORT_NODE_TIMEOUT}"));
        let server = SETTINGS.into_iter().fold(builder, |builder, line| builder.setting(line)).start()?;
        let id = server.connection().command("CLUSTER MYID");
        Ok(Self { server, id })
    }

    /// Where it is known to the others and to clients.
    fn port(&self) -> u16 {
        self.server.tls_port().unwrap_or(self.server.port())
    }
}

/// Whether a line of CLUSTER NODES is that of the slot's primary
/// (<https://redis.io/docs/latest/commands/cluster-nodes/>).
fn serves(line: &str, slot: u16) -> bool {
    let mut words = line.split(' ');
    let is_primary = words.nth(2).is_some_and(|flags| flags.split(',').any(|flag| flag == "master"));
    is_primary
        && words.skip(5).any(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            // What is on its way is in brackets.
            matches!((first.parse(), last.parse()), (Ok(first), Ok(last)) if (first..=last).contains(&slot))
        })
}
