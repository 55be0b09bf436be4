//! One Redis.

use host_test::{
    bench::{self, Bench},
    component::Flavour,
    options::Options,
    redis_server::RedisServer,
    rights::{Need, grant, rules},
    session::Error,
};

use crate::everything::{Failure, do_everything};

const USER: &str = "web";
const PASSWORD: &str = "word";

const MODES: [(bool, Need); 2] = [(true, Need::Scripts), (false, Need::NoScripts)];

/// Does everything as a user with these rules.
async fn try_with(bench: &Bench, rules: &[String], scripts: bool, guarded: bool) -> Result<(), Failure> {
    let mut redis = bench.redis();
    grant(&mut redis, USER, PASSWORD, rules);
    let options = Options::new(bench.server().url_as(USER, PASSWORD)).scripts(scripts);
    do_everything(&options, guarded, async |options| bench.store(options).await, &mut redis).await
}

pub(crate) async fn with_the_rights_of_the_readme_every_call_works(bench: Bench) {
    for (scripts, mode) in MODES {
        let guarded = try_with(&bench, &rules(&[Need::Always, mode]), scripts, true).await;
        assert_eq!(guarded, Ok(()), "{mode:?}");
        let unguarded = try_with(&bench, &rules(&[Need::Always, mode, Need::NoGuard]), scripts, false).await;
        assert_eq!(unguarded, Ok(()), "{mode:?} without guard");
    }
}

#[test]
fn without_any_one_of_the_rules_something_is_denied() {
    bench::run(Flavour::Blocking, async |bench| {
        let mut tried = 0;
        for (scripts, mode) in MODES {
            let all = rules(&[Need::Always, mode]);
            for missing in &all {
                let rest: Vec<_> = all.iter().filter(|rule| *rule != missing).cloned().collect();
                assert_eq!(rest.len() + 1, all.len(), "{missing} stands there twice");
                let failure = try_with(&bench, &rest, scripts, true).await;
                let failure = failure.err().unwrap_or_else(|| panic!("{mode:?}: {missing} is not needed"));
                // A WATCH that can't be taken back is found out later, by whoever stumbles over it.
                let is_told = matches!(failure.error, Error::Denied(_)) || missing == "+unwatch";
                assert!(is_told, "{mode:?} without {missing}: {failure:?}");
                tried += 1;
            }
        }
        println!("{tried} rules were taken away, one at a time");
    });
}

/// The sum is looked up where it is past what Lua's numbers tell exactly.
pub(crate) async fn a_sum_that_may_not_be_read_is_added_once(bench: Bench) {
    let mut redis = bench.redis();
    let options = Options::new(bench.server().url_as(USER, PASSWORD)).idle_lifetime(1_000).absolute_lifetime(2_000);
    let all = rules(&[Need::Always, Need::Scripts]);
    for before in [1, (1_i64 << 53) - 1, 1 << 53] {
        grant(&mut redis, USER, PASSWORD, &all);
        let store = bench.store(&options).await;
        let session = store.start().await;
        assert_eq!(session.set("count", &before.to_string()).await, Ok(()));
        let id = session.known_id().await;
        let rest: Vec<_> = all.iter().filter(|rule| *rule != "+hget").cloned().collect();
        assert_ne!(rest, all);
        grant(&mut redis, USER, PASSWORD, &rest);
        let sum = store.attach(&id).await.expect("a well-formed id").increment("count", 1).await;
        assert!(sum == Ok(before + 1) || matches!(sum, Err(Error::Denied(_))), "{sum:?}");
        let stored = redis.hget(&format!("drsession:{id}"), "count");
        assert_eq!(stored, Some((before + 1).to_string().into_bytes()), "{before} and 1, {sum:?}");
    }
}

pub(crate) async fn another_database_takes_one_more_rule(bench: Bench) {
    let check = async |needs: &[Need]| {
        grant(&mut bench.redis(), USER, PASSWORD, &rules(needs));
        let url = format!("{}/7", bench.server().url_as(USER, PASSWORD));
        bench.store(&Options::new(url)).await.start().await.set("field", "1").await
    };
    let denied = check(&[Need::Always, Need::Scripts]).await;
    assert!(matches!(denied, Err(Error::Denied(_))), "{denied:?}");
    assert_eq!(check(&[Need::Always, Need::Scripts, Need::Database]).await, Ok(()));
}

pub(crate) async fn waiting_for_replicas_takes_one_more_rule(bench: Bench) {
    let primary = format!("replicaof 127.0.0.1 {}", bench.server().port());
    let _replica = RedisServer::builder().setting(&primary).start().expect("a replica");
    bench.redis().await_replicas(1).expect("a replica in step");
    for (scripts, mode) in MODES {
        for (needs, expected) in [
            (vec![Need::Always, mode], Err(Error::NotReplicated(0))),
            (vec![Need::Always, mode, Need::Replicas], Ok(())),
        ] {
            grant(&mut bench.redis(), USER, PASSWORD, &rules(&needs));
            let options = Options::new(bench.server().url_as(USER, PASSWORD)).scripts(scripts);
            let session = bench.store(&options.replicas(1_u32, 1_500_u32)).await.start().await;
            assert_eq!(session.set("field", "1").await, expected, "{needs:?}");
            assert_eq!(session.get("field").await, Ok(Some("1".to_owned())), "it is written in any case");
        }
    }
}
