//! The program, run as a web server would run it, with a Redis of its own.

use std::process::Command;

use host_test::component::Flavour;
use host_test::redis_server::RedisServer;

/// Runs it for one request, and returns what it answers.
fn request(redis: &RedisServer, cookie: Option<&str>) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_embed"));
    program.arg(Flavour::Blocking.path()).env("REDIS_PORT", redis.port().to_string()).env_remove("HTTP_COOKIE");
    if let Some(cookie) = cookie {
        program.env("HTTP_COOKIE", cookie);
    }
    let output = program.output().expect("the program can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_visitor_is_known_again_by_the_cookie() {
    let redis = RedisServer::start().expect("a Redis");
    let first = request(&redis, None);
    assert!(first.ends_with("\n\nThis is your visit number 1.\n"), "{first}");
    let cookie = first.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
    let cookie = cookie.split(';').next().expect("its name and value");

    let second = request(&redis, Some(cookie));
    assert_eq!(second, "content-type: text/plain\n\nThis is your visit number 2.\n");
    let id = cookie.strip_prefix("__Host-id=").expect("the cookie's name");
    assert_eq!(redis.connection().hget(&format!("drsession:{id}"), "visits"), Some(b"2".to_vec()));
}

#[test]
fn where_there_is_no_redis_it_fails_and_says_so() {
    let mut redis = RedisServer::start().expect("a Redis");
    redis.kill();
    let mut program = Command::new(env!("CARGO_BIN_EXE_embed"));
    program.arg(Flavour::Blocking.path()).env("REDIS_PORT", redis.port().to_string());
    let output = program.output().expect("the program can be started");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("Unavailable"), "{error}");
}
