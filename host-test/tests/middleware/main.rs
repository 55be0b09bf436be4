//! The middleware, and applications on wasi:http 0.3 with and without it, under the real `wasmtime serve`.

mod application;
mod redis_down;
mod silence;
mod streaming;
mod together;

use host_test::{hostile, visitor::Visitor};
use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

use application::{Application, Way};

/// The application in Rust, to be composed with the middleware.
const VISITS: &str = "visits-bare.wasm";

#[test]
fn rust_behind_the_middleware() {
    visit(&Application::behind(VISITS, Way::default()));
}

#[test]
fn rust_alone() {
    visit(&Application::alone("visits-alone-bare.wasm"));
}

#[test]
fn python_behind_the_middleware() {
    visit(&Application::behind("python-behind-bare.wasm", Way::default()));
}

#[test]
fn python_alone() {
    visit(&Application::alone("python-alone-bare.wasm"));
}

/// Somebody comes, signs in and out.
fn visit(application: &Application) {
    let visitor = application.visitor();
    let session = |visitor: &Visitor| visitor.get("/api/session").json();

    // Who only looks gets no cookie, and leaves nothing in Redis.
    let reply = visitor.get("/api/session");
    assert_eq!((reply.status, reply.json()), (200, json!({ "user": null, "visits": 0 })));
    assert!(reply.headers("set-cookie").is_empty());
    assert_eq!(application.redis.connection().dbsize(), 0);

    // The first write creates.
    let reply = visitor.post("/api/visits", "");
    assert_eq!((reply.status, reply.json()), (200, json!({ "visits": 1 })));
    assert_eq!(reply.headers("set-cookie").len(), 1);
    assert_eq!(reply.headers("cache-control"), ["no-store"]);
    assert!(reply.headers("vary").iter().any(|name| name.eq_ignore_ascii_case("cookie")));
    let reply = visitor.post("/api/visits", "");
    assert_eq!(reply.json(), json!({ "visits": 2 }));
    assert!(reply.headers("set-cookie").is_empty(), "the visitor has the cookie");

    // Signing in rotates: the other tab's cookie is worth nothing any more.
    let former = visitor.same_browser();
    let id = visitor.id();
    let reply = visitor.post("/api/login", &json!({ "user": "ada" }).to_string());
    assert_eq!((reply.status, reply.json()), (200, json!({ "user": "ada" })));
    assert_ne!(visitor.id(), id);
    assert_eq!(session(&visitor), json!({ "user": "ada", "visits": 2 }));
    let reply = former.get("/api/session");
    assert_eq!((reply.status, reply.headers("set-cookie").len()), (409, 0));

    // Signing out removes the session, and the cookie.
    let late = visitor.same_browser();
    let reply = visitor.post("/api/logout", "");
    assert_eq!(reply.status, 200);
    assert!(reply.headers("set-cookie").iter().all(|cookie| cookie.contains("Max-Age=0")));
    assert_eq!(late.post("/api/visits", "").status, 401, "no write brings it back");
    assert_eq!(session(&visitor), json!({ "user": null, "visits": 0 }));
}

#[test]
fn hostile_cookies_and_forged_tokens_lead_to_nobody_s_session_and_to_no_failure() {
    hostile::run(Application::behind(VISITS, Way::default()).address(), forged_tokens);
}

fn forged_tokens(random: &mut StdRng, id: &str) -> hostile::Headers {
    const SPELLINGS: [&str; 5] =
        ["drsession-token", "Drsession-Token", "DRSESSION-TOKEN", "drsession_token", "Drsession_token"];
    (0..random.random_range(0..4))
        .map(|_| {
            let values = [
                Vec::new(),
                b"*".to_vec(),
                id.as_bytes().to_vec(),
                hostile::text(random, 43).into_bytes(),
                hostile::text(random, 8 << 10).into_bytes(),
                (0..99).map(|_| random.random_range(0x80..=0xFF)).collect(),
            ];
            let name = SPELLINGS.choose(random).expect("one of them");
            ((*name).to_owned(), values.choose(random).expect("one of them").clone())
        })
        .collect()
}

#[test]
fn the_application_sees_neither_our_cookies_nor_the_client_s_tokens() {
    let settings = [("DRSESSION_FORMER_COOKIE_NAMES", "old, older")];
    let application = Application::behind(VISITS, Way { settings: &settings, ..Way::default() });
    let visitor = application.visitor();
    let cookies = [&b"a=b; __Host-id=x; c=d"[..], b"older=y;e=f", b"old=z"].map(<[u8]>::to_vec);
    let tokens =
        ["drsession-token", "drsession_token", "Drsession_Token"].map(|name| (name.into(), b"forged".to_vec()));

    let seen = visitor.request_with_cookies("GET", "/api/request", &cookies, &tokens).json();
    assert_eq!(seen["cookies"], json!(["a=b; c=d", "e=f"]));
    let names: Vec<_> = seen["names"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let tokens: Vec<_> = names.iter().filter(|name| name.starts_with("drsession")).collect();
    assert_eq!(tokens, [&"drsession-token"]);
}

#[test]
fn no_session_begins_where_another_site_makes_a_browser_change_something() {
    let foreign = [("sec-fetch-site", "cross-site")];
    let application = Application::behind(VISITS, Way::default());
    let visitor = application.visitor();
    let reply = visitor.request("POST", "/api/visits", &foreign, "");
    assert_eq!((reply.status, reply.headers("set-cookie").len()), (403, 0));
    assert_eq!(application.redis.connection().dbsize(), 0);
    assert_eq!(visitor.request("GET", "/api/session", &foreign, "").status, 200, "a link from elsewhere leads here");

    let settings = [("DRSESSION_CHANGES_FROM", "anywhere")];
    let application = Application::behind(VISITS, Way { settings: &settings, ..Way::default() });
    assert_eq!(application.visitor().request("POST", "/api/visits", &foreign, "").status, 200);
}

#[test]
fn settings_that_can_not_be_used_are_nobody_s_session() {
    let settings = [("DRSESSION_IDLE_LIFETIME", "soon")];
    let application = Application::behind(VISITS, Way { settings: &settings, ..Way::default() });
    let reply = application.visitor().post("/api/visits", "");
    assert_eq!((reply.status, reply.headers("set-cookie").len()), (500, 0));
}
