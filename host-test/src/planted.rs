//! Secrets that a visitor, the shop and its Redis have between them, while one thing after another breaks: what is answered
//! and printed then must hold none of them.

use std::net::SocketAddr;

use crate::{
    redis_client::RedisClient,
    redis_server::{RedisServer, RedisServerBuilder},
    visitor::{Reply, Visitor},
};

const PASSWORD: &str = "planted-password";
const NEW_PASSWORD: &str = "planted-new-password";
const USER: &str = "planted-user";
const ITEM: &str = "planted-item";
const VALUE: &str = "planted-value";

/// The secrets, and what clients were answered where something had broken.
#[derive(Default)]
pub struct Planted {
    ids: Vec<String>,
    answers: Vec<Reply>,
}

impl Planted {
    /// A Redis with a password.
    pub fn redis() -> RedisServerBuilder {
        RedisServer::builder().password(PASSWORD)
    }

    /// Visits the shop, and breaks what can break. In the end its Redis is no more.
    pub fn break_everything(&mut self, shop: SocketAddr, redis: &mut RedisServer) {
        let visitor = Visitor::new(shop);
        assert_eq!(visitor.post("/api/visits", "").status, 200);
        self.ids.push(visitor.id());
        assert_eq!(visitor.post("/api/login", &format!("{{\"user\":\"{USER}\"}}")).status, 200);
        self.ids.push(visitor.id());
        assert_eq!(visitor.post("/api/basket", &format!("{{\"item\":\"{ITEM}\"}}")).status, 200);

        let (mut inside, key) = (redis.connection(), format!("drsession:{}", visitor.id()));
        let mut then = |status: u16, method: &str, path: &str, damage: &dyn Fn(&mut RedisClient)| {
            damage(&mut inside);
            let answer = visitor.request(method, path, &[], "");
            assert_eq!(answer.status, status, "{method} {path}");
            self.answers.push(answer);
        };
        then(500, "GET", "/api/basket", &|redis| redis.hset(&key, "basket", format!("{{\"{VALUE}\"")));
        then(500, "GET", "/api/basket", &|redis| redis.hset(&key, "basket", [VALUE.as_bytes(), b"\xff"].concat()));
        then(500, "POST", "/api/visits", &|redis| redis.hset(&key, "visits", format!("\"{VALUE}\"")));
        then(503, "POST", "/api/visits", &|redis| redis.command("CONFIG SET maxmemory 1"));
        then(500, "GET", "/api/session", &|redis| {
            let () = redis.command("CONFIG SET maxmemory 0");
            redis.del(&key);
            redis.command(&format!("SET {key} {VALUE}"))
        });
        then(503, "GET", "/api/session", &|redis| {
            let () = redis.command(&format!("CONFIG SET requirepass {NEW_PASSWORD}"));
            redis.client_kill_all();
        });
        redis.kill();
        then(503, "GET", "/api/session", &|_| {});
    }

    /// Fails where the answers, or what was printed, hold a secret; or where not even a line for each was printed, so
    /// that this proves nothing.
    #[track_caller]
    pub fn expect_silence(&self, printed: &str) {
        let lines = printed.lines().filter(|line| line.contains("shop: 5")).count();
        assert!(lines >= self.answers.len() && lines > 0, "{lines} lines for {} failures", self.answers.len());
        let answers = format!("{:?}", self.answers);
        let ids = self.ids.iter().map(String::as_str);
        for secret in ids.chain([PASSWORD, NEW_PASSWORD, USER, ITEM, VALUE]) {
            assert!(!printed.contains(secret), "{secret} is told by: {printed}");
            assert!(!answers.contains(secret), "{secret} is told by: {answers}");
        }
    }
}
