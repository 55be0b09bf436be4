//! Measures, and writes the report.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use benchmarks::cases::{Case, Scale};
use benchmarks::goals::goals;
use benchmarks::machine::Machine;
use benchmarks::measure;
use benchmarks::plots;
use benchmarks::report::{Report, Texts};
use benchmarks::results::Results;
use clap::Parser;
use host_test::signals;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Builder;

/// Measures what a session costs, beside what people would use instead. `cargo xtask bench` builds what this needs.
#[derive(Parser)]
#[command(max_term_width = 100)]
struct Flags {
    /// Takes 2 minutes in place of 15
    #[arg(long)]
    quick: bool,

    /// Writes docs/benchmarks.md and its plots too
    #[arg(long, conflicts_with = "cases")]
    publish: bool,

    /// Measures nobody but the contestant of this name, and tells perf what wasmtime compiles: for a profile of it
    #[arg(long, value_name = "CONTESTANT", requires = "cases")]
    alone: Option<String>,

    /// The cases to measure; all of them unless one is named
    #[arg(value_name = "CASE")]
    cases: Vec<Case>,
}

fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    let scale = if flags.quick { Scale::Quick } else { Scale::Full };
    let cases = if flags.cases.is_empty() { Case::ALL.to_vec() } else { flags.cases };
    heed_signals()?;
    if let Some(name) = &flags.alone {
        measure::alone(name.clone());
    }
    let results = run(scale, &cases)?;
    if let Some(name) = &flags.alone {
        ensure!(!results.series.is_empty(), "{name} is no contestant of what was measured");
    }

    let goals = goals(&results);
    let machine = Machine::this()?;
    let report = Report { machine: &machine, scale, goals: &goals, results: &results };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?;
    let docs = root.join("docs");
    let texts = docs.join("benchmarks");
    let folder = root.join("target/bench");
    fs::create_dir_all(&folder)?;
    let drawn = plots::draw(&results, &folder)?;
    // What was found on one machine is no part of what another one measures.
    let beside = Texts { folder: &texts, link: "../../docs/benchmarks", within: false };
    write(&folder.join("report.md"), &report.markdown(beside, (".", &drawn))?)?;
    write(&folder.join("report.json"), &serde_json::to_string_pretty(&report)?)?;
    if flags.publish {
        let drawn = plots::draw(&results, &texts)?;
        let within = Texts { folder: &texts, link: "benchmarks", within: true };
        write(&docs.join("benchmarks.md"), &report.markdown(within, ("benchmarks", &drawn))?)?;
    }
    for goal in &goals {
        let value = goal.value.map_or("not measured".to_owned(), |value| format!("{value:.3}"));
        let sign = if goal.at_least { "≥" } else { "≤" };
        let mark = if goal.reached { "reached " } else { "        " };
        println!("{mark} {value:>12} {sign} {:<6} {} ({} samples)", goal.goal, goal.name, goal.samples);
    }
    println!("{} holds all of it", folder.join("report.md").display());
    Ok(())
}

/// Lets a signal end the measuring, so that what was started ends with what is dropped.
fn heed_signals() -> anyhow::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let enough = runtime.block_on(async { signals::enough() })?;
    thread::spawn(move || {
        runtime.block_on(enough);
        measure::stop();
    });
    Ok(())
}

/// Measures one case after the other.
fn run(scale: Scale, cases: &[Case]) -> anyhow::Result<Results> {
    let bar = ProgressBar::new(cases.len() as u64);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}")?);
    bar.enable_steady_tick(Duration::from_millis(250));
    let mut results = Results::default();
    for case in cases {
        bar.set_message(case.name());
        case.run(scale, &mut results)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(results)
}

fn write(path: &PathBuf, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| path.display().to_string())
}
