//! Holds the built components to `fuel.toml`, and prints what they consume beside it.

use std::path::Path;
use std::process::ExitCode;

use benchmarks::fuel::{Budget, COMPONENTS, measure};
use clap::Parser;

/// Counts the fuel that each operation of the components takes.
#[derive(Parser)]
struct Flags {
    /// Makes what is counted the budget.
    #[arg(long)]
    bless: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let flags = Flags::parse();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuel.toml");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let budget = if flags.bless { Budget::default() } else { Budget::read(&path)? };
    let mut allowed = Budget::default();
    let mut faults = Vec::new();
    println!("{:20} {:14} {:>9} {:>9}", "component", "operation", "fuel", "budget");
    for flavour in COMPONENTS {
        let file = flavour.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let consumption = runtime.block_on(measure(flavour))?;
        let limits = budget.0.get(&name).cloned().unwrap_or_default();
        for (row, count) in consumption.rows() {
            let limit = limits.rows().get(row).filter(|limit| **limit > 0).map(u64::to_string).unwrap_or_default();
            println!("{name:20} {row:14} {count:>9} {limit:>9}");
        }
        faults.extend(budget.faults(&name, &consumption));
        allowed.allow(name, &consumption);
    }
    if flags.bless {
        allowed.write(&path)?;
        println!("{} is written anew", path.display());
        return Ok(ExitCode::SUCCESS);
    }
    for fault in &faults {
        println!("past the budget: {fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
