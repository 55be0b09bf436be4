//! A site of somebody else, whose page makes the visitor's browser send requests to the shop.

use std::{io, net::Ipv4Addr};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    runtime::{self, Runtime},
};

/// A server that has one page, whatever it is asked for. Dropped, it ends.
pub(crate) struct ForeignSite {
    port: u16,
    _runtime: Runtime,
}

impl ForeignSite {
    /// Starts on a free port of 127.0.0.1, with this page.
    pub(crate) fn start(page: String) -> Self {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        runtime.spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                // A browser that opens a connection and asks nothing is none that the next one has to wait for.
                tokio::spawn(answer(browser, page.clone()));
            }
        });
        Self { port, _runtime: runtime }
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

async fn answer(mut browser: TcpStream, page: String) -> io::Result<()> {
    let (from_browser, mut to_browser) = browser.split();
    let mut request = BufReader::new(from_browser).lines();
    while request.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html; charset=utf-8\r\n";
    let response = format!("{head}content-length: {}\r\n\r\n{page}", page.len());
    to_browser.write_all(response.as_bytes()).await
}
