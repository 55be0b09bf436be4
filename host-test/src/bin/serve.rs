//! Serves the demo shop.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::Parser;
use drsession_host::{Sockets, SocketsBuilder};
use host_test::{
    http_server::{HttpComponent, HttpServer, Network},
    redis_server::RedisServer,
    signals,
};
use redis::{AsyncConnectionConfig, Client, ConnectionAddr};
use tokio::net::TcpListener;

/// How long Redis may take to answer before the shop opens.
const REDIS_LIMIT: Duration = Duration::from_secs(5);

/// Serves the demo shop
#[derive(Parser)]
struct Flags {
    /// The Redis to use; else a private one is started
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    redis: Option<String>,

    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: String,

    /// Names the cookie `id`, without Secure
    #[arg(long)]
    insecure_cookie: bool,

    /// The component to serve
    #[arg(long, default_value = "target/components/shop.wasm", value_name = "PATH")]
    component: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Flags::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal says that it is enough. What was started ends with what is dropped here.
async fn run(flags: Flags) -> anyhow::Result<()> {
    let enough = signals::enough()?;
    let listener = TcpListener::bind(&flags.listen).await.with_context(|| format!("listening on {}", flags.listen))?;
    let (_own_redis, url) = match flags.redis {
        Some(url) => (None, url),
        None => {
            let redis = RedisServer::start()?;
            let url = redis.url();
            (Some(redis), url)
        }
    };
    let client = Client::open(url.as_str()).context("this Redis URL can't be used")?;
    let address = client.get_connection_info().addr().clone();
    if let Err(error) = check(&client).await {
        let error = error.to_string();
        bail!("Redis at {address} doesn't answer: {}", error.lines().next().unwrap_or_default());
    }

    let cookie = if flags.insecure_cookie { "1" } else { "0" };
    let environment = [("REDIS_URL", url.as_str()), ("SHOP_INSECURE_COOKIE", cookie)];
    let sockets = allow(Sockets::builder(), &address).build();
    let component = HttpComponent::load(&flags.component)?;
    let server = HttpServer::start(listener, component, &environment, Network::Sockets(sockets))?;
    greet(server.address(), &address, flags.insecure_cookie);

    enough.await;
    Ok(())
}

/// Whether Redis answers, with the user and the password of the URL.
async fn check(client: &Client) -> redis::RedisResult<()> {
    let limits =
        AsyncConnectionConfig::new().set_connection_timeout(Some(REDIS_LIMIT)).set_response_timeout(Some(REDIS_LIMIT));
    let mut connection = client.get_multiplexed_async_connection_with_config(&limits).await?;
    redis::cmd("PING").query_async(&mut connection).await
}

/// The shop reaches this Redis, and nothing else.
fn allow(sockets: SocketsBuilder, address: &ConnectionAddr) -> SocketsBuilder {
    match address {
        ConnectionAddr::Tcp(host, port) => sockets.allow_tcp(host, *port),
        ConnectionAddr::Unix(path) => sockets.allow_unix(path),
        _ => sockets,
    }
}

fn greet(listening: SocketAddr, redis: &ConnectionAddr, insecure_cookie: bool) {
    let host = match listening.ip() {
        // Every address of this machine; browsers trust this one.
        ip if ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let shop = format!("http://{host}:{}", listening.port());
    let redis = match redis {
        ConnectionAddr::Unix(path) => format!("redis-cli -s {}", path.display()),
        ConnectionAddr::Tcp(host, port) if host == "127.0.0.1" => format!("redis-cli -p {port}"),
        ConnectionAddr::Tcp(host, port) => format!("redis-cli -h {host} -p {port}"),
        other => other.to_string(),
    };
    println!(
        "The shop is open: {shop}/\n\
         Its Redis:        {redis}\n\
         \n\
         curl -c jar -b jar -X POST {shop}/api/visits\n\
         curl -c jar -b jar -d '{{\"user\": \"ann\"}}' {shop}/api/login\n\
         curl -c jar -b jar -d '{{\"item\": \"tea\"}}' {shop}/api/basket\n\
         curl -c jar -b jar {shop}/api/session\n"
    );
    if !listening.ip().is_loopback() && !insecure_cookie {
        println!(
            "Over plain HTTP, browsers and curl keep the cookie for localhost only: for other names, --insecure-cookie."
        );
    }
    println!("Ctrl-C closes it.");
}
