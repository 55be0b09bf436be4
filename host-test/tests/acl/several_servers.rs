//! A cluster, and a primary behind sentinels.

use host_test::{
    bench::Bench,
    instance::Instance,
    options::Options,
    redis_client::RedisClient,
    redis_cluster::RedisCluster,
    rights::{Need, grant, rules},
    sentinel::Sentinels,
    session::{Error, Session},
};

const MODES: [(bool, Need); 2] = [(true, Need::Scripts), (false, Need::NoScripts)];

fn grant_everywhere(servers: impl Iterator<Item = RedisClient>, rules: &[String]) {
    for mut redis in servers {
        grant(&mut redis, "web", "word", rules);
    }
}

/// A session of an instance of its own, which has stored nothing yet.
async fn new_session(bench: &Bench, url: &str, scripts: bool) -> Session {
    let options = Options::new(url.replace("redis://", "redis://web:word@")).scripts(scripts);
    let store = Instance::start(bench.flavour()).await.store(&options).await;
    store.unwrap_or_else(|error| panic!("the store does not open: {error:?}")).start().await
}

/// A write, a move to another id and an end.
async fn use_and_end(session: &Session) -> Result<(), Error> {
    session.set("field", "1").await?;
    session.rotate(&[]).await?;
    assert_eq!(session.get("field").await?.as_deref(), Some("1"));
    session.destroy().await
}

/// For each rule of this need: all but that one.
fn without_each(need: Need) -> Vec<(String, Vec<String>)> {
    let all = need.rules();
    let rest = |missing: &String| all.iter().filter(|rule| *rule != missing).cloned().collect();
    all.iter().map(|missing| (missing.clone(), rest(missing))).collect()
}

#[track_caller]
fn expect_denied(result: Result<(), Error>, missing: &str) {
    assert!(matches!(result, Err(Error::Denied(_))), "without {missing}: {result:?}");
}

pub(crate) async fn a_cluster_takes_the_rules_of_the_readme(bench: Bench) {
    let cluster = RedisCluster::start().expect("a cluster");
    for (scripts, mode) in MODES {
        let needed = rules(&[Need::Always, mode]);
        grant_everywhere(cluster.connections(), &[needed.clone(), Need::Cluster.rules()].concat());
        for _ in 0..8 {
            assert_eq!(use_and_end(&new_session(&bench, &cluster.url(), scripts).await).await, Ok(()));
        }
        let session = new_session(&bench, &cluster.url(), scripts).await;
        assert_eq!(use_where_a_slot_moves(&cluster, &session).await, Ok(()));
        for (missing, rest) in without_each(Need::Cluster) {
            grant_everywhere(cluster.connections(), &[needed.clone(), rest].concat());
            let session = new_session(&bench, &cluster.url(), scripts).await;
            expect_denied(use_where_a_slot_moves(&cluster, &session).await, &missing);
        }
    }
}

/// A read while the session is on its way to another node, and there already.
async fn use_where_a_slot_moves(cluster: &RedisCluster, session: &Session) -> Result<(), Error> {
    session.set("field", "1").await?;
    let key = format!("drsession:{}", session.known_id().await);
    let slot = cluster.slot(&key);
    let mut from = cluster.primary_of(slot).expect("a primary");
    let from_id: String = from.command("CLUSTER MYID");
    let mut others = cluster.primaries();
    let is_another = |redis: &mut RedisClient| redis.command::<String>("CLUSTER MYID") != from_id;
    let to = others.iter_mut().find_map(|redis| is_another(redis).then_some(redis)).expect("another primary");
    let (to_id, to_port): (String, (String, u16)) = (to.command("CLUSTER MYID"), to.command("CONFIG GET port"));
    let () = to.command(&format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}"));
    let () = from.command(&format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}"));
    let _: String = from.command(&format!("MIGRATE 127.0.0.1 {} {key} 0 5000", to_port.1));
    let result = session.get("field").await.map(|value| assert_eq!(value.as_deref(), Some("1")));
    for redis in [&mut from, to] {
        let () = redis.command(&format!("CLUSTER SETSLOT {slot} STABLE"));
    }
    result
}

pub(crate) async fn sentinels_and_their_primary_take_the_rules_of_the_readme(bench: Bench) {
    let sentinels = Sentinels::start().expect("sentinels");
    let needed = rules(&[Need::Always, Need::Scripts]);
    let connect = |port| RedisClient::connect(&format!("redis://127.0.0.1:{port}"));
    let mut connections: Vec<_> = sentinels.ports().into_iter().map(connect).collect();
    let mut allow = |rules: &[String]| {
        for sentinel in &mut connections {
            // Besides, what it takes to give rights back.
            let rules = format!("resetkeys resetchannels -@all +acl {}", rules.join(" "));
            let () = sentinel.command(&format!("ACL SETUSER default {rules}"));
        }
    };
    allow(&Need::Sentinels.rules());
    grant_everywhere(sentinels.connections(), &[needed.clone(), Need::Primary.rules()].concat());
    assert_eq!(use_and_end(&new_session(&bench, &sentinels.url(), true).await).await, Ok(()));

    for (missing, rest) in without_each(Need::Primary) {
        grant_everywhere(sentinels.connections(), &[needed.clone(), rest].concat());
        expect_denied(use_and_end(&new_session(&bench, &sentinels.url(), true).await).await, &missing);
    }
    grant_everywhere(sentinels.connections(), &[needed.clone(), Need::Primary.rules()].concat());
    for (missing, rest) in without_each(Need::Sentinels) {
        allow(&rest);
        expect_denied(use_and_end(&new_session(&bench, &sentinels.url(), true).await).await, &missing);
    }
}
