//! A shop, composed by wac and served by wasmtime.

use std::{
    env,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use host_test::redis_server::RedisServer;
use tempfile::TempDir;

use crate::readme;

const START_LIMIT: Duration = Duration::from_secs(120);

/// A running shop with a Redis of its own. Dropped, it ends.
pub(crate) struct Served {
    process: Child,
    address: SocketAddr,
    pub(crate) redis: RedisServer,
    _folder: TempDir,
}

impl Served {
    /// Runs the README's commands; these flags go to `wasmtime serve` too.
    pub(crate) fn start(flags: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let redis = RedisServer::start().expect("a Redis");
        let [mut compose, mut serve] = <[_; 2]>::try_from(readme::commands()).expect("two commands");

        // What is another one here than at the reader's: the file's folder, the port to listen on, Redis.
        let file = folder.path().join("shop.wasm").display().to_string();
        replace(&mut compose, "shop.wasm", &file);
        replace(&mut serve, "shop.wasm", &file);
        replace(&mut serve, "127.0.0.1:8080", "127.0.0.1:0");
        replace(&mut serve, "REDIS_URL=redis://127.0.0.1:6379", &format!("REDIS_URL={}", redis.url()));

        let status = command(&compose).status().expect("wac can be started");
        assert!(status.success(), "{compose:?}: {status}");

        let mut process = command(&serve).args(flags).stderr(Stdio::piped()).spawn().expect("wasmtime can be started");
        let log = process.stderr.take().expect("a pipe");
        // From here on the process ends with this value.
        let mut served = Self { process, address: ([127, 0, 0, 1], 0).into(), redis, _folder: folder };
        served.address = listening_on(log);
        served
    }

    pub(crate) fn address(&self) -> SocketAddr {
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

/// A command of the README, run in the folder that it is written for. Flags may follow what it names last.
fn command(words: &[String]) -> Command {
    let (program, arguments) = words.split_first().expect("a program");
    let variable = format!("DRSESSION_{}", program.to_uppercase());
    let path = env::var_os(&variable).unwrap_or_else(|| panic!("{variable} is not set: `cargo xtask test` sets it"));
    let mut command = Command::new(path);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

fn replace(words: &mut [String], from: &str, to: &str) {
    let word = words.iter_mut().find(|word| *word == from).unwrap_or_else(|| panic!("the README says {from}"));
    *word = to.to_owned();
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
