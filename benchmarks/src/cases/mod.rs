//! What is measured, case by case.

pub(crate) mod alone;
pub(crate) mod cold;
pub(crate) mod growth;
pub(crate) mod http;
pub(crate) mod loops;
pub(crate) mod many;
pub(crate) mod one;

use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum;
use host_test::redis_server::RedisServer;
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

use crate::guest::{Exports, Text};
use crate::host::{Kind, State, prepare};
use crate::measure::Plan;
use crate::results::Results;

/// A case, which one can ask for by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// drsession's own five loops.
    Loops,
    /// One operation at a time.
    One,
    /// The component alone.
    Alone,
    /// From nothing to the first reply.
    Cold,
    /// Many calls at once.
    Many,
    /// More fields, larger values, more sessions.
    Growth,
    /// HTTP, through `wasmtime serve`.
    Http,
}

impl Case {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Alone, Self::One, Self::Loops, Self::Cold, Self::Many, Self::Growth, Self::Http];

    /// What its name is in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loops => "drsession's loops",
            Self::One => "one operation at a time",
            Self::Alone => "the component alone",
            Self::Cold => "cold",
            Self::Many => "many at once",
            Self::Growth => "growth",
            Self::Http => "HTTP",
        }
    }

    /// Which part of all the time it gets.
    fn share(self) -> f64 {
        match self {
            Self::Loops => 0.08,
            Self::One => 0.32,
            Self::Alone => 0.06,
            Self::Cold => 0.08,
            Self::Many => 0.22,
            Self::Growth => 0.12,
            Self::Http => 0.12,
        }
    }

    /// Measures it.
    ///
    /// # Errors
    ///
    /// Something could not be measured that should have been.
    pub fn run(self, scale: Scale, results: &mut Results) -> anyhow::Result<()> {
        let time = scale.time().mul_f64(self.share());
        let run: fn(Scale, Duration, &mut Results) -> anyhow::Result<()> = match self {
            Self::Loops => loops::run,
            Self::One => one::run,
            Self::Alone => alone::run,
            Self::Cold => cold::run,
            Self::Many => many::run,
            Self::Growth => growth::run,
            Self::Http => http::run,
        };
        run(scale, time, results).with_context(|| self.name())
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Two minutes.
    Quick,
    /// A quarter of an hour.
    Full,
}

impl Scale {
    fn time(self) -> Duration {
        match self {
            Self::Quick => Duration::from_secs(110),
            Self::Full => Duration::from_secs(15 * 60 - 30),
        }
    }
}

/// How long one contestant measures before it is the next one's turn.
const SLICE: Duration = Duration::from_millis(20);

fn plan(time: Duration) -> Plan {
    Plan { time, slice: SLICE }
}

/// A component, ready to start, and where its functions are.
struct Prepared {
    component: wasmtime::component::InstancePre<State>,
    exports: Exports,
}

fn prepared(file: &'static str, kind: Kind) -> anyhow::Result<Prepared> {
    let component = prepare(file, kind)?;
    let exports = Exports::of(component.component())?;
    Ok(Prepared { component, exports })
}

/// The address of a server, for as long as the program runs.
fn url(redis: &RedisServer) -> Text {
    redis.url().leak()
}

/// A runtime of one thread: everybody has the same.
fn runtime() -> anyhow::Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}
