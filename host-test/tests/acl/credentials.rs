//! Credentials that change while connections stand.

use host_test::{
    bench::Bench,
    options::Options,
    rights::{Need, grant, rules},
    session::{Error, Session},
};

const USER: &str = "web";
const OLD: &str = "first-word";
const NEW: &str = "second-word";
const WRONG: &str = "third-word";
/// In either protocol.
const PARAMETERS: [&str; 2] = ["", "?protocol=3"];

fn make_user(bench: &Bench) {
    grant(&mut bench.redis(), USER, OLD, &rules(&[Need::Always, Need::Scripts]));
}

/// The session with this id, in an instance of its own that has this password.
async fn session_as(bench: &Bench, password: &str, parameters: &str, id: &str) -> Session {
    let url = format!("{}{parameters}", bench.server().url_as(USER, password));
    bench.store(&Options::new(url)).await.attach(id).await.expect("a well-formed id")
}

/// A new session, in an instance that stays.
async fn stored(bench: &Bench, parameters: &str) -> Session {
    let url = format!("{}{parameters}", bench.server().url_as(USER, OLD));
    let session = bench.store(&Options::new(url)).await.start().await;
    assert_eq!(session.set("count", "0").await, Ok(()));
    session
}

#[track_caller]
fn expect_denied(result: Result<i64, Error>) {
    match result {
        Err(Error::Denied(told)) => assert!(told.starts_with("WRONGPASS"), "{told}"),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn a_new_password_takes_over_and_the_old_one_is_denied(bench: Bench) {
    for parameters in PARAMETERS {
        make_user(&bench);
        bench.sockets().clear_idle();
        let session = stored(&bench, parameters).await;
        let id = session.known_id().await;
        // Left in the pool.
        assert_eq!(session_as(&bench, OLD, parameters, &id).await.increment("count", 1).await, Ok(1));
        assert_eq!(bench.sockets().idle(), 1);
        let connects = bench.sockets().statistics().connects;

        bench.redis().command::<()>(&format!("ACL SETUSER {USER} resetpass >{NEW}"));
        // Redis asks nobody twice: what has been let in stays in, until somebody ends it.
        assert_eq!(session.increment("count", 1).await, Ok(2));
        assert_eq!(session_as(&bench, OLD, parameters, &id).await.increment("count", 1).await, Ok(3));
        assert_eq!(bench.sockets().statistics().connects, connects);
        // A pooled connection is nobody's who has another password, be it the right one.
        expect_denied(session_as(&bench, WRONG, parameters, &id).await.increment("count", 1).await);
        assert_eq!(session_as(&bench, NEW, parameters, &id).await.increment("count", 1).await, Ok(4));
        assert_eq!(bench.sockets().statistics().connects, connects + 2);

        assert!(bench.redis().command::<u64>(&format!("CLIENT KILL USER {USER}")) > 0);
        expect_denied(session.increment("count", 1).await);
        expect_denied(session_as(&bench, OLD, parameters, &id).await.increment("count", 1).await);
        expect_denied(session_as(&bench, WRONG, parameters, &id).await.increment("count", 1).await);
        assert_eq!(session_as(&bench, NEW, parameters, &id).await.increment("count", 1).await, Ok(5));
        assert_eq!(bench.redis().hget(&format!("drsession:{id}"), "count"), Some(b"5".to_vec()));
    }
}

pub(crate) async fn a_user_who_is_deleted_is_denied(bench: Bench) {
    for parameters in PARAMETERS {
        make_user(&bench);
        let session = stored(&bench, parameters).await;
        let id = session.known_id().await;
        assert_eq!(session_as(&bench, OLD, parameters, &id).await.increment("count", 1).await, Ok(1));
        let mut redis = bench.redis();
        assert_eq!(redis.command::<u64>(&format!("ACL DELUSER {USER}")), 1);
        // Redis answers first, and then closes the connections that the user had.
        redis.await_solitude();
        expect_denied(session.increment("count", 1).await);
        expect_denied(session_as(&bench, OLD, parameters, &id).await.increment("count", 1).await);
        assert_eq!(bench.redis().hget(&format!("drsession:{id}"), "count"), Some(b"1".to_vec()));
    }
}
