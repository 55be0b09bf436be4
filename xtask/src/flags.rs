//! The commands and their flags, as `--help` shows them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Builds, runs and tests drsession.
///
/// Every command gets what it needs by itself (`setup`), and says so.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// The Rust that builds the components: the workspace's own, or that of Debian's packages, for where rustup can't
    /// download. Unless it is given: the own one if it has the wasm target, else Debian's
    #[arg(
        long,
        global = true,
        env = "DRSESSION_WASM_TOOLCHAIN",
        value_name = "own|debian",
        hide_possible_values = true
    )]
    pub(crate) wasm_toolchain: Option<ToolchainName>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ToolchainName {
    /// The one of rust-toolchain.toml.
    Own,
    /// Debian's `rustc-web` and `cargo-web`.
    Debian,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Gets what is missing: the wasm target, a C++ compiler, redis-server, Chromium, cargo-component, wasmtime, wac
    Setup,
    /// Builds every component into target/components and shows their sizes, imports and exports
    Build,
    /// Serves the demo shop, with a Redis of its own unless one is named
    Serve(Serve),
    /// Keeps many visitors busy while connections break, servers restart and replicas take over, and fails where a promise was
    /// broken
    Soak(Soak),
    /// Shows, in minutes, that the asynchronous component needs no more memory after 10 million calls than after 1
    SoakMemory,
    /// Tries inputs that nobody thought of on everything that reads bytes from outside
    Fuzz(Fuzz),
    /// Checks everything: formatting, lints, docs, contract, builds and all tests
    Test(Test),
    /// Measures what a session costs, beside what people would use instead: into target/bench/report.md
    Bench(Bench),
    /// Counts what each operation of the built components takes, and holds it to benchmarks/fuel.toml
    Fuel(Fuel),
    /// Builds the examples and tests them
    Examples(Examples),
    /// Makes the asynchronous twins of the contract's interfaces in wit/, or checks the contract
    Wit(Wit),
}

#[derive(Args)]
pub(crate) struct Serve {
    /// The Redis to use, as `redis://[[user]:password@]host[:port][/database]`; else a private one is started
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) redis: Option<String>,

    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) listen: String,

    /// Names the cookie `id`, without Secure: for plain HTTP under a name that the browser doesn't trust
    #[arg(long)]
    pub(crate) insecure_cookie: bool,
}

#[derive(Args)]
pub(crate) struct Soak {
    /// How long
    #[arg(long, default_value = "5", value_name = "N")]
    pub(crate) minutes: String,

    /// What every lot is drawn from; else a new one
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

#[derive(Args)]
pub(crate) struct Test {
    /// Leaves out what takes minutes, and says at the end what that was
    #[arg(long, conflicts_with = "bless")]
    pub(crate) quick: bool,

    /// Rewrites the list of conformance cases (host-test/conformance.txt) and does nothing else
    #[arg(long)]
    pub(crate) bless: bool,
}

#[derive(Args)]
pub(crate) struct Bench {
    /// Takes 2 minutes in place of 15
    #[arg(long)]
    pub(crate) quick: bool,

    /// Writes docs/benchmarks.md and its plots too
    #[arg(long)]
    pub(crate) publish: bool,

    /// Measures nobody but the contestant of this name, and tells perf what wasmtime compiles: for a profile of it
    #[arg(long, value_name = "CONTESTANT", requires = "cases")]
    pub(crate) alone: Option<String>,

    /// The cases to measure; all of them unless one is named
    #[arg(value_name = "CASE")]
    pub(crate) cases: Vec<String>,
}

#[derive(Args, Default)]
pub(crate) struct Fuel {
    /// Makes what is counted the budget
    #[arg(long)]
    pub(crate) bless: bool,
}

#[derive(Args)]
pub(crate) struct Fuzz {
    /// The targets (fuzz/fuzz_targets); all of them unless some are named
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,

    /// How long, all targets together
    #[arg(long, default_value = "10", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) minutes: u32,

    /// Takes what is found, as far as it reaches new code, into the corpus in fuzz/corpus
    #[arg(long)]
    pub(crate) keep: bool,

    /// Tries this one input again
    #[arg(long, value_name = "FILE", conflicts_with_all = ["minutes", "keep"])]
    pub(crate) input: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Examples {
    /// The folders in examples/; all of them unless one is named
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Wit {
    /// Writes nothing: fails where the contract doesn't parse, an item of it has no documentation, or a twin differs
    #[arg(long)]
    pub(crate) check: bool,
}
