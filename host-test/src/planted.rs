//! Secrets that a visitor, an application and its Redis have between them, while one thing after another breaks: what is
//! answered and printed then must hold none of them.

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

    /// An address with the password that leads nowhere.
    pub fn malformed_url() -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:no-port")
    }

    /// Visits the shop, and breaks what can break. In the end its Redis is no more.
    pub fn break_everything(&mut self, shop: SocketAddr, redis: &mut RedisServer) {
        let visitor = self.sign_in(shop);
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
        then(503, "GET", "/api/session", &change_password);
        redis.kill();
        then(503, "GET", "/api/session", &|_| {});
    }

    /// Visits an application behind the middleware, which is to answer where Redis is out of reach, and has that happen. In
    /// the end its Redis is no more.
    pub fn put_out_of_reach(&mut self, application: SocketAddr, redis: &mut RedisServer) {
        let visitors = [self.sign_in(application), Visitor::new(application)];
        let mut look = || {
            for visitor in &visitors {
                let answer = visitor.get("/api/session");
                assert_eq!(answer.status, 503);
                self.answers.push(answer);
            }
        };
        change_password(&mut redis.connection());
        look();
        redis.kill();
        look();
    }

    /// Visits an application whose Redis has an address that can't be used.
    pub fn meet_refusal(&mut self, application: SocketAddr) {
        let answer = Visitor::new(application).get("/api/session");
        assert_eq!(answer.status, 500);
        self.answers.push(answer);
    }

    /// Somebody who has visited the application and then signed in.
    fn sign_in(&mut self, application: SocketAddr) -> Visitor {
        let visitor = Visitor::new(application);
        assert_eq!(visitor.post("/api/visits", "").status, 200);
        self.ids.push(visitor.id());
        assert_eq!(visitor.post("/api/login", &format!("{{\"user\":\"{USER}\"}}")).status, 200);
        self.ids.push(visitor.id());
        visitor
    }

    /// Fails where the answers, or what was printed, hold a secret; or where not even a line for each was printed, by what
    /// stands in such lines, so that this proves nothing.
    #[track_caller]
    pub fn expect_silence(&self, printed: &str, telling: &str) {
        let lines = printed.lines().filter(|line| line.contains(telling)).count();
        assert!(lines >= self.answers.len() && lines > 0, "{lines} lines for {} failures", self.answers.len());
        let answers = format!("{:?}", self.answers);
        let ids = self.ids.iter().map(String::as_str);
        for secret in ids.chain([PASSWORD, NEW_PASSWORD, USER, ITEM, VALUE]) {
            assert!(!printed.contains(secret), "{secret} is told by: {printed}");
            assert!(!answers.contains(secret), "{secret} is told by: {answers}");
        }
    }
}

/// Whoever knows the former one has to connect anew, and is refused.
fn change_password(redis: &mut RedisClient) {
    let () = redis.command(&format!("CONFIG SET requirepass {NEW_PASSWORD}"));
    redis.client_kill_all();
}
