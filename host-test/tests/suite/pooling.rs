//! Connections that outlive their instance, and what must not be inherited with them.

use futures::future::join;
use host_test::{
    bench::Bench,
    instance::Instance,
    options::Options,
    redis_server::RedisServer,
    session::{Error, Session, Store},
    waiting::wait_until,
};
use tokio::task::JoinSet;

use super::mode::Mode;

async fn stored_session(store: &Store) -> Session {
    let session = store.start().await;
    assert_eq!(session.set("field", "1").await, Ok(()));
    session
}

pub(crate) async fn a_connection_killed_in_the_pool_is_nobody_s(bench: Bench) {
    for mode in Mode::ALL {
        let options = mode.options(&bench);
        for _ in 0..10 {
            let id = stored_session(&bench.store(&options).await).await.known_id().await;
            assert!(bench.sockets().idle() > 0, "{mode:?}");
            bench.redis().client_kill_all();
            // A write: sent on a connection that is dead already, it could not be sent again.
            let session = bench.store(&options).await.attach(&id).await.expect("a well-formed id");
            assert_eq!(session.increment("field", 1).await, Ok(2), "{mode:?}");
            assert_eq!(session.get("field").await, Ok(Some("2".to_owned())), "{mode:?}");
        }
    }
}

/// Be it in an instance's hands or in the pool.
pub(crate) async fn a_connection_that_redis_closed_for_idleness_costs_one_more_and_nothing_else(bench: Bench) {
    bench.redis().command::<()>("CONFIG SET timeout 1");
    for mode in Mode::GUARDED {
        let options = mode.options(&bench);
        let store = bench.store(&options).await;
        let session = stored_session(&store).await;
        let id = session.known_id().await;
        let before = bench.sockets().statistics().connects;
        await_idle_ends(&bench);
        assert_eq!(session.increment("field", 1).await, Ok(2), "{mode:?}");
        assert_eq!(bench.sockets().statistics().connects, before + 1, "{mode:?}");
        drop((session, store));
        await_idle_ends(&bench);
        let session = bench.store(&options).await.attach(&id).await.expect("a well-formed id");
        assert_eq!(session.increment("field", 1).await, Ok(3), "{mode:?}");
        assert_eq!(bench.sockets().statistics().connects, before + 2, "{mode:?}");
    }
}

/// Waits until Redis has closed every connection but that of whoever looks, which is a new one each time: it would be closed
/// for idleness too.
fn await_idle_ends(bench: &Bench) {
    let is_alone = || bench.redis().info("connected_clients") == 1;
    wait_until("a server that has closed what is idle", is_alone).expect("no connections");
}

pub(crate) async fn an_instance_without_scripts_leaves_no_watch_behind(bench: Bench) {
    let options = Mode::NoScripts.options(&bench);
    let session = stored_session(&bench.store(&options).await).await;
    let id = session.known_id().await;
    // Answered after the look, with nothing to write.
    assert_eq!(session.increment("text", i64::MAX).await, Ok(i64::MAX));
    assert_eq!(session.increment("text", 1).await, Err(Error::Overflow));
    drop(session);
    bench.redis().hset(&format!("drsession:{id}"), "field", "5");
    let other = bench.store(&options).await.attach(&id).await.expect("a well-formed id");
    assert_eq!(other.increment("field", 1).await, Ok(6));
    assert_eq!(bench.sockets().statistics().connects, 1);
}

pub(crate) async fn a_call_given_up_leaves_no_answer_to_the_next(bench: Bench) {
    let options = bench.options().timeouts(2_000_u32, 1_000_u32);
    // Each with a connection of its own, which stands already: Redis takes no new ones while it is stopped.
    let stores = (bench.store(&options).await, bench.store(&options).await);
    let sessions = (stored_session(&stores.0).await, stored_session(&stores.1).await);
    assert_eq!(sessions.0.set("other", "\"other\"").await, Ok(()));
    let id = sessions.0.known_id().await;
    bench.server().stop();
    let (read, written) = join(sessions.0.get("field"), sessions.1.set("field", "2")).await;
    assert!(matches!(read, Err(Error::Unavailable(_))), "{read:?}");
    assert!(matches!(written, Err(Error::OutcomeUnknown(_))), "{written:?}");
    drop((sessions, stores));
    assert_eq!(bench.sockets().idle(), 0);
    bench.server().go_on();
    // Behind the two calls, which it answers now.
    bench.redis().ping();
    let session = bench.store(&bench.options()).await.attach(&id).await.expect("a well-formed id");
    assert_eq!(session.get("other").await, Ok(Some("\"other\"".to_owned())));
}

pub(crate) async fn a_database_is_not_inherited(bench: Bench) {
    let url = |database: u32| Options::new(format!("{}/{database}", bench.url()));
    let mut ids = Vec::new();
    for database in [0, 1, 2, 1, 0] {
        let session = stored_session(&bench.store(&url(database)).await).await;
        ids.push((database, session.known_id().await));
    }
    assert_eq!(bench.sockets().statistics().connects, 3);
    let mut redis = bench.redis();
    for (database, id) in ids {
        redis.command::<()>(&format!("SELECT {database}"));
        assert!(redis.keys().contains(&format!("drsession:{id}")), "database {database}");
        let elsewhere = bench.store(&url(database + 1)).await.attach(&id).await.expect("a well-formed id");
        assert_eq!(elsewhere.get("field").await, Err(Error::Gone));
    }
}

pub(crate) async fn a_database_that_is_not_there_takes_no_write(bench: Bench) {
    let options = Options::new(format!("{}/99", bench.url()));
    for scripts in [true, false] {
        let options = options.clone().scripts(scripts);
        stored_session(&bench.store(&bench.options()).await).await;
        let before = bench.redis().dbsize();
        let store = bench.store(&options).await;
        for refused in [store.check().await, store.start().await.set("field", "1").await] {
            assert!(matches!(refused, Err(Error::Server(_))), "{refused:?}");
        }
        let refused = bench.store(&options.original()).await.start().await.set("field", "1").await;
        assert!(matches!(refused, Err(Error::Server(_))), "{refused:?}");
        assert_eq!(bench.redis().dbsize(), before);
    }
}

pub(crate) async fn a_wrong_password_inherits_nothing_from_a_right_one(bench: Bench) {
    let server = RedisServer::builder()
        .password("right")
        .acl_user("ada on >right ~* +@all")
        .acl_user("eve on >other ~* +ping")
        .start()
        .expect("a server");
    let right = [server.url(), server.url_as("default", "right"), server.url_as("ada", "right")];
    let wrong = [
        server.url_as("", "wrong"),
        server.url_as("", "righ"),
        server.url_as("", "right2"),
        server.url_as("ada", "wrong"),
        server.url_as("eve", "right"),
        format!("redis://127.0.0.1:{}", server.port()),
    ];
    for _ in 0..3 {
        for url in &right {
            stored_session(&bench.store(&Options::new(url)).await).await;
        }
        for url in &wrong {
            for parameters in ["", "?protocol=3"] {
                let refused = bench.store(&Options::new(format!("{url}{parameters}"))).await.check().await;
                assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
            }
        }
    }
    // Those of two users (the default one is the same with its name and without), and that of a stranger.
    assert_eq!(bench.sockets().idle(), 3);
    let eve = bench.store(&Options::new(server.url_as("eve", "other"))).await;
    assert_eq!(eve.check().await, Ok(()));
    let refused = eve.start().await.set("field", "1").await;
    assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
}

pub(crate) async fn a_server_restarted_between_requests_costs_a_connection(mut bench: Bench) {
    let options = bench.options();
    let store = bench.store(&options).await;
    assert_eq!(store.check().await, Ok(()));
    for restarts in 1..=3 {
        bench.server_mut().restart().expect("a server");
        let (answer, round_trips) = bench.round_trips(store.check()).await;
        assert_eq!((answer, round_trips), (Ok(()), 1));
        assert_eq!(bench.sockets().statistics().connects, 1 + restarts);
    }
    // The same for a connection in the pool, and a write.
    drop(store);
    bench.server_mut().restart().expect("a server");
    let store = bench.store(&options).await;
    let session = stored_session(&store).await;
    assert_eq!(session.increment("field", 1).await, Ok(2));
    assert_eq!(bench.sockets().statistics().connects, 5);
}

pub(crate) async fn many_instances_at_once_keep_apart(bench: Bench) {
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let (options, sockets, flavour) = (bench.options(), bench.sockets().clone(), bench.flavour());
        tasks.spawn(async move {
            for round in 0..50 {
                let instance = Instance::builder(flavour).sockets(&sockets).start().await;
                let session = instance.store(&options).await.expect("a store").start().await;
                let json = format!("[{task},{round}]");
                assert_eq!(session.set("mine", &json).await, Ok(()));
                assert_eq!(session.get("mine").await, Ok(Some(json)));
            }
        });
    }
    tasks.join_all().await;
    assert!(bench.sockets().statistics().connects <= 8);
    assert_eq!(bench.redis().dbsize(), 400);
}
