//! The Redis server, which the demo and the tests start.

use std::process::Command;

use anyhow::{Context, bail, ensure};

use super::{packages, say};
use crate::process;

const PROGRAM: &str = "redis-server";
/// The oldest version that drsession works with.
const OLDEST: (u32, u32) = (6, 2);

/// Sees to it that there is a redis-server on PATH, new enough, and returns its version.
pub(crate) fn redis_server() -> anyhow::Result<String> {
    if process::find(PROGRAM).is_none() {
        say("there is no redis-server on PATH");
        if let Err(error) = packages::install(&[PROGRAM]) {
            bail!(
                "redis-server is missing and could not be installed ({error:#}): on Debian or Ubuntu, as root, \
                 `apt-get install redis-server`; elsewhere see https://redis.io/docs/latest/get-started/"
            );
        }
        ensure!(
            process::find(PROGRAM).is_some(),
            "redis-server is installed, and still not on PATH: please add its folder"
        );
    }
    let said = process::output(Command::new(PROGRAM).arg("--version"))?;
    let said = String::from_utf8_lossy(&said).into_owned();
    let version = said.split_whitespace().find_map(|word| word.strip_prefix("v="));
    let version = version.with_context(|| format!("`redis-server --version` says {said:?}"))?;
    ensure!(
        parse(version)? >= OLDEST,
        "redis-server {version} is too old: {}.{} is the oldest that will do",
        OLDEST.0,
        OLDEST.1
    );
    Ok(version.to_owned())
}

fn parse(version: &str) -> anyhow::Result<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => bail!("redis-server has a strange version: {version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, parse};

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(parse("7.0.15").unwrap() >= OLDEST);
        assert!(parse("6.2.0").unwrap() >= OLDEST);
        assert!(parse("10.0").unwrap() >= OLDEST);
        assert!(parse("6.0.16").unwrap() < OLDEST);
        assert!(parse("unstable").is_err());
    }
}
