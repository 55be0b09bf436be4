//! Where something was measured, and with which versions.

use std::fs;
use std::num::NonZero;
use std::process::Command;
use std::thread;

use anyhow::Context as _;
use serde::Serialize;

/// The machine, and what is installed there.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many cores this program may use.
    pub cores: usize,
    /// The operating system.
    pub system: String,
    /// The day.
    pub date: String,
    /// Programs and libraries.
    pub versions: Vec<(String, String)>,
}

/// The libraries that are compared.
const LIBRARIES: [&str; 4] = ["wasmtime", "redis", "fred", "tokio"];

impl Machine {
    /// This one.
    ///
    /// # Errors
    ///
    /// It doesn't say what it is.
    pub fn this() -> anyhow::Result<Self> {
        let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let mut versions = vec![
            ("redis-server".to_owned(), said("redis-server", &["--version"])?),
            ("rustc".to_owned(), said("rustc", &["--version"])?),
        ];
        let lock: toml::Table = toml::from_str(include_str!("../../Cargo.lock"))?;
        let packages = lock["package"].as_array().context("packages")?;
        for library in LIBRARIES {
            let package = packages.iter().rfind(|package| package["name"].as_str() == Some(library));
            let version = package.and_then(|package| package["version"].as_str()).context(library)?;
            versions.push((format!("{library} (Rust)"), version.to_owned()));
        }
        for line in include_str!("../python/requirements.txt").lines() {
            let (name, version) = line.split_once("==").context("a version")?;
            versions.push((format!("{name} (Python)"), version.to_owned()));
        }
        Ok(Self {
            processor: processor.map_or("an unknown processor", |(_, name)| name).to_owned(),
            cores: thread::available_parallelism().map_or(1, NonZero::get),
            system: said("uname", &["-sr"])?,
            date: said("date", &["--utc", "+%Y-%m-%d"])?,
            versions,
        })
    }
}

/// What a program writes.
fn said(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).output().with_context(|| program.to_owned())?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
