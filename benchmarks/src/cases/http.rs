//! The whole: HTTP through `wasmtime serve`, of a component that only answers, and of one that counts in a session.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use host_test::component::Flavour;
use host_test::redis_server::RedisServer;
use host_test::served::{Served, program};

use super::{Scale, runtime};
use crate::http::HttpClient;
use crate::measure::{Contestant, Plan, side_by_side};
use crate::results::Results;

/// How many connections ask at once.
pub(crate) const CONNECTIONS: [usize; 2] = [1, 32];

/// Long enough for a server to be busy with one kind of request.
const SLICE: Duration = Duration::from_millis(100);

/// What is served, and how.
struct Way {
    name: &'static str,
    file: &'static str,
    flags: &'static [&'static str],
    method: &'static str,
    path: &'static str,
}

/// Each that only answers, and the one that counts, in pairs.
pub(crate) const PAIRS: [(&str, &str); 4] = [
    ("hi, 0.2, an instance a request", "a guarded increment, 0.2, an instance a request"),
    ("hi, 0.2, instances used again", "a guarded increment, 0.2, instances used again"),
    ("hi, 0.3", "a guarded increment, 0.3"),
    ("hi, 0.2, an instance a request, memory kept", "a guarded increment, 0.2, an instance a request, memory kept"),
];

const REUSE: &[&str] = &["--max-instance-reuse-count", "1000"];
/// As the README recommends it.
const KEEP: &[&str] = &["-O", "pooling-memory-keep-resident=524288", "-O", "pooling-table-keep-resident=65536"];

const WAYS: [Way; 8] = [
    Way { name: PAIRS[0].0, file: "benchmark-hello.wasm", flags: &[], method: "GET", path: "/" },
    Way { name: PAIRS[0].1, file: "benchmark-visits.wasm", flags: &[], method: "GET", path: "/" },
    Way { name: PAIRS[1].0, file: "benchmark-hello.wasm", flags: REUSE, method: "GET", path: "/" },
    Way { name: PAIRS[1].1, file: "benchmark-visits.wasm", flags: REUSE, method: "GET", path: "/" },
    Way { name: PAIRS[2].0, file: "benchmark-hello-async.wasm", flags: &[], method: "POST", path: "/api/visits" },
    Way { name: PAIRS[2].1, file: "benchmark-visits-async.wasm", flags: &[], method: "POST", path: "/api/visits" },
    Way { name: PAIRS[3].0, file: "benchmark-hello.wasm", flags: KEEP, method: "GET", path: "/" },
    Way { name: PAIRS[3].1, file: "benchmark-visits.wasm", flags: KEEP, method: "GET", path: "/" },
];

pub(super) fn run(_: Scale, time: Duration, results: &mut Results) -> anyhow::Result<()> {
    let redis = RedisServer::start()?;
    let servers: Vec<_> = WAYS.iter().map(|way| serve(way, &redis)).collect();
    for connections in CONNECTIONS {
        let contestants = WAYS.iter().zip(&servers).map(|(way, server)| contestant(way, server, connections));
        let contestants = contestants.collect::<anyhow::Result<_>>()?;
        let plan = Plan { time: time / CONNECTIONS.len() as u32, slice: SLICE };
        results.series.extend(side_by_side(&case(connections), plan, contestants)?);
    }
    Ok(())
}

/// What so many connections are called in the results.
pub(crate) fn case(connections: usize) -> String {
    format!("HTTP: {connections} connection{}", if connections == 1 { "" } else { "s" })
}

fn serve(way: &Way, redis: &RedisServer) -> Served {
    let mut serve = program("wasmtime");
    serve.args(["serve", "-S", "cli", "-S", "inherit-network", "--addr", "127.0.0.1:0"]).args(way.flags);
    serve.arg("--env").arg(format!("REDIS_URL={}", redis.url()));
    Served::start(serve.arg(Flavour::Blocking.path().with_file_name(way.file)))
}

fn contestant(way: &Way, server: &Served, connections: usize) -> anyhow::Result<Contestant<'static>> {
    let runtime = runtime()?;
    let clients = (0..connections).map(|_| HttpClient::connect(server.address(), way.method, way.path));
    let mut clients = runtime.block_on(try_join_all(clients))?;
    let contestant = Contestant::new(way.name, move |slice, recorder| {
        let begun = Instant::now();
        let times = runtime.block_on(try_join_all(clients.iter_mut().map(async |client| {
            let mut times = Vec::new();
            let mut before = Instant::now();
            while before - begun < slice {
                client.ask().await?;
                let now = Instant::now();
                times.push(now - before);
                before = now;
            }
            anyhow::Ok(times)
        })))?;
        times.iter().flatten().for_each(|time| recorder.record(*time, 1));
        recorder.took(begun.elapsed());
        Ok(())
    });
    let only_answers = PAIRS.iter().any(|(hi, _)| *hi == way.name);
    Ok(if only_answers { contestant.floor() } else { contestant })
}
