//! When keys expire, seen and changed past the component.

use std::time::Duration;

use host_test::redis_client::RedisClient;

/// By so many seconds an expiry may be nearer than when it was set, for all that happened since.
const SLACK: i64 = 60;

/// The key expires after so many seconds, or a little less.
#[track_caller]
pub(crate) fn expect_expiry(redis: &mut RedisClient, key: &str, seconds: i64) {
    let left = redis.pttl(key);
    assert!(((seconds - SLACK) * 1_000..=seconds * 1_000).contains(&left), "{left} ms are left, of {seconds} s");
}

/// Brings the key's expiry nearer, to so many seconds from now.
pub(crate) fn age(redis: &mut RedisClient, key: &str, seconds: i64) {
    redis.command::<()>(&format!("EXPIRE {key} {seconds}"));
}

/// The moment at which the session began.
pub(crate) fn created(redis: &mut RedisClient, key: &str) -> u64 {
    let digits = redis.hget(key, "\0created").expect("the moment of creation");
    String::from_utf8_lossy(&digits).parse().expect("milliseconds")
}

/// Makes the session so many seconds older.
pub(crate) fn move_creation(redis: &mut RedisClient, key: &str, seconds: u64) {
    let earlier = created(redis, key) - seconds * 1_000;
    redis.hset(key, "\0created", earlier.to_string());
}

/// Returns once the server's clock has passed this moment.
pub(crate) async fn wait_for(redis: &mut RedisClient, moment: u64) {
    loop {
        let now = redis.time();
        if now > moment {
            return;
        }
        tokio::time::sleep(Duration::from_millis(moment - now + 1)).await;
    }
}
