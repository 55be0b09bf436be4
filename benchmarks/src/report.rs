//! The report: a table of what was to be reached, and all that was measured.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::cases::Scale;
use crate::goals::Goal;
use crate::machine::Machine;
use crate::results::{Ratio, Results, Series};

/// All that `report.json` holds.
#[derive(Serialize)]
pub struct Report<'a> {
    /// Where it was measured.
    pub machine: &'a Machine,
    /// How much was measured.
    pub scale: Scale,
    /// What was to be reached.
    pub goals: &'a [Goal],
    /// What was measured.
    #[serde(flatten)]
    pub results: &'a Results,
}

/// The pictures that go with it: files, and what they show.
pub type Plots = [(&'static str, &'static str)];

impl Report<'_> {
    /// The report as text. `obstacles` is the folder that says what stands in the way, `plots` the one where pictures and profiles are, as
    /// seen from the text.
    ///
    /// # Errors
    ///
    /// A text can't be read.
    pub fn markdown(&self, introduction: &str, obstacles: &Path, plots: (&str, &Plots)) -> anyhow::Result<String> {
        let mut text = format!("# What a session costs\n\n{}\n\n", introduction.trim());
        self.write_goals(&mut text)?;
        for (file, title) in plots.1 {
            writeln!(text, "![{title}]({}/{file})\n", plots.0)?;
        }
        self.write_obstacles(&mut text, obstacles, plots.0)?;
        self.write_gaps(&mut text)?;
        self.write_series(&mut text)?;
        self.write_facts(&mut text)?;
        self.write_machine(&mut text)?;
        Ok(text)
    }

    fn write_goals(&self, text: &mut String) -> anyhow::Result<()> {
        writeln!(text, "## What was to be reached\n\n| what | goal | measured | samples | |\n|---|---|---|---|---|")?;
        for goal in self.goals {
            let sign = if goal.at_least { "≥" } else { "≤" };
            let unit = if goal.unit.is_empty() { String::new() } else { format!(" {}", goal.unit) };
            let value = goal.value.map_or("not measured".to_owned(), |value| format!("**{}**{unit}", number(value)));
            let verdict = if goal.reached { "reached".to_owned() } else { format!("[no](#{})", goal.slug) };
            let Goal { name, goal, samples, .. } = goal;
            writeln!(text, "| {name} | {sign} {goal}{unit} | {value} | {samples} | {verdict} |")?;
        }
        let reached = self.goals.iter().filter(|goal| goal.reached).count();
        writeln!(text, "\n{reached} of {} are reached.\n", self.goals.len())?;
        Ok(())
    }

    /// What the profiles say of each that is not reached.
    fn write_obstacles(&self, text: &mut String, folder: &Path, profiles: &str) -> anyhow::Result<()> {
        let missed: Vec<_> = self.goals.iter().filter(|goal| !goal.reached).collect();
        if missed.is_empty() {
            return Ok(());
        }
        writeln!(text, "## What stands in the way\n")?;
        for goal in missed {
            writeln!(text, "### <a id=\"{}\"></a>{}\n", goal.slug, goal.name)?;
            let found = match (goal.value, fs::read_to_string(folder.join(goal.slug).with_extension("md"))) {
                (None, _) => "It was not measured.".to_owned(),
                // There they lie beside one another.
                (Some(_), Ok(found)) => found.trim().replace("](profiles.md", &format!("]({profiles}/profiles.md")),
                (Some(_), Err(_)) => "**Nobody has looked yet.**".to_owned(),
            };
            writeln!(text, "{found}\n")?;
        }
        Ok(())
    }

    fn write_gaps(&self, text: &mut String) -> anyhow::Result<()> {
        if !self.results.gaps.is_empty() {
            writeln!(text, "## Not measured\n")?;
            for gap in &self.results.gaps {
                writeln!(text, "- **{}**, {}: {}", gap.case, gap.name, gap.why)?;
            }
            writeln!(text)?;
        }
        Ok(())
    }

    fn write_series(&self, text: &mut String) -> anyhow::Result<()> {
        writeln!(
            text,
            "## All that was measured\n\nEverybody had a turn in every round. Ratios are to the first of each table, round by round; what stands here is their \
             median.\n"
        )?;
        for (case, series) in self.results.cases() {
            writeln!(text, "### {case}\n")?;
            writeln!(text, "| | p50, µs | p99, µs | operations a second | p50 to the first | samples | rounds |")?;
            writeln!(text, "|---|--:|--:|--:|--:|--:|--:|")?;
            let first = series[0];
            for Series { name, p50, p99, rate, samples, rounds, .. } in &series {
                let ratio = self.results.of_times((case, name), (case, &first.name));
                let ratio = ratio.map_or(String::new(), |Ratio { value, .. }| format!("{value:.2}"));
                let [p50, p99] = [p50, p99].map(|nanoseconds| number(nanoseconds / 1000.0));
                writeln!(text, "| {name} | {p50} | {p99} | {rate:.0} | {ratio} | {samples} | {} |", rounds.len())?;
            }
            writeln!(text)?;
        }
        Ok(())
    }

    fn write_facts(&self, text: &mut String) -> anyhow::Result<()> {
        if !self.results.facts.is_empty() {
            writeln!(text, "### Counted\n\n| case | what | |\n|---|---|--:|")?;
            for fact in &self.results.facts {
                writeln!(text, "| {} | {} | {} {} |", fact.case, fact.name, fact.value, fact.unit)?;
            }
            writeln!(text)?;
        }
        Ok(())
    }

    fn write_machine(&self, text: &mut String) -> anyhow::Result<()> {
        let Machine { processor, cores, system, date, versions } = self.machine;
        let length = match self.scale {
            Scale::Quick => "two minutes",
            Scale::Full => "a quarter of an hour",
        };
        writeln!(text, "## Where\n\n{processor}, {cores} cores, {system}; {date}, in {length}.\n")?;
        writeln!(text, "| | version |\n|---|---|")?;
        for (name, version) in versions {
            writeln!(text, "| {name} | {version} |")?;
        }
        Ok(())
    }
}

/// As many digits as tell something.
fn number(value: f64) -> String {
    match value {
        value if value >= 1000.0 => format!("{value:.0}"),
        value if value >= 100.0 => format!("{value:.1}"),
        value if value >= 10.0 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}
