//! A server that plays Redis and answers what a test wants.

use std::{io, sync::Arc, time::Duration};

use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    listener::Listener,
    request::{Request, RequestCounter, RequestReader},
};

/// How long a piece of an answer has for itself before the next one follows. It paces, and nothing hangs on it: a reader
/// that is slower finds two pieces at once.
const PIECE_PAUSE: Duration = Duration::from_millis(1);

/// Answers each request with what the test's closure returns: any bytes, RESP or not. Dropped, it cuts all connections.
#[derive(Debug)]
pub struct ScriptedServer {
    listener: Listener,
    counter: RequestCounter,
}

impl ScriptedServer {
    /// Starts on a free port of 127.0.0.1.
    pub async fn start(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> io::Result<Self> {
        Self::start_in_pieces(move |request| vec![answer(request)]).await
    }

    /// The same with answers that are sent a piece at a time.
    pub async fn start_in_pieces(
        answer: impl Fn(&Request) -> Vec<Vec<u8>> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let answer = Arc::new(answer);
        let counter = RequestCounter::default();
        let requests = counter.clone();
        let listener = Listener::start(move |client| serve(client, Arc::clone(&answer), requests.clone()));
        Ok(Self { listener: listener.await?, counter })
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// Its address.
    pub fn url(&self) -> String {
        self.listener.url()
    }

    /// How many requests have come.
    pub fn requests(&self) -> usize {
        self.counter.count()
    }
}

async fn serve<F>(mut client: TcpStream, answer: Arc<F>, counter: RequestCounter) -> io::Result<()>
where
    F: Fn(&Request) -> Vec<Vec<u8>>,
{
    let (input, mut output) = client.split();
    let mut requests = RequestReader::new(input, counter);
    while let Some((request, _)) = requests.next().await? {
        for (index, piece) in answer(&request).into_iter().enumerate() {
            if index > 0 {
                tokio::time::sleep(PIECE_PAUSE).await;
            }
            output.write_all(&piece).await?;
        }
    }
    Ok(())
}
