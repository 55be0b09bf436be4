//! A program that serves an application, such as the real `wasmtime serve`.
//!
//! `cargo xtask test` says by environment variables where the programs are.

use std::{
    env, fmt,
    io::{self, BufRead as _, BufReader, PipeReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Sender},
    thread::{self, JoinHandle},
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

/// A running server. Dropped, it ends.
pub struct Served {
    process: Child,
    address: SocketAddr,
    printing: Option<JoinHandle<String>>,
}

impl Served {
    /// Starts `wasmtime serve`, and waits until it listens.
    pub fn start(command: &mut Command) -> Self {
        Self::start_saying(command, "Serving HTTP on ")
    }

    /// Starts another server, which says its address behind these words.
    pub fn start_saying(command: &mut Command, words: &'static str) -> Self {
        let (log, output) = io::pipe().expect("a pipe");
        command.stdout(output.try_clone().expect("a pipe")).stderr(output);
        let process = command.spawn().expect("the server can be started");
        // Else the command keeps the pipe open when the process has ended.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (sender, receiver) = mpsc::channel();
        let printing = Some(thread::spawn(move || print(log, words, &sender)));
        // From here on the process ends with this value.
        let mut served = Self { process, address: ([127, 0, 0, 1], 0).into(), printing };
        served.address = receiver.recv_timeout(START_LIMIT).expect("the server says where it listens");
        served
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, and returns all that it has printed.
    pub fn end(mut self) -> String {
        self.kill();
        let printing = self.printing.take().expect("printing until the end");
        printing.join().expect("lines")
    }

    fn kill(&mut self) {
        // Fails only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Served").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Shows what the server prints, and says when it says where it listens.
fn print(log: PipeReader, words: &str, listening: &Sender<SocketAddr>) -> String {
    let mut printed = String::new();
    for line in BufReader::new(log).lines().map_while(Result::ok) {
        eprintln!("served: {line}");
        let url = line.split_once(words).and_then(|(_, rest)| rest.trim().strip_prefix("http://"));
        if let Some(address) = url.and_then(|url| url.trim_end_matches('/').parse().ok()) {
            // Nobody listens any more where the server took too long.
            let _ = listening.send(address);
        }
        printed.push_str(&line);
        printed.push('\n');
    }
    printed
}
