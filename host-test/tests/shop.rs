//! The demo shop, by HTTP, against a real Redis.

mod shop_client;

use std::{collections::HashSet, thread};

use host_test::{redis_server::RedisServer, visitor::Reply};
use serde_json::{Value, json};

use shop_client::Shop;

const FOREIGN: [(&str, &str); 4] = [
    ("origin", "https://evil.example"),
    ("origin", "null"),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-site", "same-site"),
];

#[test]
fn visits_are_counted_in_a_session_that_lies_in_redis() {
    let shop = Shop::start();
    let visitor = shop.visitor();
    assert_eq!(visitor.post("/api/visits", "").json(), json!({ "visits": 1 }));
    assert_eq!(visitor.post("/api/visits", "").json(), json!({ "visits": 2 }));

    let mut redis = shop.redis.connection();
    let key = format!("drsession:{}", visitor.id());
    assert_eq!(redis.keys(), [key.as_str()]);
    assert_eq!(redis.hget(&key, "visits").as_deref(), Some(&b"2"[..]));
    assert!((1_209_500_000..=1_209_600_000).contains(&redis.pttl(&key)));
}

#[test]
fn the_cookie_comes_once_with_all_that_protects_it() {
    let shop = Shop::start();
    let visitor = shop.visitor();
    let first = visitor.post("/api/visits", "");
    let id = visitor.id();
    assert_eq!(first.headers("set-cookie"), [format!("__Host-id={id}; Path=/; Secure; HttpOnly; SameSite=Lax")]);
    assert_eq!(first.headers("cache-control"), ["no-store"]);
    assert_eq!(first.headers("vary").len(), 1);
    assert!(visitor.post("/api/visits", "").headers("set-cookie").is_empty());
}

#[test]
fn an_insecure_cookie_is_called_id() {
    let shop = Shop::with_environment(&[("SHOP_INSECURE_COOKIE", "1")]);
    let visitor = shop.visitor();
    let reply = visitor.post("/api/visits", "");
    assert_eq!(reply.headers("set-cookie"), [format!("id={}; Path=/; HttpOnly; SameSite=Lax", visitor.id())]);
    assert_eq!(visitor.post("/api/visits", "").json(), json!({ "visits": 2 }));
}

#[test]
fn who_only_looks_leaves_nothing_and_gets_no_cookie() {
    let shop = Shop::start();
    for _ in 0..10 {
        for path in ["/", "/api/session", "/api/basket"] {
            let reply = shop.visitor().get(path);
            assert_eq!(reply.status, 200);
            assert!(reply.headers("set-cookie").is_empty());
        }
    }
    assert_eq!(shop.redis.connection().dbsize(), 0);
}

#[test]
fn the_basket_keeps_what_is_put_in_it() {
    let shop = Shop::start();
    let visitor = shop.visitor();
    assert_eq!(visitor.get("/api/basket").json(), json!({ "items": [] }));
    assert_eq!(visitor.post("/api/basket", r#"{"item": "tea"}"#).json(), json!({ "items": ["tea"] }));
    assert_eq!(visitor.post("/api/basket", r#"{"item": " Käse "}"#).json(), json!({ "items": ["tea", "Käse"] }));
    assert_eq!(visitor.get("/api/basket").json(), json!({ "items": ["tea", "Käse"] }));
    assert_eq!(shop.visitor().get("/api/basket").json(), json!({ "items": [] }));
}

#[test]
fn of_many_concurrent_additions_and_visits_none_is_lost() {
    let shop = Shop::start();
    let visitor = shop.visitor();
    visitor.post("/api/visits", "");
    thread::scope(|scope| {
        for writer in 0..8 {
            let visitor = visitor.same_browser();
            scope.spawn(move || {
                for item in 0..50 {
                    let added = visitor.post("/api/basket", &json!({ "item": format!("{writer}/{item}") }).to_string());
                    assert_eq!(added.status, 200);
                    assert_eq!(visitor.post("/api/visits", "").status, 200);
                }
            });
        }
    });
    let basket = visitor.get("/api/basket").json();
    let items: HashSet<_> = basket["items"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(items.len(), 400);
    assert_eq!(visitor.get("/api/session").json()["visits"], 401);
}

#[test]
fn signing_in_moves_the_session_to_a_new_id() {
    let shop = Shop::start();
    let visitor = shop.visitor();
    visitor.post("/api/basket", r#"{"item": "tea"}"#);
    let before = visitor.same_browser();
    assert_eq!(visitor.post("/api/login", r#"{"user": "ann"}"#).json(), json!({ "user": "ann" }));
    assert_ne!(visitor.id(), before.id());

    let session = visitor.get("/api/session");
    assert_eq!(session.json()["user"], "ann");
    assert!((1..=1_209_600).contains(&session.json()["seconds_left"].as_u64().unwrap()));
    assert!(!session.body.contains(&visitor.id()), "the id is nobody's business");
    assert_eq!(visitor.get("/api/basket").json(), json!({ "items": ["tea"] }));

    let late = before.post("/api/visits", "");
    assert_eq!((late.status, late.json()["error"].as_str()), (409, Some("rotated")));
    assert!(late.headers("set-cookie").is_empty());
}

#[test]
fn signing_out_ends_the_session_for_good() {
    let shop = Shop::start();
    let visitor = shop.visitor();
    visitor.post("/api/login", r#"{"user": "ann"}"#);
    let other_tab = visitor.same_browser();
    let reply = visitor.post("/api/logout", "");
    assert_eq!(reply.json(), json!({ "user": null }));
    assert!(reply.headers("set-cookie")[0].contains("Max-Age=0"), "{:?}", reply.headers("set-cookie"));

    for late in [other_tab.post("/api/visits", ""), other_tab.get("/api/session")] {
        assert_eq!((late.status, late.json()["error"].as_str()), (401, Some("gone")));
        assert!(late.headers("set-cookie").is_empty());
    }
    assert_eq!(visitor.get("/api/session").json()["user"], Value::Null);
}

#[test]
fn signing_in_works_with_a_cookie_that_has_just_ended_or_moved() {
    let shop = Shop::start();
    for end in ["/api/logout", "/api/login"] {
        let visitor = shop.visitor();
        visitor.post("/api/login", r#"{"user": "ann"}"#);
        let other_tab = visitor.same_browser();
        visitor.post(end, r#"{"user": "bob"}"#);
        assert_eq!(other_tab.post("/api/login", r#"{"user": "eve"}"#).json(), json!({ "user": "eve" }), "{end}");
        assert_eq!(other_tab.get("/api/session").json()["user"], "eve", "{end}");
        assert_ne!(visitor.get("/api/session").json()["user"], "eve", "{end}");
    }
}

#[test]
fn what_another_site_sends_changes_nothing() {
    let shop = Shop::start();
    let visitor = shop.visitor();
    visitor.post("/api/login", r#"{"user": "ann"}"#);
    for header in FOREIGN {
        for (path, body) in [
            ("/api/visits", ""),
            ("/api/basket", r#"{"item": "x"}"#),
            ("/api/login", r#"{"user": "x"}"#),
            ("/api/logout", ""),
        ] {
            let reply = visitor.request("POST", path, &[header], body);
            assert_eq!(reply.status, 403, "{header:?} {path}");
            assert!(reply.headers("set-cookie").is_empty());
        }
    }
    let session = visitor.get("/api/session").json();
    assert_eq!((&session["user"], &session["visits"]), (&json!("ann"), &json!(0)));
}

#[test]
fn what_our_own_page_sends_passes() {
    let shop = Shop::start();
    let origin = format!("http://{}", shop.address());
    for headers in [
        vec![("origin", origin.as_str()), ("sec-fetch-site", "same-origin")],
        vec![("origin", origin.as_str()), ("sec-fetch-site", "same-site")],
        vec![("origin", origin.as_str())],
        vec![("sec-fetch-site", "same-origin")],
        vec![("sec-fetch-site", "none")],
    ] {
        assert_eq!(shop.visitor().request("POST", "/api/visits", &headers, "").status, 200, "{headers:?}");
    }
}

#[test]
fn input_that_makes_no_sense_is_refused_and_nothing_is_stored() {
    let shop = Shop::start();
    let item = |item: String| json!({ "item": item }).to_string();
    let user = |user: String| json!({ "user": user }).to_string();
    let bad: Vec<(&str, String, u16)> = vec![
        ("/api/basket", String::new(), 400),
        ("/api/basket", "{".into(), 400),
        ("/api/basket", "{}".into(), 400),
        ("/api/basket", r#"{"item": 7}"#.into(), 400),
        ("/api/basket", item(String::new()), 400),
        ("/api/basket", item("x".repeat(101)), 400),
        ("/api/login", user("  ".into()), 400),
        ("/api/login", user("x".repeat(65)), 400),
        ("/api/login", user("a\nb".into()), 400),
        ("/api/login", user("x".repeat(65_536)), 413),
    ];
    for (path, body, status) in bad {
        let reply = shop.visitor().post(path, &body);
        assert_eq!(reply.status, status, "{path} {:.40}", body);
        assert!(reply.json()["message"].is_string());
        assert!(reply.headers("set-cookie").is_empty());
    }
    assert_eq!(shop.redis.connection().dbsize(), 0);
    assert_eq!(shop.visitor().post("/api/basket", &item("x".repeat(100))).status, 200);
    assert_eq!(shop.visitor().post("/api/login", &user("x".repeat(64))).status, 200);
}

#[test]
fn unknown_paths_and_wrong_methods_are_told() {
    let shop = Shop::start();
    assert_eq!(shop.visitor().get("/api/nothing").status, 404);
    assert_eq!(shop.visitor().get("/api/basket?sort=no").status, 200);
    let reply = shop.visitor().request("DELETE", "/api/basket", &[], "");
    assert_eq!((reply.status, reply.headers("allow")), (405, vec!["GET, POST".to_owned()]));
    let reply = shop.visitor().get("/api/visits");
    assert_eq!((reply.status, reply.headers("allow")), (405, vec!["POST".to_owned()]));
}

#[test]
fn the_page_carries_its_parts_and_takes_none_from_elsewhere() {
    let shop = Shop::start();
    let visitor = shop.visitor();
    let page = visitor.get("/");
    for (part, content_type) in [("/style.css", "text/css"), ("/app.js", "text/javascript")] {
        assert!(page.body.contains(&format!("\"{part}\"")));
        let reply = visitor.get(part);
        assert_eq!(reply.status, 200);
        assert!(reply.headers("content-type")[0].starts_with(content_type));
        assert!(!reply.body.contains("://"), "{part} names an address");
    }
    // What the policy forbids would be a page that doesn't work.
    assert!(page.headers("content-security-policy")[0].starts_with("default-src 'none'; script-src 'self'"));
    for inline in ["<script>", "<style", " style=", " onclick=", "javascript:"] {
        assert!(!page.body.contains(inline), "{inline}");
    }
    let head = visitor.request("HEAD", "/", &[], "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.headers("content-length"), [page.body.len().to_string()]);
}

#[test]
fn every_answer_forbids_guessing_its_type() {
    let shop = Shop::start();
    for path in ["/", "/app.js", "/api/session", "/nowhere"] {
        assert_eq!(shop.visitor().get(path).headers("x-content-type-options"), ["nosniff"], "{path}");
    }
}

#[test]
fn two_hundred_requests_take_a_handful_of_connections() {
    let shop = Shop::start();
    let visitor = shop.visitor();
    let mut redis = shop.redis.connection();
    let before = redis.info("total_connections_received");
    for _ in 0..200 {
        assert_eq!(visitor.post("/api/visits", "").status, 200);
    }
    assert!(redis.info("total_connections_received") - before <= 4);
}

#[test]
fn without_redis_the_answer_is_503_and_the_page_is_still_there() {
    let mut shop = Shop::start();
    let visitor = shop.visitor();
    visitor.post("/api/visits", "");
    shop.redis.kill();
    for reply in [visitor.post("/api/visits", ""), visitor.get("/api/session"), shop.visitor().post("/api/visits", "")]
    {
        assert_unavailable(&reply);
    }
    assert_eq!(visitor.get("/").status, 200);
}

#[test]
fn a_wrong_password_is_503_and_nobody_learns_of_it() {
    let redis = RedisServer::builder().password("right").start().unwrap();
    let url = redis.url_as("", "wrong-secret");
    let shop = Shop::over(redis, &[("REDIS_URL", &url)]);
    let reply = shop.visitor().post("/api/visits", "");
    assert_unavailable(&reply);
    assert!(!reply.body.contains("wrong-secret"));
}

#[test]
fn a_password_is_used() {
    let redis = RedisServer::builder().password("right").start().unwrap();
    let shop = Shop::over(redis, &[]);
    assert_eq!(shop.visitor().post("/api/visits", "").status, 200);
}

#[test]
fn a_connection_that_redis_cut_is_not_used_again() {
    let shop = Shop::start();
    let visitor = shop.visitor();
    for visits in 1..=5 {
        assert_eq!(visitor.post("/api/visits", "").json(), json!({ "visits": visits }));
        assert!(shop.redis.connection().client_kill_all() > 0);
    }
}

fn assert_unavailable(reply: &Reply) {
    assert_eq!((reply.status, reply.json()["error"].as_str()), (503, Some("unavailable")));
    assert_eq!(reply.headers("retry-after"), ["1"]);
    assert!(reply.headers("set-cookie").is_empty());
}
