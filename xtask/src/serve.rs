//! `serve`: the demo shop.

use std::os::unix::process::CommandExt;

use anyhow::Context;

use crate::flags::{Serve, ToolchainName};
use crate::workspace::Workspace;
use crate::{build, process, setup};

/// Builds the shop and becomes the program that serves it: so Ctrl-C and every other signal reach that one alone.
pub(crate) fn run(workspace: &Workspace, toolchain: Option<ToolchainName>, flags: &Serve) -> anyhow::Result<()> {
    if flags.redis.is_none() {
        setup::redis_server()?;
    }
    build::components(workspace, toolchain)?;
    process::run(workspace.cargo().args(["build", "--package", "host-test", "--bin", "serve"]))?;

    let mut serve = std::process::Command::new(workspace.target().join("debug/serve"));
    serve.arg("--component").arg(workspace.components().join(build::SHOP));
    serve.args(["--listen", &flags.listen]);
    if flags.insecure_cookie {
        serve.arg("--insecure-cookie");
    }
    // By the environment and not as an argument: everybody on the machine sees a program's arguments.
    if let Some(url) = &flags.redis {
        serve.env("REDIS_URL", url);
    }
    Err(serve.exec()).context("the server can't be started")
}
