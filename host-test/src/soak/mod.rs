//! Many visitors for a long time, while everything goes wrong: at the end every promise is held against Redis itself.
//!
//! - `deployment`: the servers, which are restarted and fail over; between them and the component bytes go astray.
//! - `worker`: instances of both flavours, and the `visit`s that they serve.
//! - `ledger`: what everybody was told, and by `expected` what has to follow from it. `report` says what came of it.

mod deployment;
mod expected;
mod ledger;
mod report;
mod told;
mod visit;
mod worker;

use std::{
    fs,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use drsession_host::Sockets;
use futures::future::{join_all, try_join};
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{
    task::block_in_place,
    time::{sleep, timeout},
};

pub use self::report::Report;
use self::{
    deployment::{Deployment, FailingOver, Restarting},
    ledger::{HITS, Ledger, SWAPS},
    report::Outcome,
    worker::WORKERS,
};
use crate::{
    component::Flavour,
    faults::{Faults, Kind, Schedule},
    instance::{Instance, any_address},
    options::Options,
    session::Error,
    waiting::wait_until,
};

/// How many bytes of one direction pass between two faults, on average.
const BYTES_BETWEEN_FAULTS: u64 = 20_000;
/// Of the component, in milliseconds.
const TIME_LIMIT: u32 = 1_000;
/// How long all is well at most before something becomes of a server again, in milliseconds.
const LONGEST_PEACE: u64 = 4_000;
/// How long it may take beyond its time until everybody is done. More is a call that hangs.
const HANG_LIMIT: Duration = Duration::from_secs(120);
/// Between two looks at how it goes.
const TICK: Duration = Duration::from_millis(500);

/// What a soak is made of.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long visits are begun.
    pub duration: Duration,
    /// Every lot is drawn from it; when each of them is drawn depends on how fast everything is.
    pub seed: u64,
}

/// How it goes.
#[derive(Debug)]
pub struct Progress {
    /// On which deployment.
    pub name: &'static str,
    /// For how long.
    pub elapsed: Duration,
    /// What has happened so far.
    pub text: String,
}

/// Soaks every deployment at the same time, and says now and then how it goes. Wants a runtime of several threads.
pub async fn run(settings: Settings, show: &dyn Fn(Progress)) -> anyhow::Result<Report> {
    for flavour in [Flavour::Blocking, Flavour::Async] {
        // What a component takes once, whoever uses it.
        drop(Instance::start(flavour).await);
    }
    let before = open_files()?;
    // On the heap: all that everybody may be at is more than a stack holds.
    let both = try_join(Box::pin(soak::<Restarting>(settings, show)), Box::pin(soak::<FailingOver>(settings, show)));
    let (first, second) = timeout(settings.duration + HANG_LIMIT, both).await.context("somebody hangs")??;
    // The last of the servers' pipes are closed by those who read them.
    let all_closed =
        block_in_place(|| wait_until("files that are closed", || open_files().is_ok_and(|now| now <= before)));
    let after = if all_closed.is_ok() { before } else { open_files()? };
    Ok(Report { duration: settings.duration, deployments: vec![first, second], open_files: [before, after] })
}

async fn soak<D: Deployment>(settings: Settings, show: &dyn Fn(Progress)) -> anyhow::Result<Outcome> {
    let faults = Faults::none();
    let deployment = D::start(&faults).await?;
    let sockets = any_address();
    let options = deployment.options().timeouts(TIME_LIMIT, TIME_LIMIT);
    let mut random = StdRng::seed_from_u64(settings.seed);
    let ledger = Ledger::new(common_session(&sockets, &options).await?, D::READS_ARE_FINAL, settings.duration);

    // Not garbled: of a reply that became another one, nobody could tell that it isn't what Redis said.
    faults.schedule(Schedule::new(random.next_u64(), BYTES_BETWEEN_FAULTS, &Kind::FAITHFUL));
    let trouble = make_trouble(deployment, faults.clone(), settings.duration, StdRng::seed_from_u64(random.next_u64()));
    let trouble = tokio::spawn(trouble);
    let workers = WORKERS.map(|worker| {
        let random = StdRng::seed_from_u64(random.next_u64());
        Box::pin(worker.work(&ledger, &sockets, &options, random))
    });
    let workers = async { Ok(join_all(workers).await) };
    let ticker = async {
        let begin = Instant::now();
        while !ledger.is_over() {
            let text = status(&ledger, &faults);
            show(Progress { name: D::NAME, elapsed: begin.elapsed(), text });
            sleep(TICK).await;
        }
        Ok(())
    };
    let trouble = async { trouble.await.context("trouble panicked")? };
    let (memory, ((deployment, troubles), ())) = try_join(workers, try_join(trouble, ticker)).await?;

    sockets.clear_idle();
    let mut redis = deployment.redis();
    let connections = block_in_place(|| {
        ledger.judge_all(&mut redis);
        let mut others = || redis.command::<String>("CLIENT LIST TYPE normal").lines().count() - 1;
        // Told apart from those that are being closed by time alone.
        let _ = wait_until("connections that are closed", || others() == 0);
        others()
    });
    let memory = memory.into_iter().flatten().collect();
    Ok(Outcome::new(D::NAME, (D::TROUBLE, troubles), faults.counts(), &ledger, memory, connections))
}

/// The session that everybody counts in.
async fn common_session(sockets: &Sockets, options: &Options) -> anyhow::Result<String> {
    let instance = Instance::builder(Flavour::Blocking).sockets(sockets).start().await;
    let store = instance.store(options).await.ok().context("the store does not open")?;
    let session = store.start().await;
    match session.update(&[(HITS, "0"), (SWAPS, "0")]).await {
        // No replica takes over before it has everything that was written in peace.
        Ok(()) | Err(Error::NotReplicated(_)) => Ok(session.known_id().await),
        Err(error) => bail!("nothing is wrong yet, and still: {error:?}"),
    }
}

/// Lets things happen until it is over. Then all is well again; returns how many there were.
async fn make_trouble<D: Deployment>(
    mut deployment: D,
    faults: Faults,
    duration: Duration,
    mut random: StdRng,
) -> anyhow::Result<(D, u64)> {
    let begin = Instant::now();
    let mut troubles = 0;
    loop {
        let peace = Duration::from_millis(random.random_range(0..LONGEST_PEACE));
        if begin.elapsed() + peace >= duration {
            sleep(duration.saturating_sub(begin.elapsed())).await;
            faults.calm();
            return Ok((deployment, troubles));
        }
        sleep(peace).await;
        deployment.trouble(&mut random).await?;
        troubles += 1;
    }
}

fn status(ledger: &Ledger, faults: &Faults) -> String {
    let acknowledged = ledger.counts.acknowledged.load(Ordering::Relaxed);
    let violations: u64 = ledger.counts.violations.iter().map(|count| count.load(Ordering::Relaxed)).sum();
    format!("{acknowledged} writes acknowledged, {} faults, {violations} violations", faults.counts().total())
}

/// How many this process has, sockets included.
fn open_files() -> anyhow::Result<usize> {
    Ok(fs::read_dir("/proc/self/fd").context("this counts open files as Linux shows them")?.count())
}
