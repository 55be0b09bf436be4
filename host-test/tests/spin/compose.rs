//! What Spin makes of an application and its dependency before it runs them.

use wac_graph::{CompositionGraph, EncodeOptions, types::Package};

/// What a component imports and exports.
#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

impl Interface {
    pub(crate) fn of(component: &[u8]) -> Self {
        let mut graph = CompositionGraph::new();
        let package = Package::from_bytes("component", None, component, graph.types_mut()).expect("a component");
        let world = &graph.types()[package.ty()];
        Self { imports: world.imports.keys().cloned().collect(), exports: world.exports.keys().cloned().collect() }
    }
}

/// The application with one instance of the dependency within, which satisfies the imports that the dependency's name is
/// about, each by the export of exactly its name. What else both import is the host's matter.
pub(crate) fn compose(application: &[u8], dependency_name: &str, dependency: &[u8]) -> Vec<u8> {
    let satisfied: Vec<_> =
        Interface::of(application).imports.into_iter().filter(|import| is_about(dependency_name, import)).collect();
    assert!(!satisfied.is_empty(), "{dependency_name} is not what the application imports");

    let mut graph = CompositionGraph::new();
    let mut instance = |name, component: &[u8]| {
        let package = Package::from_bytes(name, None, component, graph.types_mut()).expect("a component");
        let exports: Vec<_> = graph.types()[package.ty()].exports.keys().cloned().collect();
        let package = graph.register_package(package).expect("a name of its own");
        (graph.instantiate(package), exports)
    };
    let (application, exports) = instance("application", application);
    let (dependency, _) = instance("dependency", dependency);
    for import in satisfied {
        let export = graph.alias_instance_export(dependency, &import).expect("the dependency exports it");
        graph.set_instantiation_argument(application, &import, export).expect("of the type that is imported");
    }
    for export in exports {
        let alias = graph.alias_instance_export(application, &export).expect("an export");
        graph.export(alias, &export).expect("a name that is free");
    }
    graph.encode(EncodeOptions::default()).expect("a valid component")
}

/// Whether a dependency's name, `namespace:package[/interface][@version]`, is about an import.
fn is_about(dependency: &str, import: &str) -> bool {
    let parts = |name: &str| {
        let (path, version) = name.split_once('@').map_or((name, None), |(path, version)| (path, Some(version)));
        let (package, interface) = path.split_once('/').map_or((path, None), |(path, name)| (path, Some(name)));
        (package.to_owned(), interface.map(str::to_owned), version.map(str::to_owned))
    };
    let (package, interface, version) = parts(dependency);
    let import = parts(import);
    package == import.0 && (interface.is_none() || interface == import.1) && (version.is_none() || version == import.2)
}
