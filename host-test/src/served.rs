//! An application under the real `wasmtime serve`.
//!
//! `cargo xtask test` says by environment variables where the programs are.

use std::{
    env, fmt,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

const START_LIMIT: Duration = Duration::from_secs(120);

/// This program, to be run in the workspace's folder.
pub fn program(name: &str) -> Command {
    let variable = format!("DRSESSION_{}", name.to_uppercase());
    let path = env::var_os(&variable).unwrap_or_else(|| panic!("{variable} is not set: `cargo xtask test` sets it"));
    let mut command = Command::new(path);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// A running `wasmtime serve`. Dropped, it ends.
pub struct Served {
    process: Child,
    address: SocketAddr,
}

impl Served {
    /// Starts it, and waits until it listens.
    pub fn start(command: &mut Command) -> Self {
        let mut process = command.stderr(Stdio::piped()).spawn().expect("wasmtime can be started");
        let log = process.stderr.take().expect("a pipe");
        // From here on the process ends with this value.
        let mut served = Self { process, address: ([127, 0, 0, 1], 0).into() };
        served.address = listening_on(log);
        served
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Served").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Waits until the server says where it listens, and shows all else that it says.
fn listening_on(log: ChildStderr) -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            let address =
                line.strip_prefix("Serving HTTP on http://").and_then(|rest| rest.trim_end_matches('/').parse().ok());
            match address {
                // Nobody listens any more where the server took too long.
                Some(address) => drop(sender.send(address)),
                None => eprintln!("wasmtime: {line}"),
            }
        }
    });
    receiver.recv_timeout(START_LIMIT).expect("wasmtime says where it listens")
}
