//! Chromedriver, which starts Chromium and passes it what WebDriver asks for.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, ErrorKind},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use ureq::Agent;

const START_LIMIT: Duration = Duration::from_secs(60);
/// Past it, chromedriver and what it has started are killed.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// A running chromedriver. Dropped, it ends every browser that it started, and then itself.
pub(crate) struct Chromedriver {
    process: Child,
    port: u16,
    /// For what it and its browsers would leave lying about.
    _folder: TempDir,
}

impl Chromedriver {
    /// Starts one on a port that it chooses itself, and returns once it listens.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("chromedriver-").tempdir()?;
        let mut process = match Command::new("chromedriver")
            .args(["--port=0", "--log-level=SEVERE"])
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
        {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("there is no chromedriver on PATH: install it (Debian: apt-get install chromium chromium-driver)")
            }
            result => result.context("chromedriver could not be started")?,
        };
        let output = process.stdout.take().context("the output is piped")?;
        // From here on it ends with what is dropped, however this goes on.
        let mut driver = Self { process, port: 0, _folder: folder };

        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            // To the end, so that it never waits for a reader.
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(port) = port_in(&line) {
                    // Nobody listens any more where it took too long.
                    let _ = sender.send(port);
                }
            }
        });
        driver.port = receiver.recv_timeout(START_LIMIT).context("chromedriver said nothing of a port")?;
        Ok(driver)
    }

    /// Stops it where it stands: it answers nothing more.
    pub(crate) fn stop(&self) {
        let status = signal("-STOP", &[self.process.id()]).expect("kill can be started");
        assert!(status.success(), "{status}");
    }

    /// Where it takes WebDriver's commands.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // Asked, it ends its browsers before it answers.
        let agent = Agent::config_builder().timeout_global(Some(SHUTDOWN_LIMIT)).build().new_agent();
        if let Err(error) = agent.get(format!("{}/shutdown", self.url())).call() {
            eprintln!("chromedriver was asked to end its browsers, and did not: {error}");
        }
        // Killed alone, it would leave them behind.
        let started = descendants(self.process.id());
        // Fails only where it has ended already, as do they.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if !started.is_empty() {
            let _ = signal("-KILL", &started);
        }
    }
}

/// The processes that this one has started, and those that they have. (A process group of their own would name them all, but
/// then Ctrl-C would reach none of them.)
fn descendants(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let children: String = children.collect();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    children.flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

fn signal(signal: &str, processes: &[u32]) -> io::Result<ExitStatus> {
    let processes = processes.iter().map(u32::to_string);
    Command::new("kill").arg(signal).args(processes).stderr(Stdio::null()).status()
}

/// The port in the line that says that it listens.
fn port_in(line: &str) -> Option<u16> {
    let (_, port) = line.split_once("started successfully on port ")?;
    port.trim_end_matches('.').parse().ok()
}
