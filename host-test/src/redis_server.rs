//! A real Redis for one test: on a port of its own, in a temporary folder, gone when dropped.

use std::{
    collections::VecDeque,
    fmt::{self, Write as _},
    fs,
    io::{self, BufRead as _, BufReader, ErrorKind, PipeReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::{redis_client::RedisClient, tls::ServerTls};

const START_LIMIT: Duration = Duration::from_secs(30);
/// What a server says, or a sentinel, once it listens.
const READY: [&str; 2] = ["Ready to accept connections", "Sentinel ID is"];
const CONFIGURATION: &str = "redis.conf";
/// A port that was free a moment ago may be taken when Redis asks for it.
const ATTEMPTS: usize = 20;
/// Before one that was taken is asked for again.
const PORT_PAUSE: Duration = Duration::from_millis(100);

/// A running redis-server. Dropped, it is killed and leaves nothing behind.
pub struct RedisServer {
    process: Child,
    port: u16,
    tls_port: Option<u16>,
    role: Role,
    password: Option<String>,
    unix_path: Option<PathBuf>,
    folder: TempDir,
}

/// What a redis-server is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Role {
    #[default]
    Alone,
    /// A node of a cluster, whose nodes talk to each other at a second port.
    ClusterNode,
    Sentinel,
}

/// How far the second port of a cluster's node is from its first.
const BUS_PORT_DISTANCE: u16 = 10_000;

impl RedisServer {
    /// Starts one with nothing special about it.
    pub fn start() -> anyhow::Result<Self> {
        Self::builder().start()
    }

    /// For one with a password, users, a Unix socket or other settings.
    pub fn builder() -> RedisServerBuilder {
        RedisServerBuilder::default()
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address, with the password where there is one.
    pub fn url(&self) -> String {
        self.url_of("redis", self.port)
    }

    /// Its address for this user and password, which have to be URL-safe.
    pub fn url_as(&self, user: &str, password: &str) -> String {
        format!("redis://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// The port of 127.0.0.1 where it speaks TLS, if it does.
    pub fn tls_port(&self) -> Option<u16> {
        self.tls_port
    }

    /// Its address within TLS, with the password where there is one. Only for a server that speaks TLS.
    pub fn tls_url(&self) -> String {
        self.url_of("rediss", self.tls_port.expect("a server that speaks TLS"))
    }

    fn url_of(&self, scheme: &str, port: u16) -> String {
        let password = self.password.as_ref().map_or(String::new(), |password| format!(":{password}@"));
        format!("{scheme}://{password}127.0.0.1:{port}")
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Its Unix socket, where one was asked for.
    pub fn unix_path(&self) -> Option<&Path> {
        self.unix_path.as_deref()
    }

    /// The temporary folder that it works in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A client that is not the component, to look at what is really there.
    pub fn connection(&self) -> RedisClient {
        RedisClient::connect(&self.url())
    }

    /// Kills it, as a crash would: connections break, and nothing answers on the port any more.
    pub fn kill(&mut self) {
        // Fails only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Stops it where it stands: it answers nothing until it may [`go_on`](Self::go_on), and forgets nothing.
    pub fn stop(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on after [`stop`](Self::stop).
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.pid().to_string()]).status();
        let status = status.expect("kill can be started");
        assert!(status.success(), "{signal}: {status}");
    }

    /// Kills it and starts it again on the same port, with the same settings and what these had it keep.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.kill();
        for _ in 0..ATTEMPTS {
            let (process, log) = spawn(&self.folder.path().join(CONFIGURATION), self.role)?;
            self.process = process;
            match await_readiness(log)? {
                Readiness::Ready => return Ok(()),
                // By somebody's own end of a connection, more often than not: it will be free again.
                Readiness::PortTaken => thread::sleep(PORT_PAUSE),
            }
        }
        bail!("port {} was taken in between", self.port)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisServer")
            .field("pid", &self.pid())
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// How a [`RedisServer`] shall be.
#[derive(Default)]
pub struct RedisServerBuilder {
    role: Role,
    password: Option<String>,
    tls: Option<ServerTls>,
    unix_socket: bool,
    settings: Vec<String>,
}

impl RedisServerBuilder {
    /// The password of the default user. [`RedisServer::url`] and [`RedisServer::connection`] use it.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self.setting(&format!("requirepass {password}"))
    }

    /// One more user: its name and rules as `ACL SETUSER` takes them, such as `visitor on >secret ~* +@hash`.
    pub fn acl_user(self, line: &str) -> Self {
        self.setting(&format!("user {line}"))
    }

    /// Listen on a Unix socket too.
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Speak TLS at a port of its own. The other one stays as it is.
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// A node of a cluster that is still to be formed.
    pub fn cluster_node(mut self) -> Self {
        self.role = Role::ClusterNode;
        self.setting("cluster-enabled yes")
    }

    /// No Redis, but a sentinel.
    pub fn sentinel(mut self) -> Self {
        self.role = Role::Sentinel;
        self
    }

    /// A line of redis.conf.
    pub fn setting(mut self, line: &str) -> Self {
        self.settings.push(line.to_owned());
        self
    }

    /// Starts it, and returns once it answers.
    pub fn start(self) -> anyhow::Result<RedisServer> {
        for _ in 1..ATTEMPTS {
            if let Some(server) = self.try_start()? {
                return Ok(server);
            }
        }
        bail!("redis-server found its port taken {ATTEMPTS} times in a row")
    }

    /// None where the port was taken in between.
    fn try_start(&self) -> anyhow::Result<Option<RedisServer>> {
        let folder = tempfile::Builder::new().prefix("redis-").tempdir()?;
        let Some(port) = free_port(self.role)? else { return Ok(None) };
        let tls_port = match &self.tls {
            None => None,
            Some(tls) => {
                write_certificates(&folder, tls)?;
                let Some(port) = free_port(self.role)? else { return Ok(None) };
                Some(port)
            }
        };
        let unix_path = self.unix_socket.then(|| folder.path().join("redis.sock"));

        // A file, since a process's arguments are for everybody to read.
        let file = folder.path().join(CONFIGURATION);
        fs::write(&file, self.configuration(&folder, port, tls_port, unix_path.as_ref())?)?;

        let (process, log) = spawn(&file, self.role)?;
        let password = self.password.clone();
        let server = RedisServer { process, port, tls_port, role: self.role, password, unix_path, folder };
        match await_readiness(log)? {
            Readiness::Ready => {
                server.connection().ping();
                Ok(Some(server))
            }
            Readiness::PortTaken => Ok(None),
        }
    }

    fn configuration(
        &self,
        folder: &TempDir,
        port: u16,
        tls_port: Option<u16>,
        unix_path: Option<&PathBuf>,
    ) -> Result<String, fmt::Error> {
        let mut text = String::new();
        writeln!(text, "bind 127.0.0.1")?;
        writeln!(text, "port {port}")?;
        writeln!(text, "dir {}", folder.path().display())?;
        writeln!(text, "save \"\"")?;
        writeln!(text, "appendonly no")?;
        if let Some(path) = unix_path {
            writeln!(text, "unixsocket {}", path.display())?;
        }
        if let (Some(tls), Some(port)) = (&self.tls, tls_port) {
            writeln!(text, "tls-port {port}")?;
            for (setting, file) in [("cert", CERTIFICATE), ("key", KEY), ("ca-cert", AUTHORITY)] {
                writeln!(text, "tls-{setting}-file {}", folder.path().join(file).display())?;
            }
            writeln!(text, "tls-auth-clients {}", if tls.asks_clients { "yes" } else { "no" })?;
        }
        for setting in &self.settings {
            writeln!(text, "{setting}")?;
        }
        Ok(text)
    }
}

const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";
const AUTHORITY: &str = "authority.pem";

fn write_certificates(folder: &TempDir, tls: &ServerTls) -> io::Result<()> {
    let files = [(CERTIFICATE, &tls.identity.certificate), (KEY, &tls.identity.key), (AUTHORITY, &tls.authority)];
    files.into_iter().try_for_each(|(name, pem)| fs::write(folder.path().join(name), pem))
}

/// Starts the process; what it says comes out of the pipe.
fn spawn(configuration: &Path, role: Role) -> anyhow::Result<(Child, PipeReader)> {
    let (log, output) = io::pipe()?;
    let process = Command::new("redis-server")
        .arg(configuration)
        .args((role == Role::Sentinel).then_some("--sentinel"))
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn();
    match process {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("there is no redis-server on PATH: install it (Debian: apt-get install redis-server)")
        }
        process => Ok((process.context("redis-server could not be started")?, log)),
    }
}

enum Readiness {
    Ready,
    PortTaken,
}

/// Waits until the server says that it is ready, and keeps reading what it says, so that it never waits for a reader.
fn await_readiness(log: PipeReader) -> anyhow::Result<Readiness> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut last_lines = VecDeque::new();
        let mut ready = false;
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if ready {
                continue;
            }
            ready = READY.iter().any(|text| line.contains(text));
            if ready {
                // Nobody listens any more where the server took too long.
                let _ = sender.send(Ok(()));
            }
            last_lines.truncate(20);
            last_lines.push_front(line);
        }
        if !ready {
            let _ = sender.send(Err(Vec::from(last_lines)));
        }
    });
    match receiver.recv_timeout(START_LIMIT) {
        Ok(Ok(())) => Ok(Readiness::Ready),
        Ok(Err(lines)) if lines.iter().any(|line| line.contains("Address already in use")) => Ok(Readiness::PortTaken),
        Ok(Err(lines)) => {
            let lines: Vec<_> = lines.into_iter().rev().collect();
            bail!("redis-server ended at once:\n{}", lines.join("\n"))
        }
        Err(_) => bail!("redis-server was not ready within {START_LIMIT:?}"),
    }
}

/// None where the second port that goes with it is not free, or is none.
fn free_port(role: Role) -> anyhow::Result<Option<u16>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    let port = listener.local_addr()?.port();
    let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let is_fit = role != Role::ClusterNode || port.checked_add(BUS_PORT_DISTANCE).is_some_and(is_free);
    Ok(is_fit.then_some(port))
}
