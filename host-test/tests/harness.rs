//! The harness itself: its Redis servers, and what it puts between them and a client.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    panic,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use host_test::{
    faults::Faults,
    proxy::{Behaviour, Proxy},
    redis_client::RedisClient,
    redis_server::RedisServer,
    request::Request,
    scripted_server::ScriptedServer,
};
use redis::ErrorKind;

fn server() -> RedisServer {
    RedisServer::start().expect("a server")
}

/// Blocking clients need a thread beside the runtime's.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("work that ends well")
}

#[test]
fn each_server_is_its_own_and_answers_when_started() {
    let (one, other) = (server(), server());
    assert_ne!(one.port(), other.port());
    one.connection().hset("key", "field", "1");
    assert_eq!(one.connection().dbsize(), 1);
    assert_eq!(other.connection().dbsize(), 0);
}

#[test]
fn servers_started_at_once_do_not_take_each_other_s_port() {
    std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(server)).collect();
        let servers: Vec<_> = starts.into_iter().map(|start| start.join().expect("a server")).collect();
        for server in &servers {
            let process: u32 = u32::try_from(server.connection().info("process_id")).expect("an id");
            assert_eq!(process, server.pid());
        }
    });
}

#[test]
fn a_server_ends_and_leaves_no_folder_when_dropped() {
    let server = server();
    let (port, folder) = (server.port(), server.folder().to_owned());
    assert!(folder.is_dir());
    drop(server);
    assert!(!folder.exists());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_restarted_server_is_another_process_on_the_same_port_with_nothing_stored() {
    let mut server = RedisServer::builder().password("secret").start().expect("a server");
    let (port, pid) = (server.port(), server.pid());
    server.connection().hset("key", "field", "1");
    server.restart().expect("the server again");
    assert_eq!(server.port(), port);
    assert_ne!(server.pid(), pid);
    assert_eq!(server.connection().dbsize(), 0);
}

#[test]
fn a_server_ends_when_its_test_panics() {
    let server = server();
    let (pid, folder) = (server.pid(), server.folder().to_owned());
    let test = panic::catch_unwind(panic::AssertUnwindSafe(move || {
        let _server = server;
        panic!("as a failing test does");
    }));
    assert!(test.is_err());
    assert!(!folder.exists());
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let error = RedisServer::builder().setting("no-such-setting 1").start();
    let error = format!("{:#}", error.expect_err("no server"));
    assert!(error.contains("no-such-setting 1"), "{error}");
}

#[test]
fn a_password_and_users_are_asked_for() {
    let server = RedisServer::builder()
        .password("secret")
        .acl_user("visitor on >word ~* +hget +ping")
        .start()
        .expect("a server");
    server.connection().hset("key", "field", "1");

    let mut visitor = RedisClient::connect(&server.url_as("visitor", "word"));
    assert_eq!(visitor.hget("key", "field").as_deref(), Some(&b"1"[..]));
    let refused = visitor.query::<i64>(&[b"DEL", b"key"]).expect_err("not allowed");
    assert_eq!(refused.code(), Some("NOPERM"));

    let nobody = redis::Client::open(format!("redis://127.0.0.1:{}", server.port()))
        .and_then(|client| client.get_connection())
        .and_then(|mut connection| redis::cmd("DBSIZE").query::<i64>(&mut connection));
    assert_eq!(nobody.expect_err("not allowed").code(), Some("NOAUTH"));
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_there_when_asked_for() {
    assert_eq!(server().unix_path(), None);
    let server = RedisServer::builder().unix_socket().start().expect("a server");
    let path = server.unix_path().expect("a path");
    let mut socket = std::os::unix::net::UnixStream::connect(path).expect("a connection");
    socket.write_all(b"PING\r\n").expect("a server that listens");
    let mut answer = [0; 7];
    socket.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"+PONG\r\n");
}

#[test]
fn the_client_sees_what_is_stored() {
    let server = server();
    let mut redis = server.connection();
    redis.hset("key", "field", [0, 0xff]);
    redis.hset("key", "\0hidden", "1");
    assert_eq!(redis.hgetall_bytes("key").len(), 2);
    let visible = redis.visible_fields("key");
    assert_eq!(visible.into_iter().collect::<Vec<_>>(), [(b"field".to_vec(), vec![0, 0xff])]);
    assert_eq!((redis.pttl("key"), redis.pttl("missing")), (-1, -2));
    assert!(redis.command::<bool>("PEXPIRE key 100000"));
    assert!((1..=100_000).contains(&redis.pttl("key")));
    assert_eq!(redis.keys(), ["key"]);
    assert!(redis.del("key"));
    assert!(!redis.del("key"));
    assert!(redis.time() > 1_700_000_000_000);
}

#[test]
fn the_client_cuts_all_connections_but_its_own() {
    let server = server();
    let (mut redis, mut victim) = (server.connection(), server.connection());
    victim.ping();
    // Redis may still have to notice that the connection has gone by which its start was seen.
    let mut only_these = || {
        thread::sleep(Duration::from_millis(5));
        redis.info("connected_clients") == 2
    };
    assert!((0..1_000).any(|_| only_these()));
    assert_eq!(redis.client_kill_all(), 1);
    assert!(victim.query::<String>(&[b"PING"]).is_err());
    redis.ping();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_told_of_no_fault_passes_everything() {
    let server = server();
    let proxy = Proxy::start(server.port(), Behaviour::Break(Faults::none())).await.expect("a proxy");
    let url = proxy.url();
    blocking(move || {
        let mut redis = RedisClient::connect(&url);
        let large = vec![7; 1_000_000];
        redis.hset("key", "field", &large);
        assert_eq!(redis.hget("key", "field"), Some(large));
    })
    .await;
    assert_eq!(server.connection().dbsize(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_splits_replies_at_every_byte() {
    let server = server();
    server.connection().hset("key", "field", "0123456789");
    let proxy = Proxy::start(server.port(), Behaviour::SplitReplies).await.expect("a proxy");
    let port = proxy.port();
    let reads = blocking(move || {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let request = b"*3\r\n$4\r\nHGET\r\n$3\r\nkey\r\n$5\r\nfield\r\n";
        socket.write_all(request).expect("a proxy that listens");
        let (mut reply, mut reads, mut buffer) = (Vec::new(), 0, [0; 64]);
        while !reply.ends_with(b"9\r\n") {
            let count = socket.read(&mut buffer).expect("a reply");
            assert!(count > 0, "closed after {reply:?}");
            reply.extend_from_slice(&buffer[..count]);
            reads += 1;
        }
        assert_eq!(reply, b"$10\r\n0123456789\r\n");
        reads
    })
    .await;
    // A reader that was held up finds some bytes at once, but never the whole.
    assert!(reads > 3, "{reads} reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_swallows_an_answer_once_redis_has_done_what_was_asked() {
    let server = server();
    let increments = AtomicUsize::new(0);
    let swallows =
        move |request: &Request| request.name() == "HINCRBY" && increments.fetch_add(1, Ordering::SeqCst) == 1;
    let proxy = Proxy::start(server.port(), Behaviour::SwallowAnswer(Box::new(swallows)));
    let proxy = proxy.await.expect("a proxy");
    let url = proxy.url();
    blocking(move || {
        let mut redis = RedisClient::connect(&url);
        assert_eq!(redis.command::<i64>("HINCRBY key field 1"), 1);
        let lost = redis.query::<i64>(&[b"HINCRBY", b"key", b"field", b"1"]);
        assert_eq!(lost.expect_err("a cut connection").kind(), ErrorKind::Io);
        let mut redis = RedisClient::connect(&url);
        assert_eq!(redis.command::<i64>("HINCRBY key field 1"), 3);
    })
    .await;
    assert_eq!(server.connection().hget("key", "field").as_deref(), Some(&b"3"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_swallowed_answer_never_reaches_redis() {
    let server = server();
    let proxy = Proxy::start(server.port(), Behaviour::swallow_answer_to(2)).await;
    let proxy = proxy.expect("a proxy");
    let port = proxy.port();
    let replies = blocking(move || {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let request = b"*4\r\n$7\r\nHINCRBY\r\n$3\r\nkey\r\n$5\r\nfield\r\n$1\r\n1\r\n".repeat(3);
        socket.write_all(&request).expect("a proxy that listens");
        let mut replies = Vec::new();
        // Unread requests make the cut a reset.
        let _ = socket.read_to_end(&mut replies);
        replies
    })
    .await;
    assert_eq!(replies, b":1\r\n");
    assert_eq!(server.connection().hget("key", "field").as_deref(), Some(&b"2"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scripted_server_answers_what_its_script_says() {
    let server = ScriptedServer::start(|request| {
        format!("+{} {} {}\r\n", request.number, request.name(), request.command.len()).into_bytes()
    });
    let server = server.await.expect("a server");
    let port = server.port();
    let answers = blocking(move || {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let requests = b"*1\r\n$4\r\nping\r\n*2\r\n$4\r\nECHO\r\n$0\r\n\r\n";
        socket.write_all(requests).expect("a server that listens");
        let mut answers = vec![0; b"+1 PING 1\r\n+2 ECHO 2\r\n".len()];
        socket.read_exact(&mut answers).expect("answers");
        answers
    })
    .await;
    assert_eq!(answers, b"+1 PING 1\r\n+2 ECHO 2\r\n");
    assert_eq!(server.requests(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scripted_server_sends_every_piece_in_order() {
    let server = ScriptedServer::start_in_pieces(|_| [&b"+P"[..], b"", b"ON", b"G\r\n"].map(Vec::from).into());
    let server = server.await.expect("a server");
    let url = server.url();
    let answer = blocking(move || {
        let mut socket = TcpStream::connect(url.trim_start_matches("redis://")).expect("a connection");
        socket.write_all(b"*1\r\n$4\r\nPING\r\n").expect("a server that listens");
        let mut answer = [0; 7];
        socket.read_exact(&mut answer).expect("an answer");
        answer
    });
    assert_eq!(&answer.await, b"+PONG\r\n");
}
