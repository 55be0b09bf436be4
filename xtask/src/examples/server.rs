//! A server of HTTP that says on which port it listens.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Context;

use crate::process;

/// A component of some forty megabytes is compiled first.
const START_LIMIT: Duration = Duration::from_secs(300);
/// What `wasmtime serve` says once it listens; other servers of ours say the same.
const LISTENING: &str = "Serving HTTP on http://";

/// A running server. Dropped, it ends.
pub(super) struct Server {
    process: Child,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it listens. What else it says is shown.
    pub(super) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let shown = process::shown(command);
        let started = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut process = started.with_context(|| format!("`{shown}` can't be started"))?;
        let log = process.stderr.take().context("the log is piped")?;
        // From here on the process ends with this value.
        let mut server = Self { process, address: ([127, 0, 0, 1], 0).into() };
        server.address = listening_on(log).with_context(|| format!("`{shown}` does not say where it listens"))?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn listening_on(log: ChildStderr) -> anyhow::Result<SocketAddr> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            let address = line.strip_prefix(LISTENING).and_then(|rest| rest.trim_end_matches('/').parse().ok());
            match address {
                // Nobody listens any more where the server took too long.
                Some(address) => drop(sender.send(address)),
                None => eprintln!("server: {line}"),
            }
        }
    });
    Ok(receiver.recv_timeout(START_LIMIT)?)
}
