//! The proxy that breaks connections at any byte: each kind of fault is what it says, where it says.

use std::time::Duration;

use host_test::{
    bench::block_on,
    faults::{Direction, Fault, Faults, Kind, Schedule},
    proxy::{Behaviour, Proxy},
    redis_server::RedisServer,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Longer than anything takes that comes.
const NOTHING_COMES: Duration = Duration::from_millis(300);

const INCREMENT: &[u8] = b"*4\r\n$7\r\nHINCRBY\r\n$1\r\nk\r\n$1\r\nf\r\n$2\r\n10\r\n";
const INCREMENTED: &[u8] = b":10\r\n";

/// A Redis behind a proxy that breaks things.
struct Way {
    server: RedisServer,
    proxy: Proxy,
    faults: Faults,
}

impl Way {
    async fn open() -> Self {
        let server = RedisServer::start().expect("a server");
        let faults = Faults::none();
        let proxy = Proxy::start(server.port(), Behaviour::Break(faults.clone())).await.expect("a proxy");
        Self { server, proxy, faults }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.proxy.port())).await.expect("a proxy that listens")
    }

    /// What Redis has counted.
    fn counted(&self) -> Option<String> {
        let mut redis = self.server.connection();
        redis.hget("k", "f").map(|value| String::from_utf8(value).expect("digits"))
    }

    fn break_at(&self, direction: Direction, at_byte: usize, kind: Kind) {
        self.faults.once(Fault { direction, at_byte: at_byte as u64, kind });
    }
}

/// What comes until the connection ends, and whether that was in good order.
async fn rest(client: &mut TcpStream) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let end = client.read_to_end(&mut bytes).await;
    (bytes, end.is_ok())
}

async fn reply(client: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    client.read_exact(&mut bytes).await.expect("a reply");
    bytes
}

#[test]
fn a_request_cut_at_any_byte_is_not_done_and_a_reply_cut_at_any_byte_answers_what_is() {
    block_on(async {
        let way = Way::open().await;
        for at_byte in 0..INCREMENT.len() {
            way.break_at(Direction::Request, at_byte, Kind::Cut);
            let mut client = way.connect().await;
            client.write_all(INCREMENT).await.expect("a proxy that reads");
            assert_eq!(rest(&mut client).await, (Vec::new(), true), "cut at {at_byte}");
        }
        assert_eq!(way.counted(), None);
        for at_byte in 0..INCREMENTED.len() {
            way.server.connection().del("k");
            way.break_at(Direction::Reply, at_byte, Kind::Cut);
            let mut client = way.connect().await;
            client.write_all(INCREMENT).await.expect("a proxy that reads");
            assert_eq!(rest(&mut client).await, (INCREMENTED[..at_byte].to_vec(), true), "cut at {at_byte}");
            assert_eq!(way.counted().as_deref(), Some("10"));
        }
        assert_eq!(way.faults.counts().of(Kind::Cut), (INCREMENT.len() + INCREMENTED.len()) as u64);
        assert_eq!(way.faults.counts().total(), way.faults.counts().of(Kind::Cut));
    });
}

#[test]
fn bytes_are_counted_from_when_the_fault_is_told_over_all_connections() {
    block_on(async {
        let way = Way::open().await;
        let mut client = way.connect().await;
        client.write_all(INCREMENT).await.expect("a proxy that reads");
        assert_eq!(reply(&mut client, INCREMENTED.len()).await, INCREMENTED);
        way.break_at(Direction::Reply, 2 * INCREMENTED.len() + 1, Kind::Cut);
        for (mut client, counted) in [(client, ":20\r\n"), (way.connect().await, ":30\r\n")] {
            client.write_all(INCREMENT).await.expect("a proxy that reads");
            assert_eq!(reply(&mut client, counted.len()).await, counted.as_bytes());
        }
        let mut client = way.connect().await;
        client.write_all(INCREMENT).await.expect("a proxy that reads");
        assert_eq!(rest(&mut client).await, (b":".to_vec(), true));
    });
}

#[test]
fn a_reset_is_one() {
    block_on(async {
        let way = Way::open().await;
        for direction in [Direction::Request, Direction::Reply] {
            way.break_at(direction, 1, Kind::Reset);
            let mut client = way.connect().await;
            client.write_all(INCREMENT).await.expect("a proxy that reads");
            let (_, in_order) = rest(&mut client).await;
            assert!(!in_order, "{direction:?}");
        }
        assert_eq!(way.faults.counts().of(Kind::Reset), 2);
    });
}

#[test]
fn a_stalled_reply_does_not_go_on_and_the_connection_stays() {
    block_on(async {
        let way = Way::open().await;
        way.break_at(Direction::Reply, 2, Kind::Stall);
        let mut client = way.connect().await;
        client.write_all(INCREMENT).await.expect("a proxy that reads");
        assert_eq!(reply(&mut client, 2).await, INCREMENTED[..2]);
        assert!(timeout(NOTHING_COMES, client.read_u8()).await.is_err());
        // The other direction goes on.
        client.write_all(INCREMENT).await.expect("a proxy that reads");
        while way.counted().as_deref() != Some("20") {
            tokio::task::yield_now().await;
        }
        assert!(timeout(NOTHING_COMES, client.read_u8()).await.is_err());
    });
}

#[test]
fn a_stalled_request_is_never_done() {
    block_on(async {
        let way = Way::open().await;
        way.break_at(Direction::Request, INCREMENT.len() - 1, Kind::Stall);
        let mut client = way.connect().await;
        client.write_all(INCREMENT).await.expect("a proxy that reads");
        assert!(timeout(NOTHING_COMES, client.read_u8()).await.is_err());
        drop(client);
        assert_eq!(way.counted(), None);
    });
}

#[test]
fn what_is_split_or_delayed_comes_all_the_same() {
    block_on(async {
        let way = Way::open().await;
        let mut sum = 0;
        for kind in [Kind::Split, Kind::Delay] {
            for direction in [Direction::Request, Direction::Reply] {
                way.break_at(direction, 2, kind);
                let mut client = way.connect().await;
                client.write_all(INCREMENT).await.expect("a proxy that reads");
                sum += 10;
                assert_eq!(reply(&mut client, INCREMENTED.len()).await, format!(":{sum}\r\n").as_bytes());
            }
        }
        assert_eq!(way.faults.counts().total(), 4);
    });
}

#[test]
fn a_garbled_byte_is_another_one_and_the_others_are_not() {
    block_on(async {
        let way = Way::open().await;
        for at_byte in 0..INCREMENTED.len() {
            way.server.connection().del("k");
            way.break_at(Direction::Reply, at_byte, Kind::Garble);
            let mut client = way.connect().await;
            client.write_all(INCREMENT).await.expect("a proxy that reads");
            let garbled = reply(&mut client, INCREMENTED.len()).await;
            let others: Vec<_> = (0..garbled.len()).filter(|byte| garbled[*byte] != INCREMENTED[*byte]).collect();
            assert_eq!(others, [at_byte]);
        }
    });
}

#[test]
fn one_direction_is_closed_and_the_other_is_not() {
    block_on(async {
        let way = Way::open().await;
        way.break_at(Direction::Reply, 1, Kind::HalfClose);
        let mut client = way.connect().await;
        client.write_all(INCREMENT).await.expect("a proxy that reads");
        assert_eq!(rest(&mut client).await, (b":".to_vec(), true));
        client.write_all(INCREMENT).await.expect("a proxy that reads");
        while way.counted().as_deref() != Some("20") {
            tokio::task::yield_now().await;
        }
    });
}

/// What a client sees of so many connections under a schedule.
async fn seen(way: &Way, connections: usize) -> Vec<Vec<u8>> {
    let mut seen = Vec::new();
    for _ in 0..connections {
        let mut client = way.connect().await;
        let mut bytes = Vec::new();
        for _ in 0..8 {
            let mut answer = [0; 7];
            let asked = client.write_all(b"*1\r\n$4\r\nPING\r\n").await;
            if asked.and(client.read_exact(&mut answer).await).is_err() {
                break;
            }
            bytes.extend_from_slice(&answer);
        }
        seen.push(bytes);
    }
    seen
}

#[test]
fn the_same_seed_makes_the_same_faults_and_another_one_others() {
    block_on(async {
        let way = Way::open().await;
        let kinds = [Kind::Cut, Kind::Split, Kind::HalfClose];
        let mut runs = Vec::new();
        for seed in [1, 1, 2] {
            let before = way.faults.counts();
            way.faults.schedule(Schedule::new(seed, 40, &kinds));
            let bytes = seen(&way, 12).await;
            let counts = way.faults.counts();
            runs.push((bytes, kinds.map(|kind| counts.of(kind) - before.of(kind))));
        }
        assert_eq!(runs[0], runs[1]);
        assert_ne!(runs[0], runs[2]);
        assert!(runs.iter().all(|(_, counts)| counts.iter().sum::<u64>() >= 12), "{runs:?}");
        way.faults.calm();
        let before = way.faults.counts();
        assert_eq!(seen(&way, 2).await, vec![b"+PONG\r\n".repeat(8); 2]);
        assert_eq!(way.faults.counts(), before);
    });
}

#[test]
fn a_transcript_tells_what_was_asked_and_what_was_answered() {
    block_on(async {
        let way = Way::open().await;
        let mut client = way.connect().await;
        way.faults.record();
        for sum in [10, 20] {
            client.write_all(INCREMENT).await.expect("a proxy that reads");
            assert_eq!(reply(&mut client, INCREMENTED.len()).await, format!(":{sum}\r\n").as_bytes());
        }
        let exchanges = way.faults.recorded();
        assert_eq!(exchanges.len(), 2);
        assert!(exchanges.iter().all(|exchange| exchange.request == INCREMENT && exchange.asks("HINCRBY")));
        assert_eq!([&exchanges[0].reply, &exchanges[1].reply], [&b":10\r\n"[..], b":20\r\n"]);
    });
}
