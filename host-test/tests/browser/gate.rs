//! A way to the shop on which one message can be held for as long as a test likes.

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
    order: Arc<Mutex<Option<Order>>>,
    _runtime: Runtime,
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
        let order = Arc::new(Mutex::new(None));
        let orders = Arc::clone(&order);
        runtime.spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                // What ends a connection is for the browser to tell.
                tokio::spawn(serve(browser, shop, Arc::clone(&orders)));
            }
        });
        Self { address, order, _runtime: runtime }
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
        *self.order.lock().expect("nobody panics with it") = Some(order);
        Held { arrived: arrival, release }
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
async fn serve(mut browser: TcpStream, shop: SocketAddr, orders: Arc<Mutex<Option<Order>>>) -> io::Result<()> {
    let mut shop = TcpStream::connect(shop).await?;
    browser.set_nodelay(true)?;
    shop.set_nodelay(true)?;
    let mut from_browser = vec![0; READ_SIZE];
    let mut from_shop = vec![0; READ_SIZE];
    let mut for_response = None;
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
                browser.write_all(response).await?;
            }
        }
    }
}

/// The order that this request is meant by.
fn take(orders: &Mutex<Option<Order>>, request: &[u8]) -> Option<Order> {
    orders.lock().expect("nobody panics with it").take_if(|order| request.starts_with(order.beginning.as_bytes()))
}
