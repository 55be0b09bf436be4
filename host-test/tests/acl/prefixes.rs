//! Applications that share a Redis and keep apart by their prefixes.

use host_test::{
    bench::Bench,
    options::Options,
    rights::{Need, grant, rules},
    session::Error,
};

use crate::calls::{Kind, of_kind};

const KINDS: [Kind; 5] = [Kind::Reads, Kind::Creates, Kind::Changes, Kind::Rotates, Kind::Destroys];

/// Without guard there are no lifetimes: one is refused, and the other has nothing to do.
const LIFETIMES: [&str; 2] = ["set-lifetime", "touch"];

/// Options for the application of this name, which is its user's name and its prefix too.
fn options(bench: &Bench, name: &str, prefix: &str, scripts: bool) -> Options {
    let mode = if scripts { Need::Scripts } else { Need::NoScripts };
    let rules: Vec<_> = rules(&[Need::Always, mode])
        .into_iter()
        .map(|rule| if rule.starts_with('~') { format!("~{name}:*") } else { rule })
        .collect();
    grant(&mut bench.redis(), name, "word", &rules);
    Options::new(bench.server().url_as(name, "word")).prefix(format!("{prefix}:")).scripts(scripts)
}

pub(crate) async fn who_may_use_one_prefix_neither_reads_nor_writes_another(bench: Bench) {
    for scripts in [true, false] {
        let own = bench.store(&options(&bench, "a", "a", scripts)).await.start().await;
        assert_eq!(own.set("field", "1").await, Ok(()));
        let victim = bench.store(&options(&bench, "b", "b", scripts)).await.start().await;
        assert_eq!(victim.set("field", "1").await, Ok(()));
        let id = victim.known_id().await;
        let key = format!("b:{id}");
        let (stored, expiry) =
            (bench.redis().hgetall_bytes(&key), bench.redis().command::<i64>(&format!("PEXPIRETIME {key}")));

        for guarded in [true, false] {
            let options = options(&bench, "a", "b", scripts);
            let options = if guarded { options } else { options.original() };
            let store = bench.store(&options).await;
            for call in of_kind(&KINDS).filter(|call| guarded || !LIFETIMES.contains(&call.name)) {
                let by_cookie = store.from_cookie(&[format!("__Host-id={id}")]).await;
                for session in [store.attach(&id).await.expect("a well-formed id"), by_cookie] {
                    let denied = call.on(&session).await;
                    assert!(matches!(denied, Err(Error::Denied(_))), "{}, scripts {scripts}: {denied:?}", call.name);
                    assert!(session.response_headers().await.is_empty(), "{}", call.name);
                }
            }
        }
        let mut redis = bench.redis();
        assert_eq!(redis.hgetall_bytes(&key), stored);
        assert_eq!(redis.command::<i64>(&format!("PEXPIRETIME {key}")), expiry);
        assert_eq!(victim.get("field").await, Ok(Some("1".to_owned())));
        redis.command::<()>("FLUSHALL");
    }
}

pub(crate) async fn an_id_under_another_prefix_leads_nowhere(bench: Bench) {
    for scripts in [true, false] {
        let victim = bench.store(&options(&bench, "b", "b", scripts)).await.start().await;
        assert_eq!(victim.set("field", "1").await, Ok(()));
        let store = bench.store(&options(&bench, "a", "a", scripts)).await;
        let other = store.attach(&victim.known_id().await).await.expect("a well-formed id");
        assert_eq!(other.get("field").await, Err(Error::Gone));
        assert_eq!(other.set("field", "2").await, Err(Error::Gone));
        assert_eq!(other.destroy().await, Ok(()));
        assert_eq!(victim.get("field").await, Ok(Some("1".to_owned())));
    }
}
