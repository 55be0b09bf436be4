//! Redis URLs: an accepted URL says what was read from it, and an error says what is wrong.

#![no_main]

use drsession::{
    error::Error,
    redis::{
        Address,
        handshake::Handshake,
        url::{RedisUrl, Topology},
    },
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|url: &str| {
    let parsed = match RedisUrl::parse(url) {
        Ok(parsed) => parsed,
        Err(Error::InvalidArgument(why)) => {
            assert!(why.starts_with("invalid Redis URL: ") && why.len() < 100, "{why}");
            return;
        }
        Err(_) => panic!("another error"),
    };
    let written = write(&parsed);
    assert!(RedisUrl::parse(&written).is_ok_and(|again| again == parsed), "{url} is not {written}");

    // The host learns words, numbers and a digest about a connection. It never learns a byte of the password.
    let handshake = Handshake::new(&parsed);
    assert!(handshake.state().bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b' '));
});

/// Writes a URL with the same meaning.
fn write(url: &RedisUrl) -> String {
    let (addresses, parameter) = match &url.topology {
        Topology::Single(address) => (std::slice::from_ref(address), String::new()),
        Topology::Sentinel(addresses, name) => (&addresses[..], format!("&sentinel={}", encode(name.as_bytes()))),
        Topology::Cluster(addresses) => (&addresses[..], "&cluster=true".to_owned()),
    };
    let mut scheme = "redis";
    let hosts = addresses.iter().map(|address| match address {
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
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let credentials = url.password.as_ref().map_or_else(String::new, |password| {
        format!("{}:{}@", encode(url.user.as_deref().unwrap_or_default()), encode(password))
    });
    let protocol = if url.resp3 { 3 } else { 2 };
    format!("{scheme}://{credentials}{hosts}?db={}&protocol={protocol}{parameter}", url.database)
}

fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02x}")).collect()
}
