//! A look at what is really in Redis, by a client that shares no code with the component.

use std::{collections::BTreeMap, fmt};

use anyhow::Context as _;
use redis::{Cmd, Connection, FromRedisValue};

use crate::waiting::wait_until;

/// A hash as it is stored.
pub type Hash = BTreeMap<Vec<u8>, Vec<u8>>;

/// A connection of the test's own. Every method fails the test where Redis answers with an error, but for
/// [`query`](Self::query).
pub struct RedisClient {
    connection: Connection,
}

/// What a primary has written, and each of its replicas, in bytes.
pub(crate) struct Replication {
    offset: u64,
    replicas: Vec<u64>,
}

impl RedisClient {
    /// Connects to the Redis at this address.
    #[track_caller]
    pub fn connect(url: &str) -> Self {
        let connection = redis::Client::open(url)
            .and_then(|client| client.get_connection())
            .unwrap_or_else(|error| panic!("Redis can't be reached: {error}"));
        Self { connection }
    }

    /// Sends any command, and returns what Redis says to it.
    pub fn query<T: FromRedisValue>(&mut self, words: &[&[u8]]) -> redis::RedisResult<T> {
        let mut command = Cmd::new();
        for word in words {
            command.arg(word);
        }
        command.query(&mut self.connection)
    }

    /// Sends any command in words, such as `HGET key field`, one blank between them.
    #[track_caller]
    pub fn command<T: FromRedisValue>(&mut self, words: &str) -> T {
        let words: Vec<_> = words.split(' ').map(str::as_bytes).collect();
        self.expect(&words)
    }

    /// PING.
    #[track_caller]
    pub fn ping(&mut self) {
        let answer: String = self.expect(&[b"PING"]);
        assert_eq!(answer, "PONG");
    }

    /// The hash's fields, hidden ones included; none where there is no such key.
    #[track_caller]
    pub fn hgetall_bytes(&mut self, key: &str) -> Hash {
        self.expect(&[b"HGETALL", key.as_bytes()])
    }

    /// The hash's fields without those that the component keeps for itself.
    #[track_caller]
    pub fn visible_fields(&mut self, key: &str) -> Hash {
        let mut hash = self.hgetall_bytes(key);
        hash.retain(|field, _| !field.starts_with(b"\0"));
        hash
    }

    /// One field as it is stored.
    #[track_caller]
    pub fn hget(&mut self, key: &str, field: &str) -> Option<Vec<u8>> {
        self.expect(&[b"HGET", key.as_bytes(), field.as_bytes()])
    }

    /// Stores one field, as it is.
    #[track_caller]
    pub fn hset(&mut self, key: &str, field: &str, value: impl AsRef<[u8]>) {
        let (key, field) = (key.as_bytes(), field.as_bytes());
        let _: i64 = self.expect(&[b"HSET", key, field, value.as_ref()]);
    }

    /// Deletes the key, and says whether it was there.
    #[track_caller]
    pub fn del(&mut self, key: &str) -> bool {
        self.expect(&[b"DEL", key.as_bytes()])
    }

    /// Milliseconds until the key expires; -1: never, -2: there is no such key.
    #[track_caller]
    pub fn pttl(&mut self, key: &str) -> i64 {
        self.expect(&[b"PTTL", key.as_bytes()])
    }

    /// How many keys the database has.
    #[track_caller]
    pub fn dbsize(&mut self) -> u64 {
        self.expect(&[b"DBSIZE"])
    }

    /// All keys, sorted.
    #[track_caller]
    pub fn keys(&mut self) -> Vec<String> {
        let mut keys: Vec<String> = self.expect(&[b"KEYS", b"*"]);
        keys.sort();
        keys
    }

    /// The server's clock, in milliseconds since 1970.
    #[track_caller]
    pub fn time(&mut self) -> u64 {
        let (seconds, microseconds): (u64, u64) = self.expect(&[b"TIME"]);
        seconds * 1_000 + microseconds / 1_000
    }

    /// Cuts everybody's connection but this one, and says how many there were.
    #[track_caller]
    pub fn client_kill_all(&mut self) -> u64 {
        self.expect(&[b"CLIENT", b"KILL", b"TYPE", b"normal", b"SKIPME", b"yes"])
    }

    /// Waits until nobody else is connected any more: a connection that is closed is so a moment later on the other side.
    #[track_caller]
    pub fn await_solitude(&mut self) {
        let alone = wait_until("a server without other clients", || self.info("connected_clients") == 1);
        alone.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Makes Redis forget all scripts.
    #[track_caller]
    pub fn script_flush(&mut self) {
        let _: () = self.expect(&[b"SCRIPT", b"FLUSH", b"SYNC"]);
    }

    /// One number of INFO, such as `total_connections_received`.
    #[track_caller]
    pub fn info(&mut self, name: &str) -> u64 {
        let text: String = self.expect(&[b"INFO", b"everything"]);
        text.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(found, _)| *found == name)
            .and_then(|(_, value)| value.trim().parse().ok())
            .unwrap_or_else(|| panic!("INFO has no number {name}"))
    }

    /// How far it and its replicas are; none where this is not a primary.
    pub(crate) fn replication(&mut self) -> Option<Replication> {
        // A replica's own answer has more parts.
        let (_, offset, replicas): (String, u64, Vec<(String, u16, u64)>) = self.query(&[b"ROLE"]).ok()?;
        Some(Replication { offset, replicas: replicas.into_iter().map(|(_, _, offset)| offset).collect() })
    }

    /// Waits until so many replicas have what was written until now.
    pub fn await_replicas(&mut self, count: usize) -> anyhow::Result<()> {
        let offset = self.replication().context("no primary")?.offset;
        wait_until("replicas that have everything", || {
            let replicas = self.replication().map_or(Vec::new(), |replication| replication.replicas);
            let in_step = replicas.into_iter().filter(|replica| *replica >= offset).count();
            // One that is still getting all that there is would count too, as long as that is nothing.
            in_step >= count && self.command::<usize>(&format!("WAIT {count} 100")) >= count
        })
    }

    #[track_caller]
    fn expect<T: FromRedisValue>(&mut self, words: &[&[u8]]) -> T {
        self.query(words).unwrap_or_else(|error| {
            let name = String::from_utf8_lossy(words.first().copied().unwrap_or_default());
            panic!("Redis failed at {name}: {error}")
        })
    }
}

impl fmt::Debug for RedisClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RedisClient").finish_non_exhaustive()
    }
}
