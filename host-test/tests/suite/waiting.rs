//! Servers that don't answer, or not for now: every wait has an end, and what was not done is told so.

use std::{net::Ipv4Addr, thread, time::Duration};

use futures::future::join_all;
use host_test::{
    bench::Bench,
    options::Options,
    redis_client::RedisClient,
    redis_server::RedisServer,
    scripted_server::ScriptedServer,
    session::Error,
    waiting::{in_time, wait_until},
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

use super::{
    calls::{self, Kind},
    mode::Mode,
    support::{UNKNOWN_ID, everything, stored},
};

/// Milliseconds for what never comes.
const SHORT: u32 = 100;
/// Milliseconds for a server that does answer, on a machine that is busy with other things.
const LONG: u32 = 1_000;

/// Every kind of call.
const ALL: [Kind; 5] = [Kind::Reads, Kind::Creates, Kind::Changes, Kind::Rotates, Kind::Destroys];

/// Makes each call of these kinds on a session of this id, all at once: none can be done, and this limit ends each.
async fn expect_unavailable(bench: &Bench, options: &Options, limit: u32, id: &str, kinds: &[Kind]) {
    join_all(calls::of_kind(kinds).map(async |call| {
        let session = bench.store(options).await.attach(id).await.expect("a well-formed id");
        let told = in_time(call.name, limit, call.on(&session)).await;
        assert!(matches!(told, Err(Error::Unavailable(_))), "{}: {told:?}", call.name);
    }))
    .await;
}

/// A server that does no call of these kinds from `begin` to `end`: nothing is done meanwhile, and everything afterwards.
async fn expect_an_interlude(
    bench: &Bench,
    options: &Options,
    redis: &mut RedisClient,
    kinds: &[Kind],
    begin: impl FnOnce(&mut RedisClient),
    end: impl FnOnce(&mut RedisClient),
) {
    let options = options.clone().timeouts(LONG, LONG);
    let id = stored(&bench.store(&options).await).await.known_id().await;
    let before = everything(redis);
    begin(redis);
    expect_unavailable(bench, &options, LONG, &id, kinds).await;
    end(redis);
    assert_eq!(everything(redis), before);
    let session = bench.store(&options).await.attach(&id).await.expect("a well-formed id");
    assert_eq!(session.increment("field", 1).await, Ok(2));
}

/// A port whose queue is full: who wants to connect gets no answer.
async fn full_port() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    let listener = socket.listen(0).expect("a listener");
    let address = listener.local_addr().expect("its address");
    let mut queue = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(SHORT.into()), TcpStream::connect(address)).await {
        queue.push(connected.expect("a place in the queue"));
        assert!(queue.len() < 16, "a queue for one took them all");
    }
    (listener, queue)
}

pub(crate) async fn a_server_that_accepts_nobody_is_given_up(bench: Bench) {
    let (listener, _queue) = full_port().await;
    let port = listener.local_addr().expect("its address").port();
    for scripts in [true, false] {
        let options = Options::new(format!("redis://127.0.0.1:{port}")).scripts(scripts).timeouts(SHORT, LONG);
        expect_unavailable(&bench, &options, SHORT, UNKNOWN_ID, &ALL).await;
    }
}

pub(crate) async fn a_server_that_is_silent_in_the_handshake_is_given_up(bench: Bench) {
    for (parameters, handshake) in [("", "AUTH"), ("?protocol=3", "HELLO")] {
        let server = ScriptedServer::start(move |request| {
            assert_eq!(request.name(), handshake);
            Vec::new()
        });
        let server = server.await.expect("a server");
        let url = format!("redis://user:word@127.0.0.1:{}{parameters}", server.port());
        for scripts in [true, false] {
            let options = Options::new(&url).scripts(scripts).timeouts(LONG, SHORT);
            expect_unavailable(&bench, &options, SHORT, UNKNOWN_ID, &ALL).await;
        }
        assert_eq!(bench.sockets().idle(), 0);
    }
}

/// Each read brings something: only the limit of the whole answer ends it.
pub(crate) async fn a_server_that_sends_messages_instead_of_an_answer_is_given_up(bench: Bench) {
    let server = ScriptedServer::start_in_pieces(|_| vec![b">1\r\n+message\r\n".to_vec(); 1_000_000]);
    let server = server.await.expect("a server");
    let session =
        bench.store(&Options::new(server.url()).timeouts(LONG, SHORT)).await.attach(UNKNOWN_ID).await.expect("an id");
    let told = in_time("get", SHORT, session.get("a")).await;
    assert!(matches!(told, Err(Error::Unavailable(_))), "{told:?}");
    let told = in_time("set", SHORT, session.set("a", "1")).await;
    assert!(matches!(told, Err(Error::OutcomeUnknown(_))), "{told:?}");
}

/// READONLY for writes, and MASTERDOWN for everything.
pub(crate) async fn a_server_that_is_a_replica_for_a_while_does_nothing_meanwhile(bench: Bench) {
    for mode in Mode::GUARDED {
        let options = mode.options(&bench);
        // What reads and renews nothing is done where old data are good enough.
        for (serves_stale_data, kinds) in [("yes", &ALL[1..]), ("no", &ALL)] {
            let begin = |redis: &mut RedisClient| {
                redis.command::<()>(&format!("CONFIG SET replica-serve-stale-data {serves_stale_data}"));
                redis.command::<()>("REPLICAOF 127.0.0.1 1");
            };
            let end = |redis: &mut RedisClient| redis.command("REPLICAOF NO ONE");
            expect_an_interlude(&bench, &options, &mut bench.redis(), kinds, begin, end).await;
        }
    }
}

/// BUSY.
pub(crate) async fn a_server_that_runs_another_s_script_does_nothing_meanwhile(bench: Bench) {
    let mut redis = bench.redis();
    redis.command::<()>("CONFIG SET lua-time-limit 1");
    for mode in Mode::GUARDED {
        let mut other = bench.redis();
        let begin = |redis: &mut RedisClient| {
            thread::spawn(move || other.query::<()>(&[b"EVAL", b"while true do end", b"0"]));
            await_error(redis, "BUSY");
        };
        let end = |redis: &mut RedisClient| {
            redis.command::<()>("SCRIPT KILL");
            await_service(redis);
        };
        expect_an_interlude(&bench, &mode.options(&bench), &mut redis, &ALL, begin, end).await;
    }
}

/// LOADING.
pub(crate) async fn a_server_that_loads_its_data_does_nothing_meanwhile(bench: Bench) {
    let server = RedisServer::builder()
        .setting("enable-debug-command yes")
        .setting("loading-process-events-interval-bytes 1024")
        .start()
        .expect("a server");
    for scripts in [true, false] {
        let mut other = server.connection();
        let begin = |redis: &mut RedisClient| {
            // They take a minute to load, as long as nobody hurries: microseconds for each, and a look at its clients.
            redis.command::<()>("SELECT 1");
            redis.command::<()>("DEBUG POPULATE 12000 other 1024");
            redis.command::<()>("CONFIG SET key-load-delay 5000");
            thread::spawn(move || other.query::<()>(&[b"DEBUG", b"RELOAD"]));
            await_error(redis, "LOADING");
        };
        let end = |redis: &mut RedisClient| {
            redis.command::<()>("CONFIG SET key-load-delay 0");
            await_service(redis);
            redis.command::<()>("SELECT 0");
        };
        let options = Options::new(server.url()).scripts(scripts);
        expect_an_interlude(&bench, &options, &mut server.connection(), &ALL, begin, end).await;
    }
}

/// CLUSTERDOWN.
pub(crate) async fn a_cluster_that_does_not_serve_a_slot_does_nothing_meanwhile(bench: Bench) {
    let server = RedisServer::builder().cluster_node().start().expect("a server");
    let mut redis = server.connection();
    let serve = |redis: &mut RedisClient| {
        redis.command::<()>("CLUSTER ADDSLOTSRANGE 0 16383");
        let serves = || redis.command::<String>("CLUSTER INFO").contains("cluster_state:ok");
        wait_until("a cluster that serves its slots", serves).expect("a cluster");
    };
    serve(&mut redis);
    for parameters in ["", "?cluster=true"] {
        for scripts in [true, false] {
            let options = Options::new(server.url() + parameters).scripts(scripts);
            let begin = |redis: &mut RedisClient| redis.command("CLUSTER DELSLOTSRANGE 0 16383");
            expect_an_interlude(&bench, &options, &mut redis, &ALL, begin, serve).await;
        }
    }
}

/// Waits until Redis answers with nothing but this error.
fn await_error(redis: &mut RedisClient, prefix: &str) {
    let refuses = || redis.query::<String>(&[b"PING"]).is_err_and(|error| error.code() == Some(prefix));
    wait_until(prefix, refuses).expect("a server that refuses");
}

/// Waits until Redis does what it is asked.
fn await_service(redis: &mut RedisClient) {
    wait_until("PONG", || redis.query::<String>(&[b"PING"]).is_ok()).expect("a server that serves");
}
