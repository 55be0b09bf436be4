//! The five loops by which drsession measured itself: as drsession runs them, and as the component does.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use host_test::component::Flavour;
use host_test::redis_server::RedisServer;

use super::{Scale, one, plan, url};
use crate::application::{Application, Call};
use crate::host::{State, anywhere};
use crate::measure::{Contestant, side_by_side};
use crate::operation::{Operation, seed};
use crate::results::Results;
use crate::session::Opening;

pub(crate) const ORIGINAL: &str = "drsession 1.2.0 (Python)";
pub(crate) const PYTHON_HOST: &str = "component, Python host";
/// Those of the loops that reach Redis.
pub(crate) const LOOPS: [&str; 4] = ["set", "get", "contains", "delete"];

pub(super) fn run(_: Scale, time: Duration, results: &mut Results) -> anyhow::Result<()> {
    let redis = RedisServer::start()?;
    let opening = Opening { url: url(&redis), guarded: true };
    let loops = [
        ("set", Call::Set, Some(Operation::Set)),
        ("get", Call::Get, Some(Operation::Get)),
        ("contains", Call::Contains, Some(Operation::Contains)),
        ("delete", Call::Delete, Some(Operation::Delete)),
        // There is nothing to save, and so no operation.
        ("save", Call::Nothing, None),
    ];
    for (name, call, operation) in loops {
        seed(&mut redis.connection());
        let guest = Application::plain("benchmark-calls.wasm", State::connected(&anywhere()), opening.url)?;
        let mut contestants = Vec::new();
        if let Some(operation) = operation {
            contestants.push(one::raw(&redis, operation)?);
        }
        contestants.extend([
            python(&redis, ORIGINAL, "drsession", name)?,
            guest.contestant(one::FROM_GUEST, call),
            python(&redis, PYTHON_HOST, "component", name)?,
        ]);
        if let Some(operation) = operation {
            contestants.push(one::component(operation, opening)?);
        }
        results.series.extend(side_by_side(&case(name), plan(time / 5), contestants)?);
    }
    Ok(())
}

/// What a loop is called in the results.
pub(crate) fn case(name: &str) -> String {
    format!("loops: {name}")
}

/// A program that runs a loop for as long as it is told. Dropped, it ends.
struct Python {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    fn start(kind: &str, redis: &RedisServer) -> anyhow::Result<Self> {
        let python =
            env::var_os("DRSESSION_PYTHON").context("DRSESSION_PYTHON is not set: `cargo xtask bench` sets it")?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let examples = folder.with_file_name("examples");
        let paths = env::join_paths([examples.join("python-host"), examples.join("python")])?;
        let mut process = Command::new(python)
            .arg(folder.join("python/loops.py"))
            .args([kind, &redis.port().to_string()])
            .env("PYTHONPATH", paths)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("DRSESSION_COMPONENT", Flavour::Blocking.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("Python can't be started")?;
        let input = process.stdin.take().context("a pipe")?;
        let output = BufReader::new(process.stdout.take().context("a pipe")?);
        Ok(Self { process, input, output })
    }

    /// The times of all operations, in nanoseconds.
    fn run(&mut self, name: &str, slice: Duration) -> anyhow::Result<Vec<u64>> {
        writeln!(self.input, "{name} {}", slice.as_nanos())?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        anyhow::ensure!(!line.is_empty(), "Python has ended");
        Ok(line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn python(redis: &RedisServer, name: &str, kind: &str, operation: &'static str) -> anyhow::Result<Contestant<'static>> {
    let mut python = Python::start(kind, redis)?;
    Ok(Contestant::new(name, move |slice, recorder| {
        for nanoseconds in python.run(operation, slice)? {
            recorder.record(Duration::from_nanos(nanoseconds), 1);
        }
        Ok(())
    }))
}
