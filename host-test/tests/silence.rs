//! What is printed for operators and developers: it holds no password, no id and no value.

use std::{
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
};

use drsession_host::{Address, Sockets, SocketsView, Tls};
use host_test::{
    bench, component::Flavour, instance::Instance, options::Options, planted::Planted, redis_server::RedisServer,
    served::Served, tls::Authority,
};
use wasmtime::component::ResourceTable;

const PASSWORD: &str = "planted-password";
const VALUE: &str = "planted-value";

/// The demo's server, with this Redis.
fn serve(url: &str) -> Command {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_serve"));
    let shop = Flavour::Blocking.path().with_file_name("shop.wasm");
    assert!(shop.is_file(), "there is no {}: run `cargo xtask build`", shop.display());
    serve.arg("--component").arg(shop).args(["--listen", "127.0.0.1:0"]).env("REDIS_URL", url).stdin(Stdio::null());
    serve
}

#[test]
fn the_demo_tells_no_secret_when_things_break() {
    let mut redis = Planted::redis().start().expect("a Redis");
    let served = Served::start_saying(&mut serve(&redis.url()), "The shop is open: ");
    let mut planted = Planted::default();
    planted.break_everything(served.address(), &mut redis);
    planted.expect_silence(&served.end(), "shop: 5");
}

#[test]
fn the_demo_that_cannot_start_says_why_and_not_by_which_password() {
    let redis = RedisServer::builder().password("right").start().expect("a Redis");
    let wrong = redis.url_as("", PASSWORD);
    let malformed = format!("redis://:{PASSWORD}@127.0.0.1:no-port");
    let nowhere = format!("redis://:{PASSWORD}@127.0.0.1:1");
    for url in [&wrong, &malformed, &nowhere] {
        let printed = run(&mut serve(url));
        assert!(printed.contains("error: "), "{printed}");
        assert!(!printed.contains(PASSWORD), "{printed}");
    }
    let help = run(serve(&wrong).arg("--help"));
    assert!(help.contains("REDIS_URL") && !help.contains(PASSWORD), "{help}");
}

/// All that it prints until it ends.
fn run(command: &mut Command) -> String {
    let Output { stdout, stderr, .. } = command.output().expect("the demo's server can be started");
    [stdout, stderr].map(|printed| String::from_utf8(printed).expect("text")).concat()
}

#[test]
fn debug_output_holds_no_secret() {
    bench::block_on(async {
        let redis = RedisServer::builder().password(PASSWORD).start().expect("a Redis");
        let asked = Arc::new(Mutex::new(String::new()));
        let addresses = Arc::clone(&asked);
        let note = move |address: &Address| {
            *addresses.lock().expect("nobody panics with it") += &format!("Address: {address:?} {address}\n");
            true
        };
        let sockets = Sockets::builder().allow(note).build();
        for flavour in [Flavour::Blocking, Flavour::Async] {
            let instance = Instance::builder(flavour).sockets(&sockets).start().await;
            let store = instance.store(&Options::new(redis.url())).await.expect("a store");
            let session = store.start().await;
            assert_eq!(session.set("field", &format!("\"{VALUE}\"")).await, Ok(()));
            let id = session.known_id().await;
            drop((session, store, instance));
            assert!(sockets.idle() > 0);

            let view = SocketsView { sockets: &sockets, table: &mut ResourceTable::new() };
            let printed = [
                format!("{sockets:?} {:?} {view:?}", sockets.statistics()),
                format!("{redis:?} {:?}", redis.connection()),
                asked.lock().expect("nobody panics with it").clone(),
            ];
            for (printed, name) in printed.iter().zip(["Sockets", "RedisServer", "Address"]) {
                assert!(printed.contains(name), "{printed}");
                for secret in [PASSWORD, VALUE, &id] {
                    assert!(!printed.contains(secret), "{secret} is told by {printed}");
                }
            }
        }
    });
}

#[test]
fn debug_output_of_settings_holds_no_private_key() {
    let authority = Authority::new();
    let client = authority.identity(&["application"]);
    let builder = Tls::builder()
        .authorities(authority.pem())
        .client_certificate(client.certificate.as_str(), client.key.as_str());
    let mut printed = format!("{builder:?} {client:?}");
    let tls = builder.build().expect("settings");
    let sockets = Sockets::builder().tls(tls.clone());
    printed += &format!(" {tls:?} {sockets:?}");
    printed += &format!(" {:?}", sockets.build());
    for name in ["TlsBuilder", "Identity", "Tls {", "SocketsBuilder", "Sockets {"] {
        assert!(printed.contains(name), "{printed}");
    }
    let lines = client.key.lines().filter(|line| !line.starts_with("-----"));
    for line in lines {
        // As text, and as the numbers that bytes are printed as.
        let numbers = format!("{:?}", line.as_bytes());
        for secret in [line, numbers.trim_matches(['[', ']'])] {
            assert!(!printed.contains(secret), "the private key is told by {printed}");
        }
    }
}
