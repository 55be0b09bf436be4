//! A way to the shop on which one message can be held for as long as a test likes. It notes what passes.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::{self, Runtime},
    sync::oneshot,
};

/// How long what is to be held may take to come.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(30);
/// More than a request of the shop's page takes with its headers: what begins a read is the beginning of a message.
const READ_SIZE: usize = 64 * 1024;

/// Where a request is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// On its way: the shop has not seen it yet.
    Request,
    /// On its way back: the shop has answered.
    Response,
}

/// A port that leads to the shop. Dropped, it cuts all connections.
pub(crate) struct Gate {
    address: SocketAddr,
    orders: Orders,
    log: Log,
    _runtime: Runtime,
}

/// What one connection is to do with a message that is still to come.
type Orders = Arc<Mutex<Option<Order>>>;

/// What has passed, in this order: methods, paths and statuses, and nothing that anybody could use.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: String) {
        self.0.lock().expect("nobody panics with it").push(what);
    }
}

/// A message that is to be held, or is.
pub(crate) struct Held {
    arrived: mpsc::Receiver<()>,
    release: oneshot::Sender<()>,
}

/// What a connection does with the message that it is about.
struct Order {
    /// How the request begins: its method and path.
    beginning: String,
    stage: Stage,
    arrived: mpsc::Sender<()>,
    release: oneshot::Receiver<()>,
}

impl Gate {
    /// Starts on a free port of 127.0.0.1.
    pub(crate) fn start(shop: SocketAddr) -> Self {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (orders, log) = (Orders::default(), Log::default());
        let (for_all, noted) = (Arc::clone(&orders), log.clone());
        runtime.spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                // What ends a connection is for the browser to tell.
                tokio::spawn(serve(browser, shop, Arc::clone(&for_all), noted.clone()));
            }
        });
        Self { address, orders, log, _runtime: runtime }
    }

    /// The shop's address, as the browser is to use it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Holds the next request that begins like this, such as `POST /api/basket`, or its answer.
    pub(crate) fn hold(&self, beginning: &str, stage: Stage) -> Held {
        let (arrived, arrival) = mpsc::channel();
        let (release, released) = oneshot::channel();
        let order = Order { beginning: format!("{beginning} "), stage, arrived, release: released };
        *self.orders.lock().expect("nobody panics with it") = Some(order);
        Held { arrived: arrival, release }
    }

    /// What has passed so far, a line each: requests, and answers with their status.
    pub(crate) fn log(&self) -> String {
        self.log.0.lock().expect("nobody panics with it").join("\n")
    }
}

impl Held {
    /// Waits until it is there.
    pub(crate) fn wait(&self) {
        self.arrived.recv_timeout(ARRIVAL_LIMIT).expect("what is to be held comes");
    }

    /// Lets it go on.
    pub(crate) fn release(self) {
        self.release.send(()).expect("it is still there");
    }
}

impl Order {
    /// Holds its message. Where the test has ended meanwhile, nobody holds it any more.
    async fn obey(self) {
        let _ = self.arrived.send(());
        let _ = self.release.await;
    }
}

/// Passes on what comes from either side. On one connection, HTTP/1.1 has one request under way at a time.
async fn serve(mut browser: TcpStream, shop: SocketAddr, orders: Orders, log: Log) -> io::Result<()> {
    let mut shop = TcpStream::connect(shop).await?;
    browser.set_nodelay(true)?;
    shop.set_nodelay(true)?;
    let mut from_browser = vec![0; READ_SIZE];
    let mut from_shop = vec![0; READ_SIZE];
    let mut for_response = None;
    let mut under_way = None;
    loop {
        tokio::select! {
            length = browser.read(&mut from_browser) => {
                let request = &from_browser[..length?];
                if request.is_empty() {
                    return Ok(());
                }
                match take(&orders, request) {
                    Some(order) if order.stage == Stage::Request => order.obey().await,
                    Some(order) => for_response = Some(order),
                    None => {}
                }
                // What is no beginning is the rest of a request.
                if let Some(asked) = asked(request) {
                    log.note(asked.clone());
                    under_way = Some(asked);
                }
                shop.write_all(request).await?;
            }
            length = shop.read(&mut from_shop) => {
                let response = &from_shop[..length?];
                if response.is_empty() {
                    return Ok(());
                }
                if let Some(order) = for_response.take() {
                    order.obey().await;
                }
                if let Some(asked) = under_way.take() {
                    log.note(format!("{asked}: {}", status(response)));
                }
                browser.write_all(response).await?;
            }
        }
    }
}

/// The order that this request is meant by.
fn take(orders: &Orders, request: &[u8]) -> Option<Order> {
    orders.lock().expect("nobody panics with it").take_if(|order| request.starts_with(order.beginning.as_bytes()))
}

/// The method and the path of a request that begins here.
fn asked(request: &[u8]) -> Option<String> {
    let line = first_line(request);
    line.strip_suffix(" HTTP/1.1")?.split('?').next().map(str::to_owned)
}

/// The status of an answer that begins here.
fn status(response: &[u8]) -> String {
    first_line(response).split(' ').nth(1).unwrap_or("no status").to_owned()
}

fn first_line(message: &[u8]) -> String {
    String::from_utf8_lossy(message).lines().next().unwrap_or_default().to_owned()
}
