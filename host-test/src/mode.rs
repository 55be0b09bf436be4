//! The ways in which a store can be told to work. What the contract promises, it promises for each of them.

use crate::{bench::Bench, options::Options};

/// How a store keeps its promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By Lua scripts.
    Scripts,
    /// By WATCH and MULTI, as a user whom the ACL allows no scripting.
    NoScripts,
    /// As the original drsession, which promises less: neither guard nor lifetimes.
    NoGuard,
    /// Neither guard nor scripts.
    NoGuardNoScripts,
}

/// The user who may run no scripts, and nothing else that the component doesn't need.
const USER: &str = "unscripted";
const PASSWORD: &str = "word";
const RIGHTS: &str =
    "resetchannels ~* +@hash +@transaction +del +exists +expire +persist +pexpireat +ping +pttl +rename +time";

impl Mode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Scripts, Self::NoScripts, Self::NoGuard, Self::NoGuardNoScripts];
    /// Those that look before they write.
    pub const GUARDED: [Self; 2] = [Self::Scripts, Self::NoScripts];

    /// Options for this, and a user who can do no more than it takes.
    pub fn options(self, bench: &Bench) -> Options {
        self.options_of(bench, bench.url())
    }

    /// The same at another port that leads to the bench's Redis, with parameters for the URL such as `?protocol=3`.
    pub fn options_at(self, bench: &Bench, port: u16, parameters: &str) -> Options {
        self.options_of(bench, &format!("redis://127.0.0.1:{port}{parameters}"))
    }

    /// The same at this address of the bench's Redis.
    pub fn options_of(self, bench: &Bench, url: &str) -> Options {
        let options = if self.has_scripts() {
            Options::new(url)
        } else {
            let () = bench.redis().command(&format!("ACL SETUSER {USER} reset on >{PASSWORD} {RIGHTS}"));
            Options::new(url.replace("://", &format!("://{USER}:{PASSWORD}@"))).scripts(false)
        };
        if self.is_guarded() { options } else { options.original() }
    }

    /// Whether calls look if the session lives.
    pub fn is_guarded(self) -> bool {
        matches!(self, Self::Scripts | Self::NoScripts)
    }

    /// Whether Lua is used.
    pub fn has_scripts(self) -> bool {
        matches!(self, Self::Scripts | Self::NoGuard)
    }
}
