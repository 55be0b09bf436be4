//! Which servers and clients are trusted, and what the settings change.

use rustls::version::{TLS12, TLS13};

use super::*;
use crate::Sockets;
use crate::address::Address;
use crate::connection::{Connection, Timeouts};
use crate::runtime::Runtime;
use crate::testing::tls::*;
use crate::testing::*;

in_both_flavours! {
    a_certificate_for_the_name_or_the_address_is_trusted,
    a_certificate_for_another_name_is_refused,
    a_certificate_from_another_authority_is_refused,
    a_certificate_out_of_its_time_is_refused,
    a_host_that_is_no_name_is_refused,
    every_version_from_1_2_on_is_spoken,
    a_second_handshake_takes_up_the_session_of_the_first,
    a_client_shows_its_certificate,
    a_client_without_a_certificate_learns_that_it_needs_one,
    a_client_with_another_authority_s_certificate_is_told,
    a_peer_without_tls_is_reported,
    a_peer_that_ends_the_handshake_has_closed,
    a_handshake_that_stalls_times_out_and_frees_its_place,
    a_handshake_that_creeps_times_out_as_a_whole,
    a_peer_that_sends_tickets_and_no_data_is_given_up,
}

/// Connects to this peer and returns the error, if any, and the peer's end.
async fn failure<R: Runtime>(sockets: &Sockets, peer: &TlsPeer, host: &str) -> (Option<Error>, Option<TlsEnd>) {
    let accepting = peer.accept();
    let connection = try_connect::<R>(sockets, peer.address_of(host), "").await;
    (connection.err(), accepting.try_end())
}

async fn expect_refusal<R: Runtime>(authority: &Authority, identity: &Identity, host: &str, why: &str) {
    let (sockets, peer) = (authority.sockets(), TlsPeer::start(server_config(identity, None, rustls::ALL_VERSIONS)));
    let (failure, _) = failure::<R>(&sockets, &peer, host).await;
    assert_eq!(failure, Some(Error::Tls(format!("the server's certificate {why}"))));
    assert_eq!((sockets.statistics().connects, sockets.idle()), (0, 0));
}

async fn a_certificate_for_the_name_or_the_address_is_trusted<R: Runtime>() {
    let authority = Authority::new();
    let identity = authority.identity(&["localhost", "127.0.0.1"]);
    let (sockets, peer) = (authority.sockets(), TlsPeer::start(server_config(&identity, None, rustls::ALL_VERSIONS)));
    for host in ["localhost", "LOCALHOST", "127.0.0.1"] {
        assert_eq!(failure::<R>(&sockets, &peer, host).await.0, None, "{host}");
    }
    assert_eq!(sockets.statistics().connects, 3);
}

async fn a_certificate_for_another_name_is_refused<R: Runtime>() {
    let authority = Authority::new();
    for (name, host) in [
        ("redis.example", "localhost"),
        ("redis.example", "127.0.0.1"),
        ("127.0.0.2", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("127.0.0.1", "localhost"),
        ("sub.localhost", "localhost"),
    ] {
        let why = "is not valid for the host's name";
        expect_refusal::<R>(&authority, &authority.identity(&[name]), host, why).await;
    }
}

async fn a_certificate_from_another_authority_is_refused<R: Runtime>() {
    let authority = Authority::new();
    let why = "comes from an authority that is not trusted";
    for other in [Authority::named("another"), Authority::new()] {
        expect_refusal::<R>(&authority, &other.identity(&["127.0.0.1"]), "127.0.0.1", why).await;
    }
}

async fn a_certificate_out_of_its_time_is_refused<R: Runtime>() {
    let authority = Authority::new();
    for (first, last, why) in [(2001, 2002, "has expired"), (4001, 4002, "is not valid yet")] {
        let identity = authority.identity_of_years(&["127.0.0.1"], first, last);
        expect_refusal::<R>(&authority, &identity, "127.0.0.1", why).await;
    }
}

async fn a_host_that_is_no_name_is_refused<R: Runtime>() {
    let (sockets, peer) = (Authority::new().sockets(), Peer::start());
    let deadline = crate::runtime::Deadline::after(LONG);
    let permit = sockets.reserve().expect("room");
    let socket = R::connect(([127, 0, 0, 1], peer.port()).into(), deadline).await.expect("a connection");
    let refused = handshake::<R>(permit.tls().expect("settings"), "no name", socket, deadline).await;
    assert!(matches!(refused.err(), Some(Error::Tls(_))));
}

async fn every_version_from_1_2_on_is_spoken<R: Runtime>() {
    let authority = Authority::new();
    let (sockets, identity) = (authority.sockets(), authority.identity(&["127.0.0.1"]));
    for version in [&TLS12, &TLS13] {
        let peer = TlsPeer::start(server_config(&identity, None, &[version]));
        let (failure, end) = failure::<R>(&sockets, &peer, "127.0.0.1").await;
        assert_eq!((failure, end.map(|end| end.version())), (None, Some(version.version)));
    }
}

async fn a_second_handshake_takes_up_the_session_of_the_first<R: Runtime>() {
    let authority = Authority::new();
    let identity = authority.identity(&["127.0.0.1"]);
    for version in [&TLS12, &TLS13] {
        let (sockets, peer) = (authority.sockets(), TlsPeer::start(server_config(&identity, None, &[version])));
        for is_resumed in [false, true] {
            let accepting = peer.accept();
            let connection = connect::<R>(&sockets, peer.address(), "").await;
            let mut end = accepting.end();
            assert_eq!(end.is_resumed(), is_resumed, "{version:?}");
            // In TLS 1.3 the ticket arrives after the handshake, so read once.
            end.sends(b"!");
            assert_eq!(connection.read(64).await, Ok(b"!".to_vec()));
        }
    }
}

/// A server that asks for certificates of the clients' authority, and sockets with these settings.
fn asking(clients: &Authority, settings: impl FnOnce(TlsBuilder) -> TlsBuilder) -> [(Sockets, TlsPeer); 2] {
    let servers = Authority::new();
    let tls = settings(servers.client()).build().expect("settings");
    let identity = servers.identity(&["127.0.0.1"]);
    [&TLS12, &TLS13].map(|version| {
        let sockets = Sockets::builder().allow(|_| true).tls(tls.clone()).build();
        (sockets, TlsPeer::start(server_config(&identity, Some(clients), &[version])))
    })
}

async fn a_client_shows_its_certificate<R: Runtime>() {
    let clients = Authority::new();
    let Identity { certificate, key } = clients.identity(&["application"]);
    for (sockets, peer) in asking(&clients, |settings| settings.client_certificate(certificate, key)) {
        let accepting = peer.accept();
        let connection = connect::<R>(&sockets, peer.address(), "").await;
        connection.write(b"ping").await.expect("a write");
        assert_eq!(accepting.end().receives(4), b"ping");
    }
}

/// Returns the error. In TLS 1.3 the client's part of the handshake is done before the server checks its certificate,
/// so the refusal arrives while the connection is in use.
async fn refusal_of_client<R: Runtime>(sockets: &Sockets, peer: &TlsPeer) -> String {
    let accepting = peer.accept();
    let failed = match try_connect::<R>(sockets, peer.address(), "").await {
        Err(error) => error,
        Ok(connection) => {
            let error = connection.read(64).await.expect_err("a server that refuses");
            connection.set_idle();
            error
        }
    };
    assert!(accepting.try_end().is_none());
    assert_eq!(sockets.idle(), 0);
    let Error::Tls(why) = failed else { panic!("{failed:?}") };
    why
}

async fn a_client_without_a_certificate_learns_that_it_needs_one<R: Runtime>() {
    for (sockets, peer) in asking(&Authority::new(), |settings| settings) {
        let why = refusal_of_client::<R>(&sockets, &peer).await;
        assert!(why.contains("client certificate"), "{why}");
    }
}

async fn a_client_with_another_authority_s_certificate_is_told<R: Runtime>() {
    for other in [Authority::named("another"), Authority::new()] {
        let Identity { certificate, key } = other.identity(&["application"]);
        let settings = |settings: TlsBuilder| settings.client_certificate(certificate, key);
        for (sockets, peer) in asking(&Authority::new(), settings) {
            let why = refusal_of_client::<R>(&sockets, &peer).await;
            assert!(why.contains("does not accept the client certificate"), "{why}");
        }
    }
}

async fn a_peer_without_tls_is_reported<R: Runtime>() {
    let (sockets, peer) = (Authority::new().sockets(), Peer::start());
    let address = Address::Tls { host: "127.0.0.1".into(), port: peer.port() };
    let answering = std::thread::spawn(move || {
        let end = peer.accept();
        peer_receives(&end, 1);
        peer_sends(&end, b"-ERR unknown command\r\n");
        end
    });
    let failed = try_connect::<R>(&sockets, address, "").await.err();
    assert_eq!(failed, Some(Error::Tls("the server does not speak TLS on this port".into())));
    drop(answering.join());
}

async fn a_peer_that_ends_the_handshake_has_closed<R: Runtime>() {
    let (sockets, peer) = (Authority::new().sockets(), Peer::start());
    let address = Address::Tls { host: "127.0.0.1".into(), port: peer.port() };
    let ending = std::thread::spawn(move || {
        let end = peer.accept();
        end.shutdown(std::net::Shutdown::Write).expect("half closed");
        end
    });
    assert_eq!(try_connect::<R>(&sockets, address, "").await.err(), Some(Error::Closed));
    drop(ending.join());
}

/// Expects connecting to this peer to time out.
async fn expect_time_out<R: Runtime>(peer: impl Fn(std::net::TcpStream) + Send + Sync + 'static) {
    let tls = Authority::new().client().build().expect("settings");
    let sockets = Sockets::builder().allow(|_| true).tls(tls).max_open(1).build();
    let listener = Arc::new(Peer::start());
    let peer = Arc::new(peer);
    // More often than the limit allows: a failed connect holds no permit.
    for _ in 0..2 {
        let (listener, peer) = (Arc::clone(&listener), Arc::clone(&peer));
        let address = Address::Tls { host: "127.0.0.1".into(), port: listener.port() };
        let playing = std::thread::spawn(move || peer(listener.accept()));
        let timeouts = Timeouts { connect: SHORT, answer: LONG };
        let failed = Connection::<R>::connect(&sockets, address, timeouts, String::new()).await;
        assert_eq!(failed.err(), Some(Error::TimedOut));
        playing.join().expect("a peer that does as it is told");
    }
}

async fn a_handshake_that_stalls_times_out_and_frees_its_place<R: Runtime>() {
    expect_time_out::<R>(|end| drop(peer_receives_rest(&end))).await;
}

async fn a_handshake_that_creeps_times_out_as_a_whole<R: Runtime>() {
    expect_time_out::<R>(|mut end| {
        // A record that takes longer than the time limit, with some progress at each byte.
        let record = [22, 3, 3, 0x40, 0].into_iter().chain(std::iter::repeat(2));
        for byte in record {
            if std::io::Write::write_all(&mut end, &[byte]).is_err() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    })
    .await;
}

async fn a_peer_that_sends_tickets_and_no_data_is_given_up<R: Runtime>() {
    let authority = Authority::new();
    let mut config = server_config(&authority.identity(&["127.0.0.1"]), None, rustls::ALL_VERSIONS);
    config.send_tls13_tickets = 550;
    let (sockets, peer) = (authority.sockets(), TlsPeer::start(config));
    let accepting = peer.accept();
    let connection = connect::<R>(&sockets, peer.address(), "").await;
    let given_up = connection.read(64).await;
    assert_eq!(given_up, Err(Error::Other("TLS: the server sends records without data".into())));
    connection.set_idle();
    drop(connection);
    assert_eq!(sockets.idle(), 0);
    drop(accepting.try_end());
}

#[test]
fn settings_that_cannot_be_used_are_told_without_a_word_of_them() {
    let authority = Authority::new();
    let (one, other) = (authority.identity(&["a"]), authority.identity(&["b"]));
    let secret = "-----BEGIN PRIVATE KEY-----hunter2\nhunter2\n-----END PRIVATE KEY-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let client = |certificate: &str, key: &str| authority.client().client_certificate(certificate, key).build();
    let cut = &one.certificate[..one.certificate.len() / 2];
    type Matches = fn(&TlsError) -> bool;
    let expected: [(Result<Tls, TlsError>, Matches); 9] = [
        (Tls::builder().authorities("").build(), |error| matches!(error, TlsError::Authorities)),
        (Tls::builder().authorities(secret).build(), |error| matches!(error, TlsError::Authorities)),
        (Tls::builder().authorities(broken).build(), |error| matches!(error, TlsError::Authorities)),
        (authority.client().authorities(cut).build(), |error| matches!(error, TlsError::Authorities)),
        (client("", &one.key), |error| matches!(error, TlsError::ClientCertificate)),
        (client(cut, &one.key), |error| matches!(error, TlsError::ClientCertificate)),
        (client(&one.certificate, ""), |error| matches!(error, TlsError::ClientKey)),
        (client(&one.certificate, secret), |error| matches!(error, TlsError::ClientKey)),
        (client(&one.certificate, &other.key), |error| matches!(error, TlsError::ClientRefused(_))),
    ];
    for (index, (result, matches)) in expected.into_iter().enumerate() {
        let error = result.expect_err("settings that can't be used");
        assert!(matches(&error), "{index}: {error:?}");
        let told = format!("{error} {error:?}");
        assert!(!told.contains("hunter2") && !told.contains(&one.key[60..80]), "{told}");
    }
}

#[test]
fn several_authorities_are_trusted_together() {
    let (one, other) = (Authority::new(), Authority::new());
    let tls = Tls::builder().authorities(one.pem() + &other.pem()).authorities(Authority::new().pem());
    let tls = tls.build().expect("settings");
    let sockets = Sockets::builder().allow(|_| true).tls(tls).build();
    for authority in [one, other] {
        let peer = authority.server();
        let (failure, _) = crate::blocking::complete(failure::<crate::runtime::Blocking>(&sockets, &peer, "127.0.0.1"));
        assert_eq!(failure, None);
    }
}

#[test]
fn debug_shows_no_settings() {
    let Identity { certificate, key } = Authority::new().identity(&["a"]);
    let builder = Authority::new().client().client_certificate(certificate, key);
    assert_eq!(format!("{builder:?}"), "TlsBuilder { .. }");
    assert_eq!(format!("{:?}", builder.build().expect("settings")), "Tls { .. }");
}
