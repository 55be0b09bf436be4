//! Where TLS is not within reach, and where whom to trust is the system's matter.

use std::{env, process::Command};

use drsession_host::{Sockets, Tls};
use host_test::{
    bench::block_on,
    component::Flavour,
    instance::Instance,
    options::Options,
    redis_server::RedisServer,
    session::Error,
    tls::{Authority, ServerTls},
};

/// What a host without TLS says to do.
fn way_out(flavour: Flavour) {
    block_on(async {
        let store = Instance::start(flavour).await.store(&Options::new("rediss://:word@redis.example")).await;
        let store = store.expect("a store");
        for refused in [store.check().await, store.start().await.set("field", "1").await] {
            let Err(Error::Unsupported(way_out)) = refused else { panic!("{refused:?}") };
            assert!(way_out.contains("TLS") && way_out.contains("redis://") && way_out.contains("tunnel"), "{way_out}");
        }
    });
}

#[test]
fn a_socket_of_wasi_says_what_to_do_instead() {
    way_out(Flavour::Wasi);
}

#[test]
fn an_asynchronous_socket_of_wasi_says_what_to_do_instead() {
    way_out(Flavour::AsyncWasi);
}

#[test]
fn a_program_without_settings_says_what_to_do() {
    way_out(Flavour::Blocking);
    way_out(Flavour::Async);
}

/// Tells the process that this test starts where the server is.
const PORT: &str = "DRSESSION_TLS_PORT";

/// Whom the system trusts can be changed for a process that is still to be started, and for none that runs.
#[test]
fn the_system_s_authorities_are_trusted_unless_others_are_given() {
    if let Ok(port) = env::var(PORT) {
        return block_on(trust_the_system(&format!("rediss://127.0.0.1:{port}")));
    }
    let authority = Authority::new();
    let server = RedisServer::builder().tls(ServerTls::of(&authority)).start().expect("a server");
    let file = server.folder().join("system.pem");
    std::fs::write(&file, authority.pem()).expect("a file");
    let test = "elsewhere::the_system_s_authorities_are_trusted_unless_others_are_given";
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args([test, "--exact", "--nocapture"]);
    command
        .env(PORT, server.tls_port().expect("TLS").to_string())
        .env("SSL_CERT_FILE", file)
        .env_remove("SSL_CERT_DIR");
    let output = command.output().expect("this program, started again");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

async fn trust_the_system(url: &str) {
    let check = async |tls: Tls| {
        let sockets = Sockets::builder().allow(|_| true).tls(tls).build();
        let instance = Instance::builder(Flavour::Blocking).sockets(&sockets).start().await;
        instance.store(&Options::new(url)).await.expect("a store").check().await
    };
    assert_eq!(check(Tls::builder().build().expect("the system's authorities")).await, Ok(()));
    let refused = check(Authority::new().settings(None)).await;
    assert!(matches!(&refused, Err(Error::Unavailable(why)) if why.contains("not trusted")), "{refused:?}");
}
