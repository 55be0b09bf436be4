//! The report: a table of what was to be reached, and all that was measured.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use crate::cases::Scale;
use crate::goals::Goal;
use crate::machine::Machine;
use crate::prices::{Amount, Price, prices};
use crate::results::{Ratio, Results, Series, disagree};

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

/// What people have written about what was found, on one machine.
#[derive(Clone, Copy)]
pub struct Texts<'a> {
    /// Where the texts are.
    pub folder: &'a Path,
    /// The same, as seen from the report.
    pub link: &'a str,
    /// Whether the report holds them, rather than links.
    pub within: bool,
}

impl Texts<'_> {
    fn read(self, name: &str) -> anyhow::Result<String> {
        let file = self.folder.join(name).with_extension("md");
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        // Where they lie, they link to one another.
        Ok(text.trim().replace("](", &format!("]({}/", self.link)))
    }
}

impl Report<'_> {
    /// The report as text; the pictures are in `plots`, as seen from it.
    ///
    /// # Errors
    ///
    /// A text can't be read.
    pub fn markdown(&self, texts: Texts, (folder, plots): (&str, &Plots)) -> anyhow::Result<String> {
        let mut text = "# What a session costs\n\n".to_owned();
        write_introduction(&mut text, texts)?;
        self.write_prices(&mut text)?;
        self.write_goals(&mut text, texts)?;
        for (file, title) in plots {
            writeln!(text, "![{title}]({folder}/{file})\n")?;
        }
        if texts.within {
            self.write_obstacles(&mut text, texts)?;
        }
        self.write_gaps(&mut text)?;
        self.write_series(&mut text)?;
        self.write_facts(&mut text)?;
        self.write_machine(&mut text)?;
        Ok(text)
    }

    fn write_prices(&self, text: &mut String) -> anyhow::Result<()> {
        let prices = prices(self.results);
        if prices.is_empty() {
            return Ok(());
        }
        writeln!(text, "## What one pays\n\n| | without | | with it | times as dear |\n|---|---|--:|--:|--:|")?;
        for Price { what, other, without, with, times } in prices {
            let [without, with] = [without, with].map(amount);
            writeln!(text, "| {what} | {other} | {without} | {with} | {} |", both_ways(times))?;
        }
        writeln!(text)?;
        Ok(())
    }

    fn write_goals(&self, text: &mut String, texts: Texts) -> anyhow::Result<()> {
        writeln!(
            text,
            "## What was to be reached\n\n| what | goal | measured | of all rounds | samples | |\n|---|---|---|---|---|---|"
        )?;
        for goal in self.goals {
            let sign = if goal.at_least { "≥" } else { "≤" };
            let unit = if goal.unit.is_empty() { String::new() } else { format!(" {}", goal.unit) };
            let value = goal.value.map_or("not measured".to_owned(), |value| format!("**{}**{unit}", number(value)));
            let of_all = goal.of_all.map_or(String::new(), number);
            let uneven = goal.value.zip(goal.of_all).is_some_and(|(by_round, of_all)| disagree(by_round, of_all));
            let verdict = match goal.value {
                None => String::new(),
                Some(_) if goal.reached => "reached".to_owned(),
                Some(_) if texts.within => format!("[no](#{})", goal.slug),
                Some(_) => format!("[no]({}/{}.md)", texts.link, goal.slug),
            };
            let uneven = if uneven { ", uneven" } else { "" };
            let Goal { name, goal, samples, .. } = goal;
            writeln!(text, "| {name} | {sign} {goal}{unit} | {value} | {of_all} | {samples} | {verdict}{uneven} |")?;
        }
        let reached = self.goals.iter().filter(|goal| goal.reached).count();
        writeln!(
            text,
            "\n{reached} of {} are reached. Of ratios, *measured* is the median of the rounds' ratios, and beside it stands the ratio of what all rounds came \
             to; a goal is reached where both reach it. *Uneven* says that the two are more than a tenth apart: what a turn took depended on more than who had \
             it, and neither number is to be trusted.\n",
            self.goals.len()
        )?;
        Ok(())
    }

    /// What was found about each that is not reached.
    fn write_obstacles(&self, text: &mut String, texts: Texts) -> anyhow::Result<()> {
        writeln!(text, "## What stands in the way\n")?;
        for Goal { slug, name, .. } in self.goals.iter().filter(|goal| goal.value.is_some() && !goal.reached) {
            writeln!(text, "### <a id=\"{slug}\"></a>{name}\n\n{}\n", texts.read(slug)?)?;
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
            "## All that was measured\n\nEverybody had a turn in every round, in an order drawn by lot, and what a turn begins with doesn't count. A floor is the \
             least that something can take; *to its floor* is how the p50 is to that of the nearest floor above: the median of the rounds' ratios, and the \
             ratio of what all rounds came to where that is more than a tenth apart. What says *means of* a number is \
             timed so many at once, so that its p99 and slowest are of means.\n"
        )?;
        for (case, series) in self.results.cases() {
            writeln!(text, "### {case}\n")?;
            writeln!(
                text,
                "| | p50, µs | p99, µs | slowest, µs | operations a second | to its floor | samples | rounds |"
            )?;
            writeln!(text, "|---|--:|--:|--:|--:|--:|--:|--:|")?;
            let mut floor = series[0];
            for one in series {
                if one.is_floor {
                    floor = one;
                }
                let ratio = self.results.of_times((case, &one.name), (case, &floor.name)).map(both_ways);
                let ratio = if one.is_floor { "floor".to_owned() } else { ratio.unwrap_or_default() };
                let Series { name, batch, p50, p99, max, rate, samples, rounds, .. } = one;
                let [p50, p99, max] = [p50, p99, max].map(|nanoseconds| number(nanoseconds / 1000.0));
                let means = if *batch > 1 { format!(" (means of {batch})") } else { String::new() };
                let rounds = rounds.len();
                writeln!(
                    text,
                    "| {name}{means} | {p50} | {p99} | {max} | {rate:.0} | {ratio} | {samples} | {rounds} |"
                )?;
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

/// Whose texts these are: their machine need not be the one that was measured.
fn write_introduction(text: &mut String, texts: Texts) -> anyhow::Result<()> {
    let machine = texts.read("machine")?;
    if texts.within {
        let introduction = texts.read("introduction")?;
        writeln!(
            text,
            "{introduction}\n\nThese words, and those on [what stands in the way](#what-stands-in-the-way), were written for {machine} The tables are of \
             [the run](#where) that is named at the end.\n"
        )?;
    } else {
        writeln!(
            text,
            "Numbers here are of [this machine](#where). What was found about them, [as a whole]({link}/introduction.md) and behind each link of the second \
             table, was written for another run: {machine}\n",
            link = texts.link
        )?;
    }
    Ok(())
}

fn amount(amount: Amount) -> String {
    match amount {
        Amount::Each(nanoseconds) => format!("{} µs", number(nanoseconds / 1000.0)),
        Amount::Rate(rate) => format!("{rate:.0} a second"),
    }
}

/// The median of the rounds' ratios, and the ratio of all rounds together where that says something else.
fn both_ways(Ratio { by_round, of_all, .. }: Ratio) -> String {
    if disagree(by_round, of_all) { format!("{by_round:.2} ({of_all:.2})") } else { format!("{by_round:.2}") }
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// How a heading is linked to.
    fn anchor(heading: &str) -> String {
        let letters = heading.chars().filter(|letter| letter.is_alphanumeric() || [' ', '-'].contains(letter));
        letters.collect::<String>().to_lowercase().replace(' ', "-")
    }

    #[test]
    fn the_texts_link_to_what_is_there() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks");
        for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let (name, place) = link.split_once('#').unwrap_or((link, ""));
                let found = fs::read_to_string(folder.join(name)).unwrap_or_default();
                let mut headings = found.lines().filter_map(|line| line.strip_prefix("## "));
                let leads_there = place.is_empty() || headings.any(|heading| anchor(heading) == place);
                assert!(!found.is_empty() && leads_there, "{}: {link}", file.display());
            }
        }
    }
}
