//! A server between the component and Redis that breaks what a test wants broken: replies, or with [`Faults`] any byte.

use std::{fmt, io, net::Ipv4Addr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    faults::Faults,
    listener::Listener,
    request::{Request, RequestCounter, RequestReader},
    resp::FrameReader,
};

/// How long a byte has for itself before the next one follows. It paces, and nothing hangs on it: a reader that is slower
/// finds two bytes at once.
const BYTE_PAUSE: Duration = Duration::from_millis(1);

/// What a [`Proxy`] does to the connections through it.
pub enum Behaviour {
    /// Hands on every reply a byte at a time.
    SplitReplies,
    /// Sends these bytes before every reply.
    BeforeReplies(Vec<u8>),
    /// For each request of which this is true: passes it on, waits for Redis's answer, throws that away and cuts the
    /// connection. What the client has sent behind the request never reaches Redis.
    SwallowAnswer(Box<dyn Fn(&Request) -> bool + Send + Sync>),
    /// Breaks them at whatever byte it is told, and looks at no request.
    Break(Faults),
}

impl Behaviour {
    /// Swallows the answer to the request with this number, counted from 1 over all connections, and no other.
    pub fn swallow_answer_to(number: usize) -> Self {
        Self::SwallowAnswer(Box::new(move |request| request.number == number))
    }
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SplitReplies => "SplitReplies",
            Self::BeforeReplies(_) => "BeforeReplies",
            Self::SwallowAnswer(_) => "SwallowAnswer",
            Self::Break(_) => "Break",
        })
    }
}

/// A port that leads to a Redis. Dropped, it cuts all connections.
#[derive(Debug)]
pub struct Proxy {
    listener: Listener,
    counter: RequestCounter,
}

impl Proxy {
    /// Starts on a free port of 127.0.0.1, before the Redis on `redis_port`.
    pub async fn start(redis_port: u16, behaviour: Behaviour) -> io::Result<Self> {
        let behaviour = Arc::new(behaviour);
        let counter = RequestCounter::default();
        let requests = counter.clone();
        let listener =
            Listener::start(move |client| serve(client, redis_port, Arc::clone(&behaviour), requests.clone()));
        Ok(Self { listener: listener.await?, counter })
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// Its address, for a Redis without a password.
    pub fn url(&self) -> String {
        self.listener.url()
    }

    /// How many requests have come through, where they are told apart.
    pub fn requests(&self) -> usize {
        self.counter.count()
    }
}

async fn serve(
    mut client: TcpStream,
    redis_port: u16,
    behaviour: Arc<Behaviour>,
    counter: RequestCounter,
) -> io::Result<()> {
    let mut redis = TcpStream::connect((Ipv4Addr::LOCALHOST, redis_port)).await?;
    redis.set_nodelay(true)?;
    match &*behaviour {
        Behaviour::SplitReplies => {
            let ((from_client, to_client), (from_redis, to_redis)) = (client.split(), redis.split());
            // Whichever way ends first ends the connection.
            tokio::select! {
                end = pass_requests(RequestReader::new(from_client, counter), to_redis) => end,
                end = split_replies(from_redis, to_client) => end,
            }
        }
        Behaviour::BeforeReplies(bytes) => {
            let ((from_client, to_client), (from_redis, to_redis)) = (client.split(), redis.split());
            tokio::select! {
                end = pass_requests(RequestReader::new(from_client, counter), to_redis) => end,
                end = precede_replies(from_redis, to_client, bytes) => end,
            }
        }
        Behaviour::SwallowAnswer(swallows) => {
            let ((from_client, to_client), (from_redis, to_redis)) = (client.split(), redis.split());
            pass_until(RequestReader::new(from_client, counter), to_redis, from_redis, to_client, swallows).await
        }
        Behaviour::Break(faults) => faults.serve(client, redis).await,
    }
}

async fn pass_requests(
    mut requests: RequestReader<impl AsyncRead + Unpin>,
    mut redis: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    while let Some((_, frame)) = requests.next().await? {
        redis.write_all(&frame).await?;
    }
    Ok(())
}

async fn split_replies(mut redis: impl AsyncRead + Unpin, mut client: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(64 * 1024);
    while redis.read_buf(&mut bytes).await? > 0 {
        for byte in bytes.drain(..) {
            client.write_u8(byte).await?;
            tokio::time::sleep(BYTE_PAUSE).await;
        }
    }
    Ok(())
}

async fn precede_replies(
    redis: impl AsyncRead + Unpin,
    mut client: impl AsyncWrite + Unpin,
    bytes: &[u8],
) -> io::Result<()> {
    let mut replies = FrameReader::new(redis);
    while let Some(reply) = replies.next().await? {
        client.write_all(&[bytes, &reply].concat()).await?;
    }
    Ok(())
}

/// One request at a time, each with its reply, up to the one whose answer is to be swallowed.
async fn pass_until(
    mut requests: RequestReader<impl AsyncRead + Unpin>,
    mut redis: impl AsyncWrite + Unpin,
    from_redis: impl AsyncRead + Unpin,
    mut client: impl AsyncWrite + Unpin,
    swallows: impl Fn(&Request) -> bool,
) -> io::Result<()> {
    let mut replies = FrameReader::new(from_redis);
    while let Some((request, frame)) = requests.next().await? {
        redis.write_all(&frame).await?;
        let Some(reply) = replies.next().await? else {
            break;
        };
        if swallows(&request) {
            break;
        }
        client.write_all(&reply).await?;
    }
    Ok(())
}
