//! A stream that is cut off, after each byte of what the server sends in turn: a cut is never taken for an answer.

use std::{
    io,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use host_test::{
    component::Flavour,
    instance::Instance,
    options::Options,
    redis_server::RedisServer,
    session::Error,
    tls::{Authority, ServerTls, sockets},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

crate::in_both_flavours! {
    a_cut_in_the_handshake_is_told_as_not_written,
    a_cut_in_the_answer_is_never_taken_for_one,
}

/// A way to a server on which connections end after so many bytes from it.
struct Cutter {
    port: u16,
    left: Arc<AtomicU64>,
    _accepting: JoinSet<()>,
}

impl Cutter {
    async fn start(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let left = Arc::new(AtomicU64::new(u64::MAX));
        let allowed = Arc::clone(&left);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(pass(client, server, Arc::clone(&allowed)));
            }
        });
        Self { port, left, _accepting: accepting }
    }

    /// From now on.
    fn cut_after(&self, bytes: u64) {
        self.left.store(bytes, SeqCst);
    }
}

async fn pass(mut client: TcpStream, server: u16, left: Arc<AtomicU64>) -> io::Result<()> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let answers = async {
        let mut bytes = vec![0; 16 * 1024];
        loop {
            let arrived = from_server.read(&mut bytes).await? as u64;
            let passed = left.fetch_update(SeqCst, SeqCst, |left| Some(left.saturating_sub(arrived)));
            let passed = passed.unwrap_or_default().min(arrived);
            to_client.write_all(&bytes[..passed as usize]).await?;
            if passed < arrived || arrived == 0 {
                return io::Result::Ok(());
            }
        }
    };
    tokio::select! {
        end = answers => end,
        end = copy(&mut from_client, &mut to_server) => end.map(drop),
    }
}

fn server(authority: &Authority) -> RedisServer {
    RedisServer::builder().tls(ServerTls::of(authority)).start().expect("a server")
}

async fn a_cut_in_the_handshake_is_told_as_not_written(flavour: Flavour) {
    let authority = Authority::new();
    let server = server(&authority);
    let cutter = Cutter::start(server.tls_port().expect("TLS")).await;
    // The shortest handshake of a server that shows a certificate is longer.
    for bytes in (0..600).step_by(7) {
        let sockets = sockets(&authority.settings(None));
        let instance = Instance::builder(flavour).sockets(&sockets).start().await;
        let options = Options::new(format!("rediss://127.0.0.1:{}", cutter.port)).timeouts(1_000_u32, 1_000_u32);
        let session = instance.store(&options).await.expect("a store").start().await;
        cutter.cut_after(bytes);
        let cut = session.set("field", "1").await;
        assert!(matches!(cut, Err(Error::Unavailable(_))), "after {bytes} bytes: {cut:?}");
    }
    assert_eq!(server.connection().dbsize(), 0);
}

async fn a_cut_in_the_answer_is_never_taken_for_one(flavour: Flavour) {
    let authority = Authority::new();
    let server = server(&authority);
    let sockets = sockets(&authority.settings(None));
    let cutter = Cutter::start(server.tls_port().expect("TLS")).await;
    let options = Options::new(format!("rediss://127.0.0.1:{}", cutter.port));
    let instance = Instance::builder(flavour).sockets(&sockets).start().await;
    let store = instance.store(&options).await.expect("a store");
    let session = store.start().await;
    let mut count = 0;
    let mut acknowledged = 0;
    // An answer of one digit in its record: the last of these cuts comes after its end.
    for bytes in 0.. {
        cutter.cut_after(u64::MAX);
        assert_eq!(session.set("field", "0").await, Ok(()));
        cutter.cut_after(bytes);
        match session.increment("field", 1).await {
            Ok(sum) => {
                assert_eq!(sum, 1);
                acknowledged += 1;
            }
            Err(Error::OutcomeUnknown(_)) => count += 1,
            Err(error) => panic!("after {bytes} bytes: {error:?}"),
        }
        if acknowledged > 2 {
            break;
        }
    }
    // The answer's record: five bytes before it, and at least seventeen behind.
    println!("{count} cuts in the answer");
    assert!(count > 22, "{count}");
}
