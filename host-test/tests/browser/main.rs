//! The demo shop in a real browser: what only a browser's cookie jar, its tabs and its idea of an origin can show.

mod chromedriver;
mod chromium;
mod foreign_site;
mod gate;
#[path = "../shop_client/mod.rs"]
#[expect(dead_code, reason = "here it is the browser that visits")]
mod shop_client;
mod shop_page;

use std::{fs, path::Path};

use host_test::waiting::wait_until;
use serde_json::{Value, json};

use chromium::Browser;
use foreign_site::ForeignSite;
use gate::{Gate, Stage};
use shop_client::Shop;

/// For how long a session that has ended or moved leaves a marker, in milliseconds.
const MARKER_LIMIT: i64 = 60_000;

fn url(shop: &Shop) -> String {
    format!("http://{}/", shop.address())
}

fn key(id: &str) -> String {
    format!("drsession:{id}")
}

/// What a visitor sees of a session: user, visits, items.
fn shown(user: &str, visits: u32, items: u32) -> (String, String, String) {
    (user.to_owned(), visits.to_string(), items.to_string())
}

/// That of the session with this id nothing is left but its marker.
#[track_caller]
fn assert_over(shop: &Shop, id: &str) {
    let mut redis = shop.redis.connection();
    assert!(redis.visible_fields(&key(id)).is_empty(), "the session is back");
    assert!((1..=MARKER_LIMIT).contains(&redis.pttl(&key(id))));
}

/// That there is no session at all, but for markers.
#[track_caller]
fn assert_no_session(shop: &Shop) {
    let mut redis = shop.redis.connection();
    for key in redis.keys() {
        assert!(redis.visible_fields(&key).is_empty(), "there is a session");
    }
}

/// What explains a failure: what the page says, and what went through the gate.
fn scene(browser: &Browser, gate: &Gate) -> String {
    format!("the page:\n{}\nthrough the gate:\n{}", browser.text("main"), gate.log())
}

#[test]
fn the_cookie_has_its_flags_and_no_script_sees_or_changes_it() {
    let shop = Shop::start();
    let browser = Browser::start();
    browser.visit(&url(&shop));

    let cookie = browser.session_cookie().expect("a cookie");
    assert_eq!(cookie.name(), "__Host-id");
    assert_eq!(cookie.value().len(), 43);
    assert_eq!(cookie.secure(), Some(true));
    assert_eq!(cookie.http_only(), Some(true));
    assert_eq!(cookie.same_site().map(|policy| policy.to_string()).as_deref(), Some("Lax"));
    assert_eq!(cookie.path(), Some("/"));
    assert_eq!(cookie.domain(), Some("127.0.0.1"));
    assert_eq!(cookie.expires(), None);

    assert_eq!(browser.execute("return document.cookie"), "");
    assert_eq!(browser.resolve("cookieStore.getAll()"), json!([]));
    for assignment in [format!("__Host-id={}", "A".repeat(43)), "__Host-id=; Max-Age=0".to_owned()] {
        browser.execute(&format!("document.cookie = '{assignment}; Path=/; Secure'"));
        assert_eq!(browser.id(), cookie.value(), "{assignment}");
    }
    assert!(!browser.source().contains(cookie.value()), "the page holds the id");
}

#[test]
fn signing_in_changes_the_id_and_the_old_one_is_dead() {
    let shop = Shop::start();
    let browser = Browser::start();
    browser.visit(&url(&shop));
    browser.add("Sencha");
    let guest = browser.session_cookie().expect("a cookie");
    // He is there in advance: a browser takes its time to start, and the marker of the old id stays for a minute.
    let thief = Browser::start();
    thief.open(&format!("{}api/nothing", url(&shop)));
    thief.add_cookie(guest.clone());

    browser.sign_in("ann");
    let id = browser.id();
    assert_ne!(id, guest.value());
    assert_eq!(browser.shows(), shown("ann", 1, 1));
    assert_over(&shop, guest.value());

    thief.visit(&url(&shop));
    assert_eq!(thief.id(), guest.value(), "a dead cookie is left alone");
    assert!(thief.text("#notice").contains("has just moved"), "{}", thief.text("main"));
    assert_eq!(thief.text("#who"), "a guest");
    assert_over(&shop, guest.value());

    thief.sign_in("eve");
    assert!(thief.id() != id && thief.id() != guest.value());
    assert_eq!(thief.shows(), shown("eve", 0, 0));
    browser.visit(&url(&shop));
    assert_eq!((browser.shows(), browser.id()), (shown("ann", 2, 1), id));
}

#[test]
fn two_profiles_do_not_see_each_other() {
    let shop = Shop::start();
    let (ann, bob) = (Browser::start(), Browser::start());
    ann.visit(&url(&shop));
    ann.sign_in("ann");
    ann.add("Sencha");

    bob.visit(&url(&shop));
    assert_ne!(ann.id(), bob.id());
    assert_eq!(bob.shows(), shown("a guest", 1, 0));
    bob.sign_in("bob");
    bob.add("Mint");
    bob.add("Oolong");

    ann.visit(&url(&shop));
    assert_eq!(ann.shows(), shown("ann", 2, 1));
    assert!(ann.text("#basket").contains("Sencha"));
    ann.sign_out();
    bob.visit(&url(&shop));
    assert_eq!(bob.shows(), shown("bob", 2, 2));
}

#[test]
fn an_addition_under_way_does_not_bring_back_a_session_that_another_tab_signs_out() {
    for stage in [Stage::Request, Stage::Response] {
        let shop = Shop::start();
        let gate = Gate::start(shop.address());
        let browser = Browser::start();
        browser.visit(&gate.url());
        browser.sign_in("ann");
        let (id, first_tab) = (browser.id(), browser.tab());
        let second_tab = browser.open_tab();
        browser.visit(&gate.url());
        assert_eq!(browser.shows(), shown("ann", 2, 0));

        let addition = gate.hold("POST /api/basket", stage);
        browser.begin_to_add("Sencha");
        addition.wait();
        browser.switch_to(&first_tab);
        browser.sign_out();
        assert_eq!(browser.session_cookie(), None);
        browser.switch_to(&second_tab);
        let seen = || format!("{stage:?}, {}", scene(&browser, &gate));
        assert!(browser.is_busy(), "{}", seen());
        addition.release();
        browser.settle();

        if stage == Stage::Request {
            assert!(browser.text("#notice").contains("has ended"), "{}", seen());
            let shows = (browser.text("#who"), browser.text("#count"));
            assert_eq!(shows, ("a guest".into(), "0".into()), "{}", seen());
        }
        assert!(browser.session_cookie().is_none(), "{}", seen());
        assert_over(&shop, &id);
        assert_no_session(&shop);
        browser.visit(&gate.url());
        assert_eq!(browser.shows(), shown("a guest", 1, 0), "{}", seen());
        assert_ne!(browser.id(), id);
    }
}

#[test]
fn signing_in_again_while_an_older_request_is_under_way_keeps_the_new_login() {
    for stage in [Stage::Request, Stage::Response] {
        let shop = Shop::start();
        let gate = Gate::start(shop.address());
        let browser = Browser::start();
        browser.visit(&gate.url());
        browser.sign_in("ann");
        let (old, first_tab) = (browser.id(), browser.tab());
        let second_tab = browser.open_tab();
        browser.visit(&gate.url());

        let addition = gate.hold("POST /api/basket", stage);
        browser.begin_to_add("Sencha");
        addition.wait();
        browser.switch_to(&first_tab);
        browser.sign_out();
        browser.sign_in("bob");
        let new = browser.id();
        assert_ne!(new, old);
        browser.switch_to(&second_tab);
        let seen = || format!("{stage:?}, {}", scene(&browser, &gate));
        assert!(browser.is_busy(), "{}", seen());
        addition.release();
        browser.settle();

        assert!(browser.id() == new, "another id, {}", seen());
        assert_over(&shop, &old);
        for tab in [&first_tab, &second_tab] {
            browser.switch_to(tab);
            browser.visit(&gate.url());
            let shows = (browser.text("#who"), browser.text("#count"));
            assert_eq!(shows, ("bob".into(), "0".into()), "{}", seen());
        }
        assert!(browser.id() == new, "another id, {}", seen());
    }
}

#[test]
fn an_addition_under_way_while_another_tab_signs_in_goes_into_the_session_as_it_is_now() {
    for stage in [Stage::Request, Stage::Response] {
        let shop = Shop::start();
        let gate = Gate::start(shop.address());
        let browser = Browser::start();
        browser.visit(&gate.url());
        let (guest, first_tab) = (browser.id(), browser.tab());
        let second_tab = browser.open_tab();
        browser.visit(&gate.url());

        let addition = gate.hold("POST /api/basket", stage);
        browser.begin_to_add("Sencha");
        addition.wait();
        browser.switch_to(&first_tab);
        browser.sign_in("ann");
        let id = browser.id();
        browser.switch_to(&second_tab);
        let seen = || format!("{stage:?}, {}", scene(&browser, &gate));
        assert!(browser.is_busy(), "{}", seen());
        addition.release();
        browser.settle();

        assert!(browser.id() == id, "another id, {}", seen());
        assert_eq!(browser.text("#count"), "1", "{}", seen());
        assert_over(&shop, &guest);
        browser.visit(&gate.url());
        assert_eq!(browser.shows(), shown("ann", 3, 1), "{}", seen());
    }
}

#[test]
fn what_the_page_was_told_before_an_addition_does_not_take_its_place() {
    let shop = Shop::start();
    let gate = Gate::start(shop.address());
    let browser = Browser::start();
    browser.visit(&gate.url());

    // The page asks what another tab may have changed, and the answer takes its time.
    let basket = gate.hold("GET /api/basket", Stage::Response);
    browser.execute("document.dispatchEvent(new Event('visibilitychange'))");
    basket.wait();
    browser.begin_to_add("Sencha");
    // Time for an addition that does not wait to overtake it.
    browser.resolve("new Promise((resolve) => setTimeout(resolve, 300))");
    basket.release();
    browser.settle();
    assert_eq!(browser.text("#count"), "1", "{}", scene(&browser, &gate));
}

#[test]
fn a_persistent_cookie_is_still_there_when_the_browser_comes_back() {
    let shop = Shop::with_environment(&[("SHOP_PERSISTENT_COOKIE", "1")]);
    let mut browser = Browser::start();
    browser.visit(&url(&shop));
    browser.sign_in("ann");
    browser.add("Sencha");
    let cookie = browser.session_cookie().expect("a cookie");
    let expiry = cookie.expires_datetime().expect("it is kept until then").unix_timestamp();
    let days = (expiry - i64::try_from(shop.redis.connection().time() / 1_000).unwrap()) / 86_400;
    assert!((399..=400).contains(&days), "{days}");

    browser.restart();
    browser.visit(&url(&shop));
    assert_eq!(browser.shows(), shown("ann", 2, 1));
    assert_eq!(browser.id(), cookie.value());
}

#[test]
fn any_other_cookie_goes_when_the_browser_is_closed() {
    let shop = Shop::start();
    let mut browser = Browser::start();
    browser.visit(&url(&shop));
    browser.sign_in("ann");
    browser.add("Sencha");
    let id = browser.id();

    browser.restart();
    browser.visit(&url(&shop));
    assert_eq!(browser.shows(), shown("a guest", 1, 0));
    assert_ne!(browser.id(), id);
}

#[test]
fn a_browser_whose_driver_hangs_leaves_nothing_behind() {
    let browser = Browser::start();
    let profile = browser.profile().to_owned();
    assert!(is_used(&profile));
    browser.driver().stop();
    drop(browser);
    assert!(!profile.exists());
    wait_until("no process with this profile", || !is_used(&profile)).expect("a browser that has ended");
}

/// Whether a running process was started with this profile.
fn is_used(profile: &Path) -> bool {
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    // Of one that has ended there are no arguments.
    let arguments = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    arguments
        .map(|arguments| String::from_utf8_lossy(&arguments).into_owned())
        .any(|arguments| arguments.contains(&format!("--user-data-dir={}", profile.display())))
}

/// What somebody else's page sends: where to, and a field of a form that, sent as text, is the JSON that the shop takes.
const FOREIGN_FORMS: [(&str, &str, &str); 4] = [
    ("login", r#"{"user": "eve", "rest": ""#, r#""}"#),
    ("basket", r#"{"item": "poison", "rest": ""#, r#""}"#),
    ("visits", "{", "}"),
    ("logout", "{", "}"),
];

fn foreign_page(shop: &str) -> String {
    let escaped = |text: &str| text.replace('"', "&quot;");
    let form = |(path, name, value): &(&str, &str, &str)| {
        format!(
            r#"<form id="{path}" method="post" enctype="text/plain" action="{shop}api/{path}">
               <input type="hidden" name="{}" value="{}"><button>Win a prize</button></form>"#,
            escaped(name),
            escaped(value)
        )
    };
    format!("<!doctype html><title>Prizes</title>{}", FOREIGN_FORMS.iter().map(form).collect::<String>())
}

#[test]
fn a_form_on_another_origin_changes_nothing() {
    let shop = Shop::start();
    // A script learns nothing of its request: here it is seen that the shop has answered it.
    let gate = Gate::start(shop.address());
    let shop_url = gate.url();
    let foreign = ForeignSite::start(foreign_page(&shop_url));
    let browser = Browser::start();
    browser.visit(&shop_url);
    browser.sign_in("ann");
    browser.add("Sencha");
    let (id, mut redis) = (browser.id(), shop.redis.connection());
    let (keys, session) = (redis.keys(), redis.hgetall_bytes(&key(&id)));

    // Another port is another origin of the same site: its requests carry the cookie. Another name is another site.
    for host in ["127.0.0.1", "localhost"] {
        let foreign_url = format!("http://{host}:{}/", foreign.port());
        for (path, name, value) in FOREIGN_FORMS {
            browser.open(&foreign_url);
            browser.click(&format!("#{path} button"));
            browser.wait_for("pre");
            assert_eq!(browser.execute("return location.href"), format!("{shop_url}api/{path}"));
            let answer: Value = serde_json::from_str(&browser.text("pre")).expect("the shop's answer");
            assert_eq!(answer["error"], "foreign-origin", "{host} {path}");

            browser.open(&foreign_url);
            let sent = gate.hold(&format!("POST /api/{path}"), Stage::Response);
            let body = json!(format!("{name}={value}"));
            let options = format!("{{method: 'POST', mode: 'no-cors', credentials: 'include', body: {body}}}");
            browser.execute(&format!("window.answer = fetch('{shop_url}api/{path}', {options})"));
            sent.wait();
            sent.release();
            assert_eq!(browser.resolve("answer"), "TypeError: Failed to fetch", "{host} {path}");

            assert_eq!(redis.keys(), keys, "{host} {path}");
            assert_eq!(redis.hgetall_bytes(&key(&id)), session, "{host} {path}");
        }
    }
    browser.visit(&shop_url);
    assert_eq!((browser.shows(), browser.id()), (shown("ann", 2, 1), id));
}
