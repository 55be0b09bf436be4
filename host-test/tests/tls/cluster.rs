//! A cluster whose nodes speak TLS with clients and among themselves.

use drsession_host::{Address, Sockets};
use host_test::{
    component::Flavour,
    instance::Instance,
    options::Options,
    redis_cluster::RedisCluster,
    tls::{Authority, ServerTls},
};

use crate::suite::calls::{self, Kind};

crate::in_both_flavours! {
    every_call_works_wherever_the_session_lies,
}

const ROUNDS: usize = 3;

async fn every_call_works_wherever_the_session_lies(flavour: Flavour) {
    let authority = Authority::new();
    let cluster = RedisCluster::start_tls(&ServerTls::of(&authority)).expect("a cluster");
    // Whoever is sent to another node goes on in TLS.
    let only_tls = |address: &Address| matches!(address, Address::Tls { .. });
    let sockets = Sockets::builder().allow(only_tls).tls(authority.settings(None)).build();
    for scripts in [true, false] {
        let instance = Instance::builder(flavour).sockets(&sockets).start().await;
        let store = instance.store(&Options::new(cluster.url()).scripts(scripts)).await.expect("a store");
        for call in calls::of_kind(&[Kind::Creates, Kind::Changes, Kind::Rotates]).flat_map(|call| [call; ROUNDS]) {
            let session = store.start().await;
            assert_eq!(session.set("field", "1").await, Ok(()), "scripts {scripts}");
            assert_eq!(call.on(&session).await, Ok(()), "{}, scripts {scripts}", call.name);
            let again = store.attach(&session.known_id().await).await.expect("a well-formed id");
            assert_eq!(again.ttl().await.map(|seconds| seconds.is_some()), Ok(true), "{}", call.name);
        }
    }
    for mut primary in cluster.primaries() {
        assert!(primary.dbsize() > 0, "a primary without sessions");
    }
}
