//! The tests of `drsession-host` and the conformance suite on the newest wasmtime that `drsession-host` accepts.
//!
//! The workspace pins the oldest. The newest needs a newer Rust, which not every machine can have: where it is missing,
//! the step is left out, and says so. What is built is a copy of two packages whose manifests ask for the newest wasmtime.
//! The copy and its own target folder lie in cargo's target folder: they outlast a clone, and the ordinary build never
//! sees them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use toml::{Table, Value};

use super::conformance;
use super::run::Missing;
use super::suite::{self, Counts};
use crate::process;
use crate::workspace::Workspace;

/// The oldest Rust that the newest wasmtime compiles with.
const RUST: &str = "1.97.0";

/// How long rustup may take to install it. On a closed network it would try for much longer.
const INSTALL_LIMIT: Duration = Duration::from_secs(120);

/// What is copied. The README holds the access rights that host-test gives its Redis user.
const COPIED: [&str; 5] = ["host", "host-test", "wit", "Cargo.lock", "README.md"];

/// The packages of the copy.
const MEMBERS: [&str; 2] = ["host", "host-test"];

pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Result<Counts, Missing>> {
    if let Err(error) = install_rust() {
        return Ok(Err(Missing(format!("Rust {RUST} is missing and can't be installed: {error:#}"))));
    }
    let copy = Copy::make(workspace)?;
    if let Err(missing) = copy.fetch()? {
        return Ok(Err(missing));
    }
    println!("wasmtime {}", copy.wasmtime_version()?);
    let mut counts = suite::run(copy.cargo_test().args(["--lib", "--test", "guest"]))?.counts;
    counts += conformance::run(workspace, copy.cargo_test().args(["--test", conformance::TARGET]))?;
    Ok(Ok(counts))
}

fn install_rust() -> anyhow::Result<()> {
    let rustup = process::find("rustup").context("there is no rustup")?;
    let mut installed = Command::new(&rustup);
    if process::succeeds(installed.args(["run", RUST, "rustc", "--version"]).env("RUSTUP_AUTO_INSTALL", "0")) {
        return Ok(());
    }
    println!("rustup toolchain install {RUST} --profile minimal");
    let mut install = Command::new(rustup);
    install.args(["toolchain", "install", RUST, "--profile", "minimal", "--no-self-update"]);
    process::run_within(&mut install, INSTALL_LIMIT)
}

/// The copy of the workspace.
struct Copy {
    folder: PathBuf,
    components: PathBuf,
}

impl Copy {
    fn make(workspace: &Workspace) -> anyhow::Result<Self> {
        let copy = Self { folder: workspace.target().join("newest-wasmtime"), components: workspace.components() };
        let root = copy.root();
        fs::create_dir_all(&root).with_context(|| format!("creating {}", root.display()))?;
        let host = read(&workspace.root().join("host/Cargo.toml"))?;
        let version = newest_wasmtime(&host)?;
        let patched = [
            (PathBuf::from("Cargo.toml"), patched_root(&read(&workspace.root().join("Cargo.toml"))?, &version)?),
            (PathBuf::from("host/Cargo.toml"), patched_host(&host, &version)?),
        ];
        for name in COPIED {
            synchronize(&workspace.root().join(name), &root.join(name), &root, &patched)?;
        }
        for (path, text) in &patched {
            write_if_changed(&root.join(path), text.as_bytes())?;
        }
        Ok(copy)
    }

    fn root(&self) -> PathBuf {
        self.folder.join("workspace")
    }

    fn cargo(&self) -> Command {
        let mut cargo = Command::new("rustup");
        cargo.args(["run", RUST, "cargo"]).current_dir(self.root());
        cargo.env("CARGO_TARGET_DIR", self.folder.join("target"));
        // Those of the Rust that runs this program.
        cargo.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTDOC").env_remove("RUSTUP_TOOLCHAIN");
        cargo
    }

    fn cargo_test(&self) -> Command {
        let mut cargo = self.cargo();
        cargo.args(["test", "--workspace", "--no-fail-fast"]).env("DRSESSION_COMPONENTS", &self.components);
        cargo
    }

    /// Downloads the crates. Without a network, those of an earlier run will do.
    fn fetch(&self) -> anyhow::Result<Result<(), Missing>> {
        let triple = self.triple()?;
        let mut online = self.cargo();
        let output = online.args(["fetch", "--target", &triple]).stdout(Stdio::inherit()).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        eprint!("{errors}");
        if output.status.success() {
            return Ok(Ok(()));
        }
        if is_conflict(&errors) {
            bail!("no versions of the crates suit the newest wasmtime");
        }
        match process::run(self.cargo().args(["fetch", "--offline", "--target", &triple])) {
            Ok(()) => Ok(Ok(())),
            Err(_) => Ok(Err(Missing("its crates can't be downloaded".to_owned()))),
        }
    }

    fn triple(&self) -> anyhow::Result<String> {
        let version = process::output(Command::new("rustup").args(["run", RUST, "rustc", "-vV"]))?;
        let version = String::from_utf8(version)?;
        let triple = version.lines().find_map(|line| line.strip_prefix("host: "));
        Ok(triple.context("`rustc -vV` names no host")?.to_owned())
    }

    /// The version that cargo has chosen.
    fn wasmtime_version(&self) -> anyhow::Result<String> {
        let lock: Table = read(&self.root().join("Cargo.lock"))?.parse()?;
        locked_versions(&lock, "wasmtime")
    }
}

/// Whether cargo failed because of what the manifests ask for, and not for want of a network.
fn is_conflict(errors: &str) -> bool {
    errors.contains("failed to select a version") || errors.contains("failed to parse manifest")
}

/// The one version in the lock file: with two, the tests would not test what they say.
fn locked_versions(lock: &Table, name: &str) -> anyhow::Result<String> {
    let packages = lock.get("package").and_then(Value::as_array).context("the lock file lists no packages")?;
    let named = packages.iter().filter(|package| package.get("name").and_then(Value::as_str) == Some(name));
    let versions: Vec<_> = named.filter_map(|package| package.get("version").and_then(Value::as_str)).collect();
    ensure!(versions.len() == 1, "the lock file has {} versions of {name}: {versions:?}", versions.len());
    Ok(versions[0].to_owned())
}

/// The newest major version within the range that the manifest of `drsession-host` gives.
fn newest_wasmtime(host_manifest: &str) -> anyhow::Result<String> {
    let manifest: Table = host_manifest.parse()?;
    let range = manifest["dependencies"]["wasmtime"].get("version").and_then(Value::as_str);
    let end = range.and_then(|range| range.rsplit_once('<')).and_then(|(_, end)| end.trim().parse::<u32>().ok());
    let end = end.context("host/Cargo.toml: the version of wasmtime has to end before a major version, as in `<51`")?;
    Ok((end - 1).to_string())
}

/// The manifest of the workspace, without the packages that are not copied.
fn patched_root(manifest: &str, wasmtime: &str) -> anyhow::Result<String> {
    let mut manifest: Table = manifest.parse()?;
    manifest.retain(|name, _| name == "workspace" || name == "profile");
    let workspace = manifest.get_mut("workspace").and_then(Value::as_table_mut).context("there is no [workspace]")?;
    workspace.insert("members".to_owned(), MEMBERS.map(Value::from).to_vec().into());
    workspace.remove("default-members");
    // So that cargo does not look for a wasmtime that an older Rust compiles.
    workspace["package"]["rust-version"] = RUST.into();
    ask_for(wasmtime, workspace.get_mut("dependencies"))?;
    Ok(manifest.to_string())
}

fn patched_host(manifest: &str, wasmtime: &str) -> anyhow::Result<String> {
    let mut manifest: Table = manifest.parse()?;
    ask_for(wasmtime, manifest.get_mut("dependencies"))?;
    Ok(manifest.to_string())
}

/// Gives the version to wasmtime and to the crates that belong to it.
fn ask_for(version: &str, dependencies: Option<&mut Value>) -> anyhow::Result<()> {
    let dependencies = dependencies.and_then(Value::as_table_mut).context("there are no dependencies")?;
    ensure!(dependencies.contains_key("wasmtime"), "wasmtime is not among the dependencies");
    for (name, dependency) in dependencies {
        if name.starts_with("wasmtime")
            && let Some(dependency) = dependency.as_table_mut()
            && dependency.contains_key("version")
        {
            dependency.insert("version".to_owned(), version.into());
        }
    }
    Ok(())
}

/// Makes `to` the same as `from`. Files that are the same already keep their times, by which cargo knows that nothing has
/// to be built again. Those that are patched are left alone.
fn synchronize(from: &Path, to: &Path, root: &Path, patched: &[(PathBuf, String)]) -> anyhow::Result<()> {
    if patched.iter().any(|(path, _)| root.join(path) == to) {
        return Ok(());
    }
    if !from.is_dir() {
        let bytes = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
        return write_if_changed(to, &bytes);
    }
    fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    let names = |folder: &Path| -> anyhow::Result<BTreeSet<_>> {
        let entries = folder.read_dir().with_context(|| format!("reading {}", folder.display()))?;
        entries.map(|entry| Ok(entry?.file_name())).collect()
    };
    let wanted = names(from)?;
    for name in names(to)?.difference(&wanted) {
        let path = to.join(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.with_context(|| format!("removing {}", path.display()))?;
    }
    wanted.iter().try_for_each(|name| synchronize(&from.join(name), &to.join(name), root, patched))
}

fn write_if_changed(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "[dependencies]\nrustls = { workspace = true }\nwasmtime = { version = \">=48.0.8, <51\" }\n";

    #[test]
    fn the_newest_wasmtime_is_the_last_major_version_of_the_range() {
        assert_eq!(newest_wasmtime(HOST).unwrap(), "50");
        for version in ["48.0.8", "=48.0.8", ">=48.0.8, <50.1"] {
            assert!(newest_wasmtime(&HOST.replace(">=48.0.8, <51", version)).is_err(), "{version}");
        }
    }

    #[test]
    fn the_host_asks_for_the_newest_and_nothing_else_changes() {
        let patched: Table = patched_host(HOST, "50").unwrap().parse().unwrap();
        let expected: Table = HOST.replace(">=48.0.8, <51", "50").parse().unwrap();
        assert_eq!(patched, expected);
    }

    #[test]
    fn the_root_keeps_what_the_two_packages_need() {
        let root = "
            [workspace]
            members = [\"host\", \"host-test\", \"xtask\"]
            default-members = [\".\"]
            [workspace.package]
            rust-version = \"1.95\"
            license = \"MIT\"
            [workspace.dependencies]
            bytes = \"1\"
            wasmtime = { version = \"=48.0.8\", features = [\"std\"] }
            wasmtime-wasi = { version = \"=48.0.8\" }
            [package]
            name = \"drsession\"
            [dependencies]
            bytes = { workspace = true }
            [profile.dev]
            debug = false
        ";
        let expected = format!(
            "
            [workspace]
            members = [\"host\", \"host-test\"]
            [workspace.package]
            rust-version = \"{RUST}\"
            license = \"MIT\"
            [workspace.dependencies]
            bytes = \"1\"
            wasmtime = {{ version = \"50\", features = [\"std\"] }}
            wasmtime-wasi = {{ version = \"50\" }}
            [profile.dev]
            debug = false
        "
        );
        let patched: Table = patched_root(root, "50").unwrap().parse().unwrap();
        assert_eq!(patched, expected.parse::<Table>().unwrap());
    }

    #[test]
    fn a_lock_file_with_two_versions_is_refused() {
        let package = |version: &str| format!("[[package]]\nname = \"wasmtime\"\nversion = \"{version}\"\n");
        let versions = |lock: String| locked_versions(&lock.parse().unwrap(), "wasmtime");
        assert_eq!(versions(package("50.0.1")).unwrap(), "50.0.1");
        assert!(versions(package("48.0.8") + &package("50.0.1")).is_err());
        assert!(versions("package = []".to_owned()).is_err());
    }

    #[test]
    fn a_conflict_is_no_missing_network() {
        assert!(is_conflict("error: failed to select a version for the requirement `wasmtime = \"=50.9\"`"));
        assert!(!is_conflict("error: failed to download from `https://index.crates.io/config.json`"));
    }

    #[test]
    fn what_is_the_same_keeps_its_time_and_what_is_gone_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("below")).unwrap();
        for (name, text) in [("below/same", "1"), ("changed", "2"), ("patched", "3")] {
            fs::write(from.join(name), text).unwrap();
        }
        let patched = [(PathBuf::from("patched"), String::new())];
        synchronize(&from, &to, &to, &patched).unwrap();
        assert!(!to.join("patched").exists());
        let written = |name: &str| fs::metadata(to.join(name)).unwrap().modified().unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        for name in ["below/same", "changed"] {
            fs::File::options().write(true).open(to.join(name)).unwrap().set_modified(long_ago).unwrap();
        }
        fs::write(from.join("changed"), "4").unwrap();
        fs::create_dir(to.join("gone")).unwrap();
        synchronize(&from, &to, &to, &patched).unwrap();
        assert_eq!(written("below/same"), long_ago);
        assert_ne!(written("changed"), long_ago);
        assert_eq!(fs::read(to.join("changed")).unwrap(), b"4");
        assert!(!to.join("gone").exists());
    }
}
