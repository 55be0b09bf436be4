//! How much memory an instance has after how many calls.

use futures::future::join_all;

use crate::{bench::Bench, instance::Instance, session::Store};

/// How many calls are in flight at once.
const CALLERS: u64 = 256;

/// How many calls each handle gets.
const CALLS: u64 = 64;

/// Bytes of memory that an instance has after at least so many calls, for each of the numbers. Every handle is dropped after
/// a while, as requests end.
pub async fn memory_after(bench: &Bench, numbers: impl IntoIterator<Item = u64>) -> Vec<usize> {
    let instance = bench.instance().await;
    let store = instance.store(&bench.options()).await.expect("a store");
    // What the most calls at once take is taken once: more of them than will be counted.
    calls(&instance, &store, 2 * CALLERS).await;
    let (mut done, mut sizes) = (0, Vec::new());
    for number in numbers {
        while done < number {
            calls(&instance, &store, CALLERS).await;
            done += CALLERS * CALLS;
        }
        sizes.push(instance.memory().await);
    }
    sizes
}

/// Several callers at once, each with a session of its own.
async fn calls(instance: &Instance, store: &Store, callers: u64) {
    let mut sessions = Vec::new();
    for _ in 0..callers {
        sessions.push(store.start().await);
    }
    instance
        .run_concurrent(async |calls| {
            join_all(sessions.iter().map(async |session| {
                let session = session.concurrent(calls);
                let mut sum = 0;
                for call in 1..CALLS as i64 {
                    sum += call;
                    assert_eq!(session.increment("sum", call).await, Ok(sum));
                }
                assert_eq!(session.destroy().await, Ok(()));
            }))
            .await;
        })
        .await;
    for session in sessions {
        session.close().await;
    }
}
