//! Whom the host trusts, and who it is: what the component makes of it.

use drsession_host::{Sockets, Statistics};
use host_test::{
    component::Flavour,
    instance::Instance,
    options::Options,
    redis_client::RedisClient,
    redis_server::RedisServer,
    session::{Error, Store},
    tls::{Authority, Identity, ServerTls, sockets},
    waiting::in_time,
};

crate::in_both_flavours! {
    a_server_is_trusted_by_its_address_or_its_name,
    a_certificate_that_is_not_right_is_told_and_nothing_is_sent,
    a_client_certificate_is_shown_where_one_is_asked_for,
    a_client_that_the_server_does_not_know_is_told,
    a_port_without_tls_is_given_up_in_time,
    a_port_with_tls_takes_nothing_in_the_clear,
    a_handshake_that_stalls_ends_at_the_time_limit,
    older_and_newer_tls_are_spoken,
}

const PASSWORD: &str = "correct-horse-battery";
/// Milliseconds, for connecting and for an answer.
const LIMIT: u32 = 2_000;

fn server(tls: ServerTls) -> RedisServer {
    RedisServer::builder().password(PASSWORD).tls(tls).start().expect("a server")
}

/// A store whose host trusts this authority.
async fn store(flavour: Flavour, url: &str, authority: &Authority, client: Option<&Identity>) -> Store {
    store_over(flavour, url, &sockets(&authority.settings(client))).await
}

/// A store with these sockets.
async fn store_over(flavour: Flavour, url: &str, sockets: &Sockets) -> Store {
    let instance = Instance::builder(flavour).sockets(sockets).start().await;
    instance.store(&Options::new(url).timeouts(LIMIT, LIMIT)).await.expect("a store")
}

/// What both a call that writes and one that doesn't are told. Nothing was written then.
async fn refusal(server: &RedisServer, store: &Store) -> String {
    let before = server.connection().dbsize();
    let told = refused(store).await;
    assert_eq!(server.connection().dbsize(), before);
    told
}

/// What both are told.
async fn refused(store: &Store) -> String {
    let mut told = Vec::new();
    for refused in [store.check().await, store.start().await.set("field", "1").await] {
        let Err(Error::Unavailable(why)) = refused else { panic!("{refused:?}") };
        assert!(!why.contains(PASSWORD), "{why}");
        told.push(why);
    }
    assert_eq!(told[0], told[1]);
    told.remove(0)
}

async fn a_server_is_trusted_by_its_address_or_its_name(flavour: Flavour) {
    let authority = Authority::new();
    let server = server(ServerTls::of(&authority));
    for host in ["127.0.0.1", "localhost"] {
        let url = server.tls_url().replace("127.0.0.1", host);
        let session = store(flavour, &url, &authority, None).await.start().await;
        assert_eq!(session.set("field", "1").await, Ok(()));
        assert_eq!(session.get("field").await, Ok(Some("1".to_owned())));
    }
    assert_eq!(server.connection().dbsize(), 2);
}

async fn a_certificate_that_is_not_right_is_told_and_nothing_is_sent(flavour: Flavour) {
    let (authority, other) = (Authority::new(), Authority::new());
    for (identity, why) in [
        (authority.identity(&["redis.example", "127.0.0.2"]), "is not valid for the host's name"),
        (authority.expired_identity(&["127.0.0.1"]), "has expired"),
        (other.identity(&["127.0.0.1"]), "comes from an authority that is not trusted"),
    ] {
        let (server, sockets) = (server(ServerTls::new(identity, &authority)), sockets(&authority.settings(None)));
        let store = store_over(flavour, &server.tls_url(), &sockets).await;
        let mut redis = server.connection();
        let (commands, errors) = heard(&mut redis);
        assert_eq!(refused(&store).await, format!("TLS: the server's certificate {why}"));
        assert_eq!(heard(&mut redis), (commands + LOOK, errors), "the server was sent a command");
        assert_eq!(sockets.statistics(), Statistics::default(), "something was handed on to be sent");
    }
    // What is sent is seen, in either place.
    let (server, sockets) = (server(ServerTls::of(&authority)), sockets(&authority.settings(None)));
    let store = store_over(flavour, &server.tls_url(), &sockets).await;
    let mut redis = server.connection();
    let (commands, _) = heard(&mut redis);
    assert_eq!(store.check().await, Ok(()));
    assert!(heard(&mut redis).0 > commands + LOOK && sockets.statistics().bytes_written > 0);
}

/// How many commands the server has done, and how many it has answered with an error. Looking is [`LOOK`] more.
fn heard(redis: &mut RedisClient) -> (u64, u64) {
    (redis.info("total_commands_processed"), redis.info("total_error_replies"))
}

const LOOK: u64 = 2;

async fn a_client_certificate_is_shown_where_one_is_asked_for(flavour: Flavour) {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = server(ServerTls::of(&servers).asking_clients(&clients));
    let client = clients.identity(&["application"]);
    let store = store(flavour, &server.tls_url(), &servers, Some(&client)).await;
    assert_eq!(store.start().await.set("field", "1").await, Ok(()));
}

async fn a_client_that_the_server_does_not_know_is_told(flavour: Flavour) {
    let (servers, clients) = (Authority::new(), Authority::new());
    for (versions, password) in [("TLSv1.2", ""), ("TLSv1.3", ""), ("TLSv1.2", PASSWORD), ("TLSv1.3", PASSWORD)] {
        let mut server = RedisServer::builder()
            .tls(ServerTls::of(&servers).asking_clients(&clients))
            .setting(&format!("tls-protocols {versions}"));
        // With a password, that is what is said first; without one, it is the call.
        if !password.is_empty() {
            server = server.password(password);
        }
        let server = server.start().expect("a server");
        let unknown = Authority::new().identity(&["application"]);
        let expired = clients.expired_identity(&["application"]);
        for client in [None, Some(&unknown), Some(&expired)] {
            let store = store(flavour, &server.tls_url(), &servers, client).await;
            let why = refusal(&server, &store).await;
            assert!(why.starts_with("TLS: ") && why.contains("client certificate"), "{versions}: {why}");
        }
    }
}

async fn older_and_newer_tls_are_spoken(flavour: Flavour) {
    let authority = Authority::new();
    for versions in ["TLSv1.2", "TLSv1.3"] {
        let server = RedisServer::builder()
            .tls(ServerTls::of(&authority))
            .setting(&format!("tls-protocols {versions}"))
            .start()
            .expect("a server");
        let session = store(flavour, &server.tls_url(), &authority, None).await.start().await;
        let json = format!("\"{}\"", "x".repeat(100_000));
        assert_eq!(session.set("field", &json).await, Ok(()));
        assert_eq!(session.get("field").await, Ok(Some(json)));
    }
}

async fn a_port_without_tls_is_given_up_in_time(flavour: Flavour) {
    let (authority, server) = (Authority::new(), RedisServer::start().expect("a server"));
    let url = server.url().replace("redis://", "rediss://");
    let store = store(flavour, &url, &authority, None).await;
    in_time("two calls", 2 * LIMIT, refusal(&server, &store)).await;
}

async fn a_port_with_tls_takes_nothing_in_the_clear(flavour: Flavour) {
    let authority = Authority::new();
    let server = RedisServer::builder().tls(ServerTls::of(&authority)).start().expect("a server");
    let url = server.tls_url().replace("rediss://", "redis://");
    let store = store(flavour, &url, &authority, None).await;
    let refused = store.check().await;
    assert!(matches!(refused, Err(Error::Unavailable(_) | Error::Protocol(_))), "{refused:?}");
    let refused = store.start().await.set("field", "1").await;
    assert!(matches!(refused, Err(Error::OutcomeUnknown(_))), "{refused:?}");
    assert_eq!(server.connection().dbsize(), 0);
}

async fn a_handshake_that_stalls_ends_at_the_time_limit(flavour: Flavour) {
    const SHORT: u32 = 100;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("rediss://{}", silent.local_addr().expect("its address"));
    let sockets = sockets(&Authority::new().settings(None));
    let instance = Instance::builder(flavour).sockets(&sockets).start().await;
    let store = instance.store(&Options::new(url).timeouts(SHORT, 20_000_u32)).await.expect("a store");
    let session = store.start().await;
    for told in [in_time("check", SHORT, store.check()).await, in_time("set", SHORT, session.set("field", "1")).await] {
        assert_eq!(told, Err(Error::Unavailable("timed out".to_owned())));
    }
    assert_eq!(sockets.statistics().connects, 0);
}
