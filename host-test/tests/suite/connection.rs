//! What becomes of the connection to Redis, between instances and when it breaks.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use host_test::{
    bench::Bench,
    instance::Instance,
    options::Options,
    proxy::{Behaviour, Proxy},
    redis_server::RedisServer,
    request::Request,
    scripted_server::ScriptedServer,
    session::{Error, Session, Store},
};

/// A session that is stored, in a store with these options.
async fn stored_session(store: &Store) -> Session {
    let session = store.start().await;
    assert_eq!(session.set("field", "1").await, Ok(()));
    session
}

/// A store behind this proxy, in an instance of its own.
async fn store_behind(bench: &Bench, proxy: &Proxy) -> Store {
    bench.store(&Options::new(proxy.url())).await
}

async fn proxy(bench: &Bench, behaviour: Behaviour) -> Proxy {
    let proxy = Proxy::start(bench.server().port(), behaviour).await;
    proxy.expect("a proxy")
}

pub(crate) async fn round_trips_are_counted_as_they_come(bench: Bench) {
    let store = bench.store(&bench.options()).await;
    let session = stored_session(&store).await;
    let (read, round_trips) = bench.round_trips(session.get("field")).await;
    assert_eq!((read, round_trips), (Ok(Some("1".to_owned())), 1));
    let twice = async {
        session.set("field", "2").await?;
        session.get("field").await
    };
    let (read, round_trips) = bench.round_trips(twice).await;
    assert_eq!((read, round_trips), (Ok(Some("2".to_owned())), 2));
}

pub(crate) async fn an_instance_that_ends_without_a_word_leaves_its_connection_to_the_next(bench: Bench) {
    let before = bench.redis().info("total_connections_received");
    for _ in 0..20 {
        let store = bench.store(&bench.options()).await;
        stored_session(&store).await;
    }
    // The one that all share, and the one that asks.
    assert_eq!(bench.redis().info("total_connections_received") - before, 2);
    let statistics = bench.sockets().statistics();
    assert_eq!((statistics.connects, statistics.reuses), (1, 19));
}

pub(crate) async fn handles_dropped_by_the_guest_leave_the_connection_to_the_next(bench: Bench) {
    for _ in 0..3 {
        let store = bench.store(&bench.options()).await;
        let session = stored_session(&store).await;
        store.close().await;
        assert_eq!(session.get("field").await, Ok(Some("1".to_owned())));
        session.close().await;
    }
    assert_eq!(bench.sockets().statistics().connects, 1);
}

pub(crate) async fn instances_with_sockets_of_their_own_share_no_connection(bench: Bench) {
    let before = bench.redis().info("total_connections_received");
    for _ in 0..2 {
        let instance = Instance::start(bench.flavour()).await;
        let store = instance.store(&bench.options()).await.expect("a store");
        stored_session(&store).await;
    }
    assert_eq!(bench.redis().info("total_connections_received") - before, 3);
}

pub(crate) async fn a_connection_killed_between_requests_is_replaced(bench: Bench) {
    let store = bench.store(&bench.options()).await;
    let session = stored_session(&store).await;
    for value in 2..10 {
        let value = value.to_string();
        assert_eq!(bench.redis().client_kill_all(), 1);
        assert_eq!(session.set("field", &value).await, Ok(()));
        assert_eq!(session.get("field").await, Ok(Some(value)));
    }
}

pub(crate) async fn a_wrong_password_after_a_right_one_is_denied(bench: Bench) {
    let server = protected_server();
    stored_session(&bench.store(&Options::new(server.url())).await).await;
    assert_eq!(bench.sockets().idle(), 1);
    expect_denied(&bench, server.url_as("", "wrong")).await;
}

pub(crate) async fn no_password_where_one_is_asked_for_is_denied(bench: Bench) {
    let server = protected_server();
    expect_denied(&bench, format!("redis://127.0.0.1:{}", server.port())).await;
}

fn protected_server() -> RedisServer {
    let server = RedisServer::builder().password("right").start();
    server.expect("a server")
}

/// Whether the call is short or long: before it knows who asks, Redis takes no more than ten words.
async fn expect_denied(bench: &Bench, url: String) {
    let store = bench.store(&Options::new(url)).await;
    let denied = [
        store.check().await,
        store.start().await.set("field", "1").await,
        store.start().await.update(&[("field", "1"); 10]).await,
    ];
    for denied in denied {
        assert!(matches!(denied, Err(Error::Denied(_))), "{denied:?}");
    }
}

pub(crate) async fn a_server_that_is_not_there_is_unavailable(mut bench: Bench) {
    let store = bench.store(&bench.options()).await;
    let session = stored_session(&store).await;
    bench.server_mut().kill();
    let refused = session.set("field", "2").await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    let refused = store.check().await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}

pub(crate) async fn replies_split_at_every_byte_are_read_whole(bench: Bench) {
    let proxy = proxy(&bench, Behaviour::SplitReplies).await;
    let items = ["", "a", "b"].map(|key| (key.to_owned(), r#""\r\n""#.to_owned()));
    for protocol in [2, 3] {
        let options = Options::new(format!("{}?protocol={protocol}", proxy.url()));
        let session = bench.store(&options).await.start().await;
        assert_eq!(session.update(&items).await, Ok(()));
        assert_eq!(session.increment("n", 7).await, Ok(7));
        assert_eq!(session.pop("n").await, Ok(Some("7".to_owned())));
        assert_eq!(session.pop("n").await, Ok(None));
        let mut found = session.items().await.expect("the items");
        found.sort();
        assert_eq!(found, items);
    }
    // A reader that was held up finds some bytes at once.
    let statistics = bench.sockets().statistics();
    assert!(statistics.reads > statistics.bytes_read / 10, "{statistics:?}");
}

pub(crate) async fn a_write_whose_answer_is_lost_says_so_and_is_not_sent_again(bench: Bench) {
    let (behaviour, swallow_next) = swallow_when_told();
    let proxy = proxy(&bench, behaviour).await;
    let session = stored_session(&store_behind(&bench, &proxy).await).await;
    swallow_next.store(true, Ordering::SeqCst);
    let lost = session.increment("field", 1).await;
    assert!(matches!(lost, Err(Error::OutcomeUnknown(_))), "{lost:?}");
    assert_eq!(session.get("field").await, Ok(Some("2".to_owned())));
}

pub(crate) async fn a_read_whose_answer_is_lost_is_sent_again(bench: Bench) {
    let (behaviour, swallow_next) = swallow_when_told();
    let proxy = proxy(&bench, behaviour).await;
    let session = stored_session(&store_behind(&bench, &proxy).await).await;
    let before = proxy.requests();
    swallow_next.store(true, Ordering::SeqCst);
    let items = session.items().await;
    assert_eq!(items, Ok(vec![("field".to_owned(), "1".to_owned())]));
    assert_eq!(proxy.requests(), before + 2);
}

/// Behaviour that swallows the answer to the next request, once, when the flag is set.
fn swallow_when_told() -> (Behaviour, Arc<AtomicBool>) {
    let flag = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&flag);
    let swallow = move |_: &Request| told.swap(false, Ordering::SeqCst);
    (Behaviour::SwallowAnswer(Box::new(swallow)), flag)
}

pub(crate) async fn an_answer_that_is_no_resp_is_told(bench: Bench) {
    let server = ScriptedServer::start(|_| b"hello\r\n".to_vec()).await.expect("a server");
    let store = bench.store(&Options::new(server.url())).await;
    let session = store.attach(&"A".repeat(43)).await.expect("a well-formed id");
    let told = session.get("field").await;
    assert!(matches!(told, Err(Error::Protocol(_))), "{told:?}");
    let told = session.set("field", "1").await;
    assert!(matches!(told, Err(Error::OutcomeUnknown(_))), "{told:?}");
}
