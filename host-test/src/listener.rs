//! A port on which a test itself serves connections.

use std::{io, net::Ipv4Addr};

use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A port of 127.0.0.1 with a task behind each of its connections. Dropped, it ends them all.
#[derive(Debug)]
pub(crate) struct Listener {
    port: u16,
    _accepting: JoinSet<()>,
}

impl Listener {
    /// Serves each connection by `serve`, whose errors end that connection and nothing else.
    pub(crate) async fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> io::Result<Self>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                if stream.set_nodelay(true).is_ok() {
                    connections.spawn(serve(stream));
                }
            }
        });
        Ok(Self { port, _accepting: accepting })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}
