//! What is printed for operators and developers: it holds no password, no id and no value.

use std::process::{Command, Output, Stdio};

use drsession_host::{Sockets, SocketsView};
use host_test::{
    bench, component::Flavour, instance::Instance, options::Options, planted::Planted, redis_server::RedisServer,
    served::Served,
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
    planted.expect_silence(&served.end());
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
        let sockets = Sockets::builder().allow_tcp("127.0.0.1", redis.port()).build();
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
            ];
            for printed in printed {
                assert!(printed.contains("Sockets") || printed.contains("RedisServer"), "{printed}");
                for secret in [PASSWORD, VALUE, &id] {
                    assert!(!printed.contains(secret), "{secret} is told by {printed}");
                }
            }
        }
    });
}
