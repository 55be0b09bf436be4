//! A Redis of the examples' own, and a client that is none of ours.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;

const START_LIMIT: Duration = Duration::from_secs(30);
/// A port that was free a moment ago may be taken when Redis asks for it.
const ATTEMPTS: usize = 10;

/// A running redis-server in a temporary folder. Dropped, it ends.
pub(super) struct Redis {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Redis {
    pub(super) fn start() -> anyhow::Result<Self> {
        for _ in 0..ATTEMPTS {
            if let Some(redis) = Self::try_start()? {
                return Ok(redis);
            }
        }
        bail!("redis-server did not start on any of {ATTEMPTS} free ports")
    }

    /// None where it ended before it was ready.
    fn try_start() -> anyhow::Result<Option<Self>> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"]).arg(folder.path());
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("redis-server")?;
        let log = process.stdout.take().context("the log is piped")?;
        let redis = Self { process, port, _folder: folder };

        let (sender, receiver) = mpsc::channel();
        // Reads on, so that the server never waits for a reader; the sender is dropped at the log's end.
        thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                if line.contains("Ready to accept connections") {
                    let _ = sender.send(());
                }
            }
        });
        Ok(receiver.recv_timeout(START_LIMIT).is_ok().then_some(redis))
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:PORT`.
    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    pub(super) fn connect(&self) -> anyhow::Result<redis::Connection> {
        Ok(redis::Client::open(self.url())?.get_connection()?)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
