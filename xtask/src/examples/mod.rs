//! `examples`: builds each example and sees by real requests, and by a look into Redis, that it does what it says.
//!
//! An example is a line in [`EXAMPLES`] and a module of its own. What all of them have in common is here too: Redis and the server
//! ([`redis`], [`server`]), the list of cases that each language's session module passes ([`cases`], over
//! `examples/cases.json`), parallel requests on one session ([`races`]), and the code on a page of docs/ ([`page`]).

mod cases;
mod checks;
mod client;
mod embed;
mod encryption;
mod javascript;
mod messagepack;
mod node;
mod page;
mod python;
mod python_host;
mod races;
mod redis;
mod rust;
mod server;
mod shop;
mod site;
mod tagged;
mod visit;

use anyhow::{Context, ensure};

use crate::workspace::Workspace;

pub(crate) use checks::Checks;
pub(crate) use embed::TARGET as EMBED_TEST;
use site::Site;

struct Example {
    /// Its folder in examples/.
    name: &'static str,
    /// Sets it up, builds it and tests it. An error where that could not be done at all.
    check: fn(&Site, &mut Checks) -> anyhow::Result<()>,
}

const EXAMPLES: [Example; 7] = [
    Example { name: "python", check: python::check },
    Example { name: "python-host", check: python_host::check },
    Example { name: "javascript", check: javascript::check },
    Example { name: "rust", check: rust::check },
    Example { name: "embed", check: embed::check },
    Example { name: "messagepack", check: messagepack::check },
    Example { name: "encryption", check: encryption::check },
];

/// Checks the examples with these names, or all. The components have to be built.
pub(crate) fn run(workspace: &Workspace, names: &[String]) -> anyhow::Result<Checks> {
    for name in names {
        let known = EXAMPLES.iter().map(|example| example.name).collect::<Vec<_>>().join(", ");
        ensure!(EXAMPLES.iter().any(|example| example.name == name), "there is no example {name}, only {known}");
    }
    let mut checks = Checks::default();
    for Example { name, check } in EXAMPLES {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            println!("\n-- {name} --");
            let site = Site::new(workspace, name).with_context(|| format!("the example {name}"))?;
            if let Err(error) = check(&site, &mut checks) {
                checks.check(&format!("{name} can be tested"), || Err(error));
            }
        }
    }
    println!("\n{checks}");
    Ok(checks)
}
