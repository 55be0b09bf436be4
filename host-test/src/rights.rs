//! What a store's user may do in Redis, word for word as the README says it.

use std::{fs, path::Path};

use crate::redis_client::RedisClient;

const SECTION: &str = "## What Redis has to allow";

/// What takes rights, by the name that the README gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Whatever a store does.
    Always,
    /// A store that uses scripts.
    Scripts,
    /// One that uses none.
    NoScripts,
    /// One that does not look if a session lives.
    NoGuard,
    /// A database that the URL names.
    Database,
    /// The nodes of a cluster.
    Cluster,
    /// A primary that sentinels name.
    Primary,
    /// The sentinels themselves, where the user is the default one.
    Sentinels,
    /// Writes that wait for replicas.
    Replicas,
}

impl Need {
    fn label(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Scripts => "scripts on",
            Self::NoScripts => "scripts off",
            Self::NoGuard => "the guard off",
            Self::Database => "another database than 0",
            Self::Cluster => "a cluster",
            Self::Primary => "behind sentinels",
            Self::Sentinels => "at the sentinels",
            Self::Replicas => "waiting for replicas",
        }
    }

    /// What the README lists for it, rule by rule.
    pub fn rules(self) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("README.md");
        let readme = fs::read_to_string(&path).expect("the README");
        let (_, section) = readme.split_once(SECTION).expect("the README says what Redis has to allow");
        let section = section.split("\n## ").next().unwrap_or(section);
        let label = format!("\n- {}: `", self.label());
        let (_, rules) = section.split_once(&label).unwrap_or_else(|| panic!("the README has no item {self:?}"));
        let (rules, _) = rules.split_once('`').expect("the rules end");
        rules.split_whitespace().map(str::to_owned).collect()
    }
}

/// The rules for all of these needs.
pub fn rules(needs: &[Need]) -> Vec<String> {
    needs.iter().flat_map(|need| need.rules()).collect()
}

/// Makes this user anew, who may do what these rules say and nothing else.
#[track_caller]
pub fn grant(redis: &mut RedisClient, user: &str, password: &str, rules: &[String]) {
    let () = redis.command(&format!("ACL SETUSER {user} reset on >{password} {}", rules.join(" ")));
}
