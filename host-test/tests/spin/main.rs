//! The example for Spin, held to what can be held without a Spin: its manifests, the composition that Spin would make of
//! it, and what it asks of its host. What is said here of Spin is read out of its source: `crates/manifest`
//! (the manifest), `crates/compose` (the composition), `crates/factor-wasi` (what it links), and for 4.0 on
//! `crates/capabilities` (what it denies to dependencies).

mod compose;
mod manifest;

use std::net::SocketAddr;

use host_test::{
    http_server::{HttpComponent, HttpServer, Network},
    redis_server::RedisServer,
    visitor::Visitor,
};
use tokio::{net::TcpListener, runtime::Runtime};

use compose::{Interface, compose};
use manifest::{Component, Dependency, Manifest, built};

const SPIN_4: &str = "spin.toml";
const SPIN_3: &str = "spin-3.toml";

/// What Spin links of WASI 0.2 into every component (`factor-wasi`, without files and terminals) and into those with an
/// HTTP trigger.
const PROVIDED: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
];

/// What a dependency may import when it inherits `allowed_outbound_hosts` and nothing else, so that Spin's denying adapter
/// takes nothing of it: the network, and what the adapter knows nothing of.
const NOT_DENIED: [&str; 4] = ["wasi:clocks/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// The part of Spin 4 that a dependency needs of its application's configuration.
const NETWORK: &str = "allowed_outbound_hosts";

#[test]
fn spin_4_hands_its_dependency_the_network_and_nothing_else() {
    let manifest = Manifest::read(SPIN_4);
    let component = manifest.component();
    assert_eq!(manifest.spin_manifest_version, 2);
    assert_eq!(component.dependencies_inherit_configuration, None, "Spin 4 takes no more than one of the two");
    let (_, dependency) = component.dependency();
    assert_eq!(dependency.inherit_configuration, Some(vec![NETWORK.to_owned()]));
}

#[test]
fn spin_3_has_the_same_application_and_its_own_way_to_inherit() {
    let mut spin_3 = Manifest::read(SPIN_3);
    let component = spin_3.component.values_mut().next().expect("a component");
    assert_eq!(component.dependencies_inherit_configuration.take(), Some(true));
    for dependency in component.dependencies.values_mut() {
        assert_eq!(dependency.inherit_configuration, None, "Spin 3 doesn't know it");
        dependency.inherit_configuration = Some(vec![NETWORK.to_owned()]);
    }
    assert_eq!(spin_3, Manifest::read(SPIN_4));
}

#[test]
fn what_may_be_reached_is_the_address_in_the_redis_url() {
    let manifest = Manifest::read(SPIN_4);
    let component = manifest.component();
    let redis = component.environment["REDIS_URL"].strip_prefix("redis://").expect("a URL of Redis");
    assert!(redis.parse::<SocketAddr>().is_ok(), "Spin compares addresses, and {redis} is a name");
    assert_eq!(component.allowed_outbound_hosts, [format!("tcp://{redis}")]);
}

#[test]
fn the_dependency_exports_all_that_the_application_imports_of_it() {
    let manifest = Manifest::read(SPIN_4);
    let (application, dependency) = components(manifest.component());
    let exported = Interface::of(&dependency).exports;
    let mut imported = Interface::of(&application).imports;
    imported.retain(|import| import.starts_with("drsession:"));
    assert_eq!(imported, ["drsession:session/types@0.1.0", "drsession:session/session@0.1.0"]);
    for import in imported {
        assert!(exported.contains(&import), "{import} is not among {exported:?}");
    }
}

#[test]
fn spin_provides_every_import_and_denies_none() {
    let manifest = Manifest::read(SPIN_4);
    let (application, dependency) = components(manifest.component());
    for import in Interface::of(&dependency).imports {
        assert!(NOT_DENIED.iter().any(|begin| import.starts_with(begin)), "the adapter takes {import}");
    }
    let (name, _) = manifest.component().dependency();
    for import in Interface::of(&compose(&application, name, &dependency)).imports {
        let (interface, version) = import.split_once('@').expect("a version");
        assert!(PROVIDED.contains(&interface), "Spin has no {interface}");
        // Within 0.2 a host that has another version will do, as long as it has the functions.
        assert!(version.starts_with("0.2."), "{import}");
    }
}

#[test]
fn composed_as_spin_would_do_it_the_application_counts_its_visits() {
    let redis = RedisServer::start().expect("a Redis");
    let (_runtime, server) = serve(&redis, SocketAddr::from(([127, 0, 0, 1], redis.port())));
    let visitor = Visitor::new(server.address());
    for number in 1..=2 {
        let reply = visitor.get("/");
        assert_eq!((reply.status, reply.body), (200, format!("This is your visit number {number}.\n")));
    }
    let id = visitor.id();
    assert_eq!(redis.connection().hget(&format!("drsession:{id}"), "visits"), Some(b"2".to_vec()));
    assert_eq!(Visitor::new(server.address()).get("/").body, "This is your visit number 1.\n");
}

#[test]
fn an_address_that_is_not_allowed_is_denied() {
    let redis = RedisServer::start().expect("a Redis");
    let elsewhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let (_runtime, server) = serve(&redis, elsewhere);
    let reply = Visitor::new(server.address()).get("/");
    assert_eq!((reply.status, reply.headers("set-cookie")), (503, Vec::new()));
    assert_eq!(redis.connection().dbsize(), 0);
}

/// What the manifest's paths lead to: the application and its dependency.
fn components(component: &Component) -> (Vec<u8>, Vec<u8>) {
    let (_, Dependency { path, .. }) = component.dependency();
    (built(&component.source), built(path))
}

/// The composed application, which reaches this address and nothing else. It runs as long as what is returned.
fn serve(redis: &RedisServer, reached: SocketAddr) -> (Runtime, HttpServer) {
    let manifest = Manifest::read(SPIN_4);
    let (application, dependency) = components(manifest.component());
    let composed = compose(&application, manifest.component().dependency().0, &dependency);
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let component = HttpComponent::new(&composed).expect("what the host can serve");
        HttpServer::start(listener, component, &[("REDIS_URL", &redis.url())], Network::Wasi(reached))
    });
    (runtime, server.expect("a free port"))
}
