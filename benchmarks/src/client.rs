//! A client for Redis that the host has, redis-rs, in the manner of Spin's: what guests use who have no sessions.

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Value};
use wasmtime::component::{HasData, Linker, Resource};

use bindings::drsession::benchmark_calls::client::{self as interface, Host, HostConnection, Outcome, Parameter};

mod bindings {
    #![allow(clippy::all, missing_docs, unreachable_pub, unsafe_code, reason = "generated")]

    wasmtime::component::bindgen!({
        path: ["../wit", "guests/calls/wit"],
        inline: "package drsession:benchmarks; world client-host { import drsession:benchmark-calls/client; }",
        world: "drsession:benchmarks/client-host",
        imports: { default: async | trappable },
        with: { "drsession:benchmark-calls/client.connection": crate::client::Connection },
    });
}

/// What a guest's handle stands for: all share one.
pub struct Connection;

/// The host's one connection to Redis.
pub struct Client(MultiplexedConnection);

impl Client {
    /// Connects.
    ///
    /// # Errors
    ///
    /// Redis can't be reached.
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        Ok(Self(redis::Client::open(url)?.get_multiplexed_async_connection().await?))
    }
}

/// What a store lends to the functions that the guest calls.
pub trait ClientContext: Send {
    /// The client.
    fn client(&mut self) -> &Client;
}

/// Gives guests the import `client`.
///
/// # Errors
///
/// The linker has that import already.
pub fn add_to_linker<T: ClientContext + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    interface::add_to_linker::<T, HasClient>(linker, T::client)
}

struct HasClient;

impl HasData for HasClient {
    type Data<'a> = &'a Client;
}

impl Host for &Client {}

impl HostConnection for &Client {
    async fn open(&mut self, _: String) -> wasmtime::Result<Result<Resource<Connection>, String>> {
        Ok(Ok(Resource::new_own(0)))
    }

    async fn execute(
        &mut self,
        _: Resource<Connection>,
        command: String,
        arguments: Vec<Parameter>,
    ) -> wasmtime::Result<Result<Vec<Outcome>, String>> {
        let mut request = Cmd::new();
        request.arg(command);
        for argument in arguments {
            match argument {
                Parameter::Int64(number) => request.arg(number),
                Parameter::Binary(bytes) => request.arg(bytes),
            };
        }
        let mut connection = self.0.clone();
        let reply: redis::RedisResult<Value> = request.query_async(&mut connection).await;
        Ok(reply.map(|value| vec![outcome(value)]).map_err(|error| error.to_string()))
    }

    async fn drop(&mut self, _: Resource<Connection>) -> wasmtime::Result<()> {
        Ok(())
    }
}

fn outcome(value: Value) -> Outcome {
    match value {
        Value::Nil => Outcome::Nil,
        Value::Int(number) => Outcome::Int64(number),
        Value::BulkString(bytes) => Outcome::Binary(bytes),
        Value::Okay => Outcome::Status("OK".to_owned()),
        other => Outcome::Status(format!("{other:?}")),
    }
}
