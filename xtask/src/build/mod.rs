//! `build`: every component, into target/components.

mod budget;
mod describe;
mod encode;
mod first_page;
mod report;

pub(crate) mod interface;

use std::env;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::flags::ToolchainName;
use crate::setup::{self, TARGET, Toolchain};
use crate::workspace::Workspace;

/// The session component, as it is called everywhere.
pub(crate) const DRSESSION: &str = "drsession.wasm";
/// The session component whose calls are asynchronous.
pub(crate) const DRSESSION_ASYNC: &str = "drsession-async.wasm";
/// The session component for hosts that have `wasi:sockets` and nothing of ours.
pub(crate) const DRSESSION_WASI: &str = "drsession-wasi.wasm";
/// The same with asynchronous calls, for hosts of WASI 0.3.
pub(crate) const DRSESSION_ASYNC_WASI: &str = "drsession-async-wasi.wasm";
/// The middleware that gives each request its session.
pub(crate) const MIDDLEWARE: &str = "drsession-middleware.wasm";
/// The demo shop with the session component within.
pub(crate) const SHOP: &str = "shop.wasm";
/// The demo shop without it.
pub(crate) const SHOP_BARE: &str = "shop-bare.wasm";
/// The demo shop for hosts that have `wasi:sockets`.
pub(crate) const SHOP_WASI: &str = "shop-wasi.wasm";
/// The shop's session module, tried on the list of cases.
pub(crate) const RUST_CASES: &str = "rust-cases.wasm";
/// The application that keeps MessagePack.
pub(crate) const MESSAGEPACK: &str = "messagepack.wasm";
/// The component that encrypts sessions on their way.
pub(crate) const ENCRYPTION: &str = "session-encryption.wasm";

/// Builds every component, shows what came out, and fails where something is past its budget.
pub(crate) fn run(workspace: &Workspace, toolchain: Option<ToolchainName>) -> anyhow::Result<()> {
    let lines = components(workspace, toolchain)?
        .iter()
        .map(|(name, bytes)| report::Line::of(name, bytes))
        .collect::<anyhow::Result<Vec<_>>>()?;
    report::print(&lines);
    budget::check(&lines)
}

/// Builds every component into target/components, and returns them with their names.
pub(crate) fn components(
    workspace: &Workspace,
    toolchain: Option<ToolchainName>,
) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
    let toolchain = setup::wasm_toolchain(workspace, toolchain)?;
    let wasm_opt = setup::wasm_opt()?;
    let component = |package: &str, features: &[&str]| {
        encode::component(&core_module(workspace, toolchain, package, features)?, &wasm_opt)
    };
    let drsession = component("drsession", &["blocking"])?;
    let drsession_async = component("drsession", &["async"])?;
    let wasi_sockets = component("wasi-sockets-adapter", &[])?;
    let drsession_wasi = encode::plug(&wasi_sockets, &drsession)?;
    let wasi_sockets_async = component("wasi-sockets-async-adapter", &[])?;
    let drsession_async_wasi = encode::plug(&wasi_sockets_async, &drsession_async)?;
    let wasi_sockets_restless = encode::plug(&wasi_sockets_async, &component("restless-socket", &[])?)?;
    let shop_bare = component("shop", &[])?;
    let shop = encode::plug(&drsession, &shop_bare)?;
    let shop_wasi = encode::plug(&drsession_wasi, &shop_bare)?;
    let canceller = encode::plug(&drsession_async, &component("canceller", &[])?)?;

    // Each with the package that it is told to be of.
    let components = [
        (DRSESSION, "drsession", drsession),
        (DRSESSION_ASYNC, "drsession", drsession_async),
        ("wasi-sockets.wasm", "wasi-sockets-adapter", wasi_sockets),
        (DRSESSION_WASI, "drsession", drsession_wasi),
        ("wasi-sockets-async.wasm", "wasi-sockets-async-adapter", wasi_sockets_async),
        (DRSESSION_ASYNC_WASI, "drsession", drsession_async_wasi),
        ("wasi-sockets-restless.wasm", "restless-socket", wasi_sockets_restless),
        ("canceller.wasm", "canceller", canceller),
        ("greedy.wasm", "greedy", component("greedy", &[])?),
        (MIDDLEWARE, "drsession-middleware", component("drsession-middleware", &[])?),
        (SHOP_BARE, "shop", shop_bare),
        (SHOP, "shop", shop),
        (SHOP_WASI, "shop", shop_wasi),
        ("spin-visits.wasm", "spin-visits", component("spin-visits", &[])?),
        ("visits-bare.wasm", "visits", component("visits", &[])?),
        ("visits-alone-bare.wasm", "visits", component("visits", &["alone"])?),
        (RUST_CASES, "rust-cases", component("rust-cases", &[])?),
        (MESSAGEPACK, "messagepack", component("messagepack", &[])?),
        (ENCRYPTION, "session-encryption", component("session-encryption", &[])?),
    ];
    let mut built = Vec::new();
    for (file, package, component) in components {
        let name = file.trim_end_matches(".wasm");
        let component = describe::described(&component, name, workspace.package(package)?)?;
        write(&workspace.components().join(file), &component)?;
        built.push((file, component));
    }
    Ok(built)
}

/// Builds what the benchmarks compare the session component with, and what calls it there.
pub(crate) fn benchmark_guests(workspace: &Workspace, toolchain: Option<ToolchainName>) -> anyhow::Result<()> {
    let toolchain = setup::wasm_toolchain(workspace, toolchain)?;
    let wasm_opt = setup::wasm_opt()?;
    let folder = workspace.components();
    let guest = |package: &str, features: &[&str]| {
        encode::component(&core_module(workspace, toolchain, package, features)?, &wasm_opt)
    };
    let with = |plug: &str, guest: Vec<u8>| encode::plug(&fs::read(folder.join(plug))?, &guest);
    let guests = [
        ("benchmark-idle.wasm", guest("benchmark-idle", &[])?),
        ("benchmark-idle-async.wasm", guest("benchmark-idle", &["async"])?),
        ("benchmark-hello.wasm", guest("benchmark-hello", &[])?),
        ("benchmark-hello-async.wasm", guest("benchmark-hello", &["async"])?),
        ("benchmark-calls.wasm", with(DRSESSION, guest("benchmark-calls", &[])?)?),
        ("benchmark-calls-async.wasm", with(DRSESSION_ASYNC, guest("benchmark-calls", &["async"])?)?),
        ("benchmark-client.wasm", guest("benchmark-calls", &["client"])?),
        ("benchmark-visits.wasm", with(DRSESSION_WASI, fs::read(folder.join("spin-visits.wasm"))?)?),
        ("benchmark-visits-async.wasm", with(DRSESSION_ASYNC_WASI, fs::read(folder.join("visits-alone-bare.wasm"))?)?),
    ];
    for (file, component) in guests {
        write(&folder.join(file), &component)?;
    }
    Ok(())
}

/// Compiles one package with exactly these features.
fn core_module(
    workspace: &Workspace,
    toolchain: Toolchain,
    package: &str,
    features: &[&str],
) -> anyhow::Result<Vec<u8>> {
    let mut cargo = toolchain.cargo(workspace);
    cargo.args(["build", "--release", "--target", TARGET, "--package", package]);
    cargo.args(["--no-default-features", "--features", &features.join(",")]);
    cargo.args(["--config", &short_paths()?]);
    crate::process::run(&mut cargo)?;
    let file = workspace.target().join(TARGET).join("release").join(package.replace('-', "_")).with_extension("wasm");
    fs::read(&file).with_context(|| format!("reading {}", file.display()))
}

/// Strips local paths from panic messages, for privacy and size.
fn short_paths() -> anyhow::Result<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let sources = home.context("cargo has no folder")?.join("registry").join("src");
    let folders = fs::read_dir(&sources).with_context(|| format!("reading {}", sources.display()))?;
    let flags = folders.map(|folder| Ok(format!("--remap-path-prefix={}=", folder?.path().display())));
    let flags = flags.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(format!("target.{TARGET}.rustflags={}", serde_json::to_string(&flags)?))
}

/// Writes a file as a whole: who reads it meanwhile sees the former one or the new one.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder)?;
    let readable = fs::Permissions::from_mode(0o644);
    let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}
