//! Shows, for as long as one likes, that every promise is kept while everything goes wrong.

use std::{cell::RefCell, collections::BTreeMap, process::ExitCode, time::Duration};

use anyhow::bail;
use clap::Parser;
use host_test::{
    signals,
    soak::{self, Progress, Settings},
};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Many visitors for a long time, while everything goes wrong.
#[derive(Parser)]
struct Flags {
    /// How long
    #[arg(long, default_value_t = 5.0, value_parser = minutes, value_name = "N")]
    minutes: f64,

    /// What every lot is drawn from; else a new one
    #[arg(long)]
    seed: Option<u64>,
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(minutes) if (0.1..=1e5).contains(&minutes) => Ok(minutes),
        _ => Err("a number of minutes, at least 0.1".to_owned()),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let flags = Flags::parse();
    let duration = Duration::from_secs_f64(flags.minutes * 60.0);
    let seed = flags.seed.unwrap_or_else(rand::random);
    println!("seed {seed}");

    let enough = signals::enough()?;
    let bars = Bars::new(duration);
    let show = |progress| bars.show(&progress);
    // Either way, what was started ends with what is dropped here.
    let report = tokio::select! {
        report = soak::run(Settings { duration, seed }, &show) => report?,
        () = enough => bail!("stopped before its time"),
    };
    bars.clear();
    println!("{report}");
    println!("{}", if report.is_well() { "All is well." } else { "Something is wrong: see above." });
    Ok(if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One for each deployment.
struct Bars {
    all: MultiProgress,
    bars: RefCell<BTreeMap<&'static str, ProgressBar>>,
    duration: Duration,
}

impl Bars {
    fn new(duration: Duration) -> Self {
        Self { all: MultiProgress::new(), bars: RefCell::default(), duration }
    }

    fn show(&self, progress: &Progress) {
        let mut bars = self.bars.borrow_mut();
        let bar = bars.entry(progress.name).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix:25} {bar:20} {elapsed} of {len} s: {msg}");
            let bar = ProgressBar::new(self.duration.as_secs()).with_style(style.expect("a template"));
            self.all.add(bar.with_prefix(progress.name))
        });
        bar.set_position(progress.elapsed.as_secs());
        bar.set_message(progress.text.clone());
    }

    fn clear(&self) {
        self.bars.borrow().values().for_each(ProgressBar::finish_and_clear);
    }
}
