//! What is answered while Redis is out of reach, and that the session is the same afterwards.

use host_test::redis_server::RedisServer;
use serde_json::json;

use crate::{
    VISITS,
    application::{Application, Way},
};

#[test]
fn the_application_hears_of_it() {
    let (application, visitor) = start("application");
    hang(&application.redis, || {
        let reply = visitor.get("/api/session");
        assert_eq!((reply.status, reply.headers("set-cookie").len()), (503, 0));
        assert_eq!(reply.headers("content-type"), ["application/json"], "the application's own answer");
        assert_eq!(application.visitor().post("/api/visits", "").status, 503);
    });
    assert_eq!(visitor.get("/api/session").json(), json!({ "user": null, "visits": 1 }));
}

#[test]
fn or_the_middleware_answers() {
    let (application, visitor) = start("503");
    hang(&application.redis, || {
        for visitor in [&visitor, &application.visitor()] {
            let reply = visitor.get("/api/session");
            assert_eq!((reply.status, reply.headers("set-cookie").len()), (503, 0));
            assert_eq!(reply.headers("retry-after"), ["1"]);
            assert_eq!(reply.headers("content-type"), ["text/plain; charset=utf-8"]);
        }
    });
    assert_eq!(visitor.post("/api/visits", "").json(), json!({ "visits": 2 }));
}

#[test]
fn or_the_application_goes_on_without_a_session() {
    let (mut application, visitor) = start("no-session");
    let is_without = |application: &Application| {
        for visitor in [&visitor, &application.visitor()] {
            let reply = visitor.get("/api/session");
            assert_eq!((reply.status, reply.json()), (200, json!({ "user": null, "visits": 0 })));
            let reply = visitor.post("/api/visits", "");
            assert_eq!((reply.status, reply.headers("set-cookie").len()), (403, 0));
        }
    };
    hang(&application.redis, || is_without(&application));
    assert_eq!(visitor.post("/api/visits", "").json(), json!({ "visits": 2 }));

    application.redis.kill();
    is_without(&application);
}

/// An application, and somebody who has been there once.
fn start(redis_down: &str) -> (Application, host_test::visitor::Visitor) {
    let settings = [("DRSESSION_REDIS_DOWN", redis_down), ("DRSESSION_ANSWER_TIMEOUT", "300")];
    let application = Application::behind(VISITS, Way { settings: &settings, ..Way::default() });
    let visitor = application.visitor();
    assert_eq!(visitor.post("/api/visits", "").json(), json!({ "visits": 1 }));
    (application, visitor)
}

/// Redis answers nothing meanwhile, and forgets nothing.
fn hang(redis: &RedisServer, meanwhile: impl FnOnce()) {
    redis.stop();
    meanwhile();
    redis.go_on();
}
