//! `fuzz`: inputs that nobody thought of, led by coverage, through everything that reads bytes from outside.
//!
//! The targets are in `fuzz/`, laid out as cargo-fuzz knows it, and run by libFuzzer. It needs no nightly compiler: see
//! `fuzz/instrumented-rustc`.

mod target;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::flags::{Fuzz, ToolchainName};
use crate::process;
use crate::test::Counts;
use crate::workspace::Workspace;
use crate::{build, setup};

use target::{Bound, Target};

/// The targets, and how many inputs of each the gate tries: some seconds' worth.
const TARGETS: [Target; 10] = [
    Target { name: "replies", inputs: 100_000 },
    Target { name: "frames", inputs: 100_000 },
    Target { name: "urls", inputs: 200_000 },
    Target { name: "cookies", inputs: 100_000 },
    Target { name: "ids", inputs: 10_000 },
    Target { name: "numbers", inputs: 500_000 },
    Target { name: "json", inputs: 500_000 },
    Target { name: "refusals", inputs: 100_000 },
    Target { name: "session", inputs: 10_000 },
    Target { name: "session_async", inputs: 5_000 },
];

/// Whether every input did what it should.
pub(crate) fn run(workspace: &Workspace, toolchain: Option<ToolchainName>, flags: &Fuzz) -> anyhow::Result<bool> {
    let chosen = chosen(&flags.targets)?;
    setup::cpp_compiler()?;
    build::components(workspace, toolchain)?;
    let programs = build(workspace)?;
    if let Some(input) = &flags.input {
        let [target] = chosen[..] else { bail!("--input goes with the one target that it is for") };
        return target.try_again(&programs, workspace, input);
    }
    let each = Duration::from_secs(u64::from(flags.minutes) * 60) / u32::try_from(chosen.len())?;
    let mut executions = 0;
    let mut failed = Vec::new();
    for target in &chosen {
        let corpus = workspace.target().join("fuzz/corpus").join(target.name);
        match target.run(&programs, workspace, &corpus, Bound::Time(each)) {
            Ok(count) => executions += count,
            Err(error) => {
                println!("{}: {error:#}", target.name);
                failed.push(target.name);
            }
        }
        if flags.keep && !failed.contains(&target.name) {
            target.keep(&programs, workspace, &corpus)?;
        }
    }
    println!(
        "{executions} executions of {} targets; {}",
        chosen.len(),
        match &failed[..] {
            [] => "no crash, no trap, no hang, no memory past its bound".to_owned(),
            failed => format!("FAILED: {}", failed.join(", ")),
        }
    );
    Ok(failed.is_empty())
}

/// The bounded form, the same inputs every time: each target counts as one test.
pub(crate) fn tests(workspace: &Workspace) -> anyhow::Result<Counts> {
    let programs = build(workspace)?;
    let mut counts = Counts::default();
    let mut executions = 0;
    for target in &TARGETS {
        let found = tempfile::tempdir()?;
        match target.run(&programs, workspace, found.path(), Bound::Inputs) {
            Ok(count) => {
                executions += count;
                counts.passed += 1;
            }
            Err(error) => {
                println!("{}: {error:#}", target.name);
                counts.failed += 1;
            }
        }
    }
    println!("{executions} executions of {} targets", TARGETS.len());
    Ok(counts)
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Target>> {
    if names.is_empty() {
        return Ok(TARGETS.iter().collect());
    }
    let find = |name: &String| {
        let known = || TARGETS.map(|target| target.name).join(", ");
        TARGETS.iter().find(|target| target.name == name).with_context(|| format!("no target {name}: {}", known()))
    };
    names.iter().map(find).collect()
}

/// Builds the targets' programs; the folder that they are in.
fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let mut cargo = workspace.cargo();
    // All packages, as the tests: with fewer of them features differ and everything is compiled again.
    cargo.args(["build", "--workspace"]);
    for target in &TARGETS {
        cargo.args(["--bin", target.name]);
    }
    cargo.env("RUSTC_WORKSPACE_WRAPPER", workspace.root().join("fuzz/instrumented-rustc"));
    process::run(&mut cargo)?;
    Ok(workspace.target().join("debug"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::TARGETS;

    #[test]
    fn every_target_is_run_and_begins_with_a_corpus() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("fuzz");
        let names = |folder: &str, path: &Path| {
            let entries = fs::read_dir(path.join(folder)).expect(folder).map(|entry| entry.expect(folder).path());
            entries.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect::<BTreeSet<_>>()
        };
        let ours: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
        assert_eq!(names("fuzz_targets", &folder), ours);
        assert_eq!(names("corpus", &folder), ours);
    }
}
