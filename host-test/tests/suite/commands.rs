//! The commands that a script runs within Redis, by its own count: under the default options, and on a session that is alive.

use std::collections::BTreeMap;

use host_test::{bench::Bench, options::Options, redis_client::RedisClient, session::Session};

use super::support::{attached, stored, warm_up};

/// The calls of each command since CONFIG RESETSTAT.
fn counts(redis: &mut RedisClient) -> BTreeMap<String, u64> {
    let info: String = redis.command("INFO commandstats");
    let lines = info.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls="));
    let counts = lines.map(|(name, rest)| {
        let calls = rest.split(',').next().and_then(|calls| calls.parse().ok());
        (name.to_owned(), calls.expect("a number of calls"))
    });
    // What the test itself sends.
    counts.filter(|(name, _)| !name.starts_with("config") && name != "info").collect()
}

/// Counts the commands of a handle's first call.
async fn count_first<T>(bench: &Bench, call: impl AsyncFn(&Session) -> T) -> BTreeMap<String, u64> {
    let options: Options = bench.options();
    let store = bench.store(&options).await;
    let session = stored(&store).await;
    warm_up(&store).await;
    let handle = attached(&store, &session).await;
    let mut redis = bench.redis();
    let () = redis.command("CONFIG RESETSTAT");
    call(&handle).await;
    counts(&mut redis)
}

fn expected(names: &[&str]) -> BTreeMap<String, u64> {
    names.iter().map(|name| ((*name).to_owned(), 1)).collect()
}

pub(crate) async fn a_first_set_looks_sets_and_renews(bench: Bench) {
    let counts = count_first(&bench, async |session| assert_eq!(session.set("field", "2").await, Ok(()))).await;
    assert_eq!(counts, expected(&["evalsha", "hmget", "hset", "expire"]));
}

pub(crate) async fn a_first_get_looks_reads_and_renews(bench: Bench) {
    let get = async |session: &Session| assert_eq!(session.get("field").await, Ok(Some("1".to_owned())));
    assert_eq!(count_first(&bench, get).await, expected(&["evalsha", "hmget", "hget", "expire"]));
}

pub(crate) async fn a_first_increment_looks_adds_and_renews(bench: Bench) {
    let counts = count_first(&bench, async |session| assert_eq!(session.increment("visits", 1).await, Ok(1))).await;
    assert_eq!(counts, expected(&["evalsha", "hmget", "hincrby", "expire"]));
}
