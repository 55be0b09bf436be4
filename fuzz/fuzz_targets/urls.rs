//! URLs: what is taken means what it says, and what is refused is told.

#![no_main]

use drsession::{
    error::Error,
    redis::{
        Address,
        handshake::Handshake,
        url::{Place, Server},
    },
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|url: &str| {
    let server = match Server::parse(url) {
        Ok(server) => server,
        Err(Error::InvalidArgument(why)) => {
            assert!(why.starts_with("the URL ") && why.len() < 100, "{why}");
            return;
        }
        Err(_) => panic!("another error"),
    };
    let written = write(&server);
    assert!(Server::parse(&written).is_ok_and(|again| again == server), "{url} is not {written}");

    // What the host is told of a connection: words, numbers and a digest. Never a byte of the password.
    let handshake = Handshake::new(&server);
    assert!(handshake.state().bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b' '));
});

/// A URL that says the same.
fn write(server: &Server) -> String {
    let (addresses, parameter) = match &server.place {
        Place::At(address) => (std::slice::from_ref(address), String::new()),
        Place::Sentinels(addresses, name) => (&addresses[..], format!("&sentinel={}", encode(name.as_bytes()))),
        Place::Cluster(addresses) => (&addresses[..], "&cluster=true".to_owned()),
    };
    let mut scheme = "redis";
    let places = addresses.iter().map(|address| match address {
        Address::Tcp(host, port) => format!("[{host}]:{port}"),
        Address::Tls(host, port) => {
            scheme = "rediss";
            format!("[{host}]:{port}")
        }
        Address::Unix(path) => {
            scheme = "redis+unix";
            format!("/{}", encode(&path.as_bytes()[1..]))
        }
    });
    let places = places.collect::<Vec<_>>().join(",");
    let credentials = server.password.as_ref().map_or_else(String::new, |password| {
        format!("{}:{}@", encode(server.user.as_deref().unwrap_or_default()), encode(password))
    });
    let protocol = if server.resp3 { 3 } else { 2 };
    format!("{scheme}://{credentials}{places}?db={}&protocol={protocol}{parameter}", server.database)
}

fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02x}")).collect()
}
