//! Serves a `wasi:http` 0.2 component: one instance a request, its sockets shared by all of them.

use std::{fmt, fs, io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use drsession_host::{Sockets, SocketsContext, SocketsView};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, oneshot},
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{Component, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, sockets::SocketAddrUse};
use wasmtime_wasi_http::{
    WasiHttpCtx, WasiHttpCtxView, WasiHttpView,
    p2::{
        bindings::{ProxyPre, http::types::Scheme},
        body::HyperOutgoingBody,
    },
};

/// How many requests are answered at once; more of them wait.
const CONCURRENT: u32 = 128;
/// A component that is composed of several has several core instances, memories and tables.
const CORE_INSTANCES: u32 = 8;
const MEMORIES: u32 = 2;
const MEMORY_SIZE: usize = 64 << 20;
/// How long one instance may take, a client that sends its body slowly included.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// A component that is compiled and ready to be instantiated. Clones are the same component.
#[derive(Clone)]
pub struct HttpComponent {
    proxy: ProxyPre<State>,
    places: Arc<Semaphore>,
}

/// A running server. Dropped, it stops: requests under way are cut off.
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// What the instances of a component reach.
#[derive(Clone, Debug)]
pub enum Network {
    /// By drsession's socket, what these allow.
    Sockets(Sockets),
    /// By `wasi:sockets`, this address alone.
    Wasi(SocketAddr),
}

impl HttpServer {
    /// Serves the component from now on. Its instances see these environment variables and reach this network.
    pub fn start(
        listener: TcpListener,
        component: HttpComponent,
        environment: &[(&str, &str)],
        network: Network,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = environment.iter().map(owned).collect();
        let application = Arc::new(Application { component, environment, network });
        let task = tokio::spawn(accept(listener, application));
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A component, and what its instances get.
struct Application {
    component: HttpComponent,
    environment: Vec<(String, String)>,
    network: Network,
}

/// What the host keeps beside one instance.
struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    sockets: Sockets,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: Default::default(), ctx: &mut self.http, table: &mut self.table }
    }
}

impl SocketsContext for State {
    fn sockets(&mut self) -> SocketsView<'_> {
        SocketsView { sockets: &self.sockets, table: &mut self.table }
    }
}

impl HttpComponent {
    /// Compiles the component of this file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let component = fs::read(path).with_context(|| path.display().to_string())?;
        Self::new(&component).with_context(|| format!("{} can't be served", path.display()))
    }

    /// Compiles this component.
    pub fn new(component: &[u8]) -> anyhow::Result<Self> {
        let engine = Engine::new(&config())?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        drsession_host::tokio::add_to_linker(&mut linker)?;
        let proxy = Component::from_binary(&engine, component)
            .and_then(|component| linker.instantiate_pre(&component))
            .and_then(ProxyPre::new)?;
        Ok(Self { proxy, places: Arc::new(Semaphore::new(CONCURRENT as usize)) })
    }
}

impl fmt::Debug for HttpComponent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpComponent").finish_non_exhaustive()
    }
}

impl Application {
    fn store(&self) -> Store<State> {
        let mut wasi = WasiCtx::builder();
        wasi.envs(&self.environment).inherit_stderr();
        let sockets = match self.network {
            Network::Sockets(ref sockets) => sockets.clone(),
            Network::Wasi(reached) => {
                wasi.allow_tcp(true);
                wasi.socket_addr_check(move |address, to| Box::pin(async move { is_allowed(address, to, reached) }));
                Sockets::builder().build()
            }
        };
        let state = State { wasi: wasi.build(), http: WasiHttpCtx::new(), sockets, table: ResourceTable::new() };
        Store::new(self.component.proxy.engine(), state)
    }

    /// Answers one request by an instance of its own.
    async fn answer(&self, request: Request<Incoming>) -> anyhow::Result<Response<HyperOutgoingBody>> {
        let place = self.component.places.clone().acquire_owned().await?;
        let mut store = self.store();
        let (sender, receiver) = oneshot::channel();
        let request = store.data_mut().http().new_incoming_request(Scheme::Http, request)?;
        let out = store.data_mut().http().new_response_outparam(sender)?;

        // A task, for the guest goes on with the body after it has handed the response over.
        let proxy = self.component.proxy.clone();
        let guest = tokio::spawn(async move {
            let _place = place;
            let handle = async {
                let instance = proxy.instantiate_async(&mut store).await?;
                let handler = instance.wasi_http_incoming_handler();
                handler.call_handle(&mut store, request, out).await
            };
            timeout(REQUEST_LIMIT, handle).await
        });
        match receiver.await {
            Ok(response) => Ok(response?),
            Err(_) => match guest.await? {
                Ok(Ok(())) => anyhow::bail!("the component gave no response"),
                Ok(Err(trap)) => Err(trap.into()),
                Err(_) => anyhow::bail!("the component gave no response within {REQUEST_LIMIT:?}"),
            },
        }
    }
}

/// Whether `wasi:sockets` may do this, where one address is all that may be reached.
fn is_allowed(address: SocketAddr, to: SocketAddrUse, reached: SocketAddr) -> bool {
    match to {
        SocketAddrUse::TcpConnect => address == reached,
        // A connection of one's own begins with this: any port of any address.
        SocketAddrUse::TcpBind => address.ip().is_unspecified() && address.port() == 0,
        _ => false,
    }
}

fn config() -> Config {
    let mut pooling = PoolingAllocationConfig::default();
    pooling
        .total_component_instances(CONCURRENT)
        .total_core_instances(CONCURRENT * CORE_INSTANCES)
        .total_memories(CONCURRENT * MEMORIES)
        .total_tables(CONCURRENT * CORE_INSTANCES)
        .total_stacks(CONCURRENT)
        .max_memory_size(MEMORY_SIZE);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling)).memory_reservation(MEMORY_SIZE as u64);
    config
}

async fn accept(listener: TcpListener, application: Arc<Application>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, application.clone()));
                }
                // The peer has gone again, or all files are in use: the next one may fare better.
                Err(error) => eprintln!("a connection was not accepted: {error}"),
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers what comes over one connection. A client that goes away in the middle is no fault.
async fn serve(stream: TcpStream, application: Arc<Application>) {
    let service = service_fn(move |request| {
        let application = application.clone();
        async move {
            let response = application.answer(request).await.unwrap_or_else(|error| {
                eprintln!("a request failed: {error:#}");
                failure()
            });
            io::Result::Ok(response)
        }
    });
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}

/// What the client learns of a component that trapped, or of a request that it can't be given.
fn failure() -> Response<HyperOutgoingBody> {
    let body = Full::new(Bytes::from_static(b"The application failed.\n"));
    let mut response = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
