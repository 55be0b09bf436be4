//! A shop, composed by wac and served by wasmtime.

use std::{net::SocketAddr, process::Command};

use host_test::{
    redis_server::RedisServer,
    served::{Served, program},
};
use tempfile::TempDir;

use crate::readme;

/// A running shop with a Redis of its own. Dropped, it ends.
pub(crate) struct Shop {
    served: Served,
    pub(crate) redis: RedisServer,
    _folder: TempDir,
}

impl Shop {
    /// Runs the README's commands; these flags go to `wasmtime serve` too.
    pub(crate) fn start(flags: &[String]) -> Self {
        Self::over(RedisServer::start().expect("a Redis"), flags)
    }

    /// The same with this Redis.
    pub(crate) fn over(redis: RedisServer, flags: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [mut compose, mut serve] = <[_; 2]>::try_from(readme::commands()).expect("two commands");

        // What is another one here than at the reader's: the file's folder, the port to listen on, Redis.
        let file = folder.path().join("shop.wasm").display().to_string();
        replace(&mut compose, "shop.wasm", &file);
        replace(&mut serve, "shop.wasm", &file);
        replace(&mut serve, "127.0.0.1:8080", "127.0.0.1:0");
        replace(&mut serve, "REDIS_URL=redis://127.0.0.1:6379", &format!("REDIS_URL={}", redis.url()));

        let status = command(&compose).status().expect("wac can be started");
        assert!(status.success(), "{compose:?}: {status}");
        Self { served: Served::start(command(&serve).args(flags)), redis, _folder: folder }
    }

    /// Ends it, and returns all that it has printed.
    pub(crate) fn end(self) -> String {
        self.served.end()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.served.address()
    }
}

/// A command of the README, run in the folder that it is written for. Flags may follow what it names last.
fn command(words: &[String]) -> Command {
    let (name, arguments) = words.split_first().expect("a program");
    let mut command = program(name);
    command.args(arguments);
    command
}

fn replace(words: &mut [String], from: &str, to: &str) {
    let word = words.iter_mut().find(|word| *word == from).unwrap_or_else(|| panic!("the README says {from}"));
    *word = to.to_owned();
}
