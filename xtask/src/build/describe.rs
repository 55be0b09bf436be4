//! What a component says of itself to whoever finds it in a registry: the sections that wkg and wasm-tools know.

use anyhow::Context;
use wasm_metadata::{AddMetadata, AddMetadataField, Description, Licenses, Source, Version};

use crate::workspace::Package;

/// The component with a name, and with the version, licence, description and source of the package that it is made of.
pub(super) fn described(component: &[u8], name: &str, package: &Package) -> anyhow::Result<Vec<u8>> {
    let missing = |field: &str| format!("{} has no {field} in its manifest", package.name);
    let license = package.license.as_deref().with_context(|| missing("license"))?;
    let description = package.description.as_deref().with_context(|| missing("description"))?;

    let mut metadata = AddMetadata::default();
    metadata.name = AddMetadataField::Set(name.to_owned());
    metadata.version = AddMetadataField::Set(Version::new(package.version.clone()));
    metadata.licenses = AddMetadataField::Set(Licenses::new(license)?);
    metadata.description = AddMetadataField::Set(Description::new(description.to_owned()));
    if let Some(repository) = &package.repository {
        metadata.source = AddMetadataField::Set(Source::new(repository)?);
    }
    metadata.to_wasm(component)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use wasm_metadata::Payload;

    use super::described;
    use crate::workspace::{Package, Workspace};

    fn package(text: &str) -> Package {
        let all = format!(r#"{{"name": "a", "version": "1.2.3", "manifest_path": "", "targets": [], {text}}}"#);
        serde_json::from_str(&all).unwrap()
    }

    #[test]
    fn what_the_manifest_says_can_be_read_out_of_the_component() {
        let package = package(r#""license": "MIT", "description": "All of it", "repository": "https://example.com/a""#);
        let component = described(&wasm_encoder::Component::new().finish(), "a-wasi", &package).unwrap();
        let payload = Payload::from_binary(&component).unwrap();
        let said = payload.metadata();
        assert_eq!(said.name.as_deref(), Some("a-wasi"));
        assert_eq!(said.version.as_ref().map(ToString::to_string).as_deref(), Some("1.2.3"));
        assert_eq!(said.licenses.as_ref().map(ToString::to_string).as_deref(), Some("MIT"));
        assert_eq!(said.description.as_ref().map(ToString::to_string).as_deref(), Some("All of it"));
        assert_eq!(said.source.as_ref().map(ToString::to_string).as_deref(), Some("https://example.com/a"));
    }

    #[test]
    fn a_package_that_says_too_little_is_told() {
        for text in [r#""license": "MIT""#, r#""description": "All of it""#] {
            assert!(described(&wasm_encoder::Component::new().finish(), "a", &package(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_wit_package_says_the_same_as_the_component() {
        #[derive(Deserialize)]
        struct Wkg {
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        struct Metadata {
            licenses: Option<String>,
            source: Option<String>,
        }
        let workspace = Workspace::find().unwrap();
        let package = workspace.package("drsession").unwrap();
        let text = std::fs::read_to_string(workspace.root().join("wkg.toml")).unwrap();
        let Wkg { metadata } = toml::from_str(&text).unwrap();
        assert_eq!((metadata.licenses, metadata.source), (package.license.clone(), package.repository.clone()));
    }
}
