//! Cookies, and other headers, that no browser sends.

use std::{net::SocketAddr, thread};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

use crate::visitor::Visitor;

const CLIENTS: u64 = 4;
const REQUESTS: usize = 250;
const NAME: &str = "__Host-id";
const VICTIM: &str = "victim";
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Somebody has a session, and others come by who know more of it than they should, but do not say its cookie.
///
/// The application answers as the shop does. `others` are headers that each request has besides; they are told the
/// victim's id.
pub fn run(application: SocketAddr, others: fn(&mut StdRng, &str) -> Headers) {
    let victim = Visitor::new(application);
    victim.post("/api/login", &json!({ "user": VICTIM }).to_string());
    victim.post("/api/visits", "");
    let id = victim.id();

    let seed: u64 = rand::random();
    println!("seed {seed}");
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let id = &id;
            scope.spawn(move || attack(application, id, others, StdRng::seed_from_u64(seed ^ client)));
        }
    });

    let session = victim.get("/api/session").json();
    assert_eq!((&session["user"], &session["visits"]), (&json!(VICTIM), &json!(1)), "the session is as it was");
}

fn attack(application: SocketAddr, id: &str, others: fn(&mut StdRng, &str) -> Headers, mut random: StdRng) {
    let attacker = Visitor::new(application);
    for number in 0..REQUESTS {
        let (kind, make) = KINDS[number % KINDS.len()];
        let cookies = make(&mut random, id);
        let others = others(&mut random, id);
        let told = || {
            format!("{kind}: {:?}", cookies.iter().map(|cookie| cookie.escape_ascii().to_string()).collect::<Vec<_>>())
        };
        if (number / KINDS.len()).is_multiple_of(2) {
            let reply = attacker.request_with_cookies("GET", "/api/session", &cookies, &others);
            assert_eq!(reply.status, 200, "{}", told());
            assert_eq!((&reply.json()["user"], &reply.json()["visits"]), (&Value::Null, &json!(0)), "{}", told());
        } else {
            let reply = attacker.request_with_cookies("POST", "/api/visits", &cookies, &others);
            assert_eq!((reply.status, reply.json()), (200, json!({ "visits": 1 })), "{}", told());
            assert_eq!(reply.headers("set-cookie").len(), 1, "{}", told());
        }
    }
}

/// Names and values.
pub type Headers = Vec<(String, Vec<u8>)>;

/// One kind of hostile request: its `Cookie` headers.
type Kind = fn(&mut StdRng, &str) -> Vec<Vec<u8>>;

const KINDS: [(&str, Kind); 10] = [
    ("8 KB in one value", |random, _| vec![cookie(&text(random, 8 << 10))]),
    ("8 KB of other cookies", |random, _| {
        let others = (0..100).map(|number| format!("c{number}={}", text(random, 76)));
        vec![others.collect::<Vec<_>>().join("; ").into_bytes()]
    }),
    ("50 cookies of our name", |random, id| {
        let mut cookies: Vec<_> = (0..49).map(|_| format!("{NAME}={}", unknown_id(random))).collect();
        cookies.push(format!("{NAME}={id}"));
        vec![cookies.join("; ").into_bytes()]
    }),
    ("two headers, the first of which counts", |random, id| vec![cookie(&unknown_id(random)), cookie(id)]),
    ("two headers with a pair across them", |_, id| {
        vec![format!("{NAME}={}", &id[..20]).into_bytes(), id.as_bytes()[20..].to_vec()]
    }),
    ("bytes outside ASCII", |random, id| {
        let mut header = cookie(id);
        let place = random.random_range(0..=header.len());
        header.splice(place..place, (0..random.random_range(1..9)).map(|_| random_byte(random)).collect::<Vec<_>>());
        vec![header]
    }),
    ("nothing but bytes outside ASCII", |random, _| vec![(0..500).map(|_| random_byte(random)).collect()]),
    ("a nameless cookie that looks like ours", |random, id| {
        let nameless = [format!("={NAME}={id}"), format!("a=b; ={NAME}={id}"), format!("; =; ={NAME}={id};")];
        vec![nameless.choose(random).expect("one of them").clone().into_bytes()]
    }),
    ("a name that is nearly ours", |random, id| {
        let names = [
            "id",
            "__host-id",
            "__Host-Id",
            "__Host-id2",
            "x__Host-id",
            "__Host-",
            "__Secure-id",
            "$__Host-id",
            "\"__Host-id\"",
        ];
        vec![format!("{}={id}", names.choose(random).expect("one of them")).into_bytes()]
    }),
    ("an id of a wrong shape", |random, id| {
        let swapped: String = id
            .chars()
            .map(|c| if c.is_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() })
            .collect();
        let shapes = [
            String::new(),
            id[..42].to_owned(),
            id[1..].to_owned(),
            format!("{id}A"),
            format!("{id}="),
            format!("{id}\0").replace('\0', "%00"),
            format!("{id}{id}"),
            format!("drsession:{id}"),
            format!("\"{id}\""),
            format!("%{:02X}{}", id.as_bytes()[0], &id[1..]),
            format!("{} {}", &id[..20], &id[20..]),
            format!("{},{}", &id[..20], &id[20..]),
            id.replace(['-', '_'], "+") + "/",
            uncanonical(id),
            swapped,
            "*".to_owned(),
            "../../etc/passwd".to_owned(),
        ];
        vec![cookie(shapes.choose(random).expect("one of them"))]
    }),
];

fn cookie(value: &str) -> Vec<u8> {
    format!("{NAME}={value}").into_bytes()
}

/// An id as it should be, which nobody has. Its last letter has two bits to spare, which are zero.
fn unknown_id(random: &mut StdRng) -> String {
    text(random, 42) + &char::from(ALPHABET[random.random_range(0..16) * 4]).to_string()
}

/// So many letters of base64url.
pub fn text(random: &mut StdRng, length: usize) -> String {
    (0..length).map(|_| char::from(*ALPHABET.choose(random).expect("a letter"))).collect()
}

/// A byte that a header may hold, and ASCII doesn't know.
fn random_byte(random: &mut StdRng) -> u8 {
    random.random_range(0x80..=0xFF)
}

/// The same 256 bits, in letters that no encoder writes: the bits to spare are not zero.
fn uncanonical(id: &str) -> String {
    let (rest, last) = id.split_at(id.len() - 1);
    let value = ALPHABET.iter().position(|letter| letter == &last.as_bytes()[0]).expect("a letter");
    format!("{rest}{}", char::from(ALPHABET[value + 1]))
}
