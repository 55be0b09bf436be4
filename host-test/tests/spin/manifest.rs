//! `spin.toml`, as far as the example uses it. A field that stands here is one that Spin knows.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) spin_manifest_version: u32,
    pub(crate) application: Application,
    pub(crate) trigger: Triggers,
    pub(crate) component: BTreeMap<String, Component>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Application {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Triggers {
    pub(crate) http: Vec<HttpTrigger>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpTrigger {
    pub(crate) route: String,
    pub(crate) component: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Component {
    pub(crate) source: PathBuf,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) allowed_outbound_hosts: Vec<String>,
    /// Of all dependencies at once: Spin 3's way, and no other.
    pub(crate) dependencies_inherit_configuration: Option<bool>,
    pub(crate) dependencies: BTreeMap<String, Dependency>,
    pub(crate) build: Build,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dependency {
    pub(crate) path: PathBuf,
    /// Of one dependency: since Spin 4.
    pub(crate) inherit_configuration: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Build {
    pub(crate) command: String,
}

impl Manifest {
    /// The example's manifest of this name.
    pub(crate) fn read(name: &str) -> Self {
        let text = fs::read_to_string(folder().join(name)).expect("the manifest");
        toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Its one component, which its one trigger starts.
    pub(crate) fn component(&self) -> &Component {
        let [trigger] = self.trigger.http.as_slice() else { panic!("one trigger: {:?}", self.trigger) };
        assert_eq!(self.component.len(), 1);
        self.component.get(&trigger.component).expect("the trigger's component")
    }
}

impl Component {
    /// Its one dependency, and which imports that is to satisfy.
    pub(crate) fn dependency(&self) -> (&str, &Dependency) {
        assert_eq!(self.dependencies.len(), 1);
        self.dependencies.first_key_value().map(|(name, dependency)| (name.as_str(), dependency)).expect("one")
    }
}

/// The file that a path of the manifest names, which the build has made.
pub(crate) fn built(path: &Path) -> Vec<u8> {
    let path = folder().join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask build` makes it", path.display()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("examples").join("spin")
}
