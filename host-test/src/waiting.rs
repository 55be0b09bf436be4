//! Waiting for what servers do among themselves, of which nobody is told.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::bail;

const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until it is so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) -> anyhow::Result<()> {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > LIMIT {
            bail!("{what}: not so within {LIMIT:?}");
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}
