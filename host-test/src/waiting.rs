//! Waiting for what nobody is told of, and for what has to end by itself.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::bail;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until it is so. The error says what did not come.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) -> anyhow::Result<()> {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > LIMIT {
            bail!("{what}: not so within {LIMIT:?}");
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// How long something may take that is held to this time limit: far longer, for a machine may be busy with other things, and
/// not without end.
pub fn ample(limit: Duration) -> Duration {
    10 * limit + Duration::from_secs(5)
}

/// What a call comes to that a time limit ends, in milliseconds. Fails the test where that limit does not hold.
pub async fn in_time<T>(what: &str, limit: u32, call: impl Future<Output = T>) -> T {
    let most = ample(Duration::from_millis(limit.into()));
    let ended = timeout(most, call).await;
    ended.unwrap_or_else(|_| panic!("{what}: its limit is {limit} ms, and it has not ended within {most:?}"))
}
