//! What a component imports and exports.

use anyhow::bail;
use wit_parser::decoding::{DecodedWasm, decode};

/// The names of a component's imports and exports, sorted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

impl Interface {
    pub(crate) fn of(component: &[u8]) -> anyhow::Result<Self> {
        let DecodedWasm::Component(resolve, world) = decode(component)? else {
            bail!("this is a package of WIT, not a component");
        };
        let world = &resolve.worlds[world];
        let names = |keys: &mut dyn Iterator<Item = &wit_parser::WorldKey>| {
            let mut names: Vec<_> = keys.map(|key| resolve.name_world_key(key)).collect();
            names.sort();
            names
        };
        Ok(Self { imports: names(&mut world.imports.keys()), exports: names(&mut world.exports.keys()) })
    }

    /// Whether both have the same names, but for the versions' last numbers.
    pub(crate) fn is_compatible(&self, other: &Self) -> bool {
        let same = |ours: &[String], theirs: &[String]| {
            ours.iter().map(|name| track(name)).eq(theirs.iter().map(|name| track(name)))
        };
        same(&self.imports, &other.imports) && same(&self.exports, &other.exports)
    }
}

/// The name with its version as far as it matters for who goes with whom: `a:b/c@0.2.3` is `a:b/c@0.2`.
fn track(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(track, _)| track)
}

#[cfg(test)]
mod tests {
    use super::Interface;

    fn imports(names: &[&str]) -> Interface {
        Interface { imports: names.iter().map(|name| (*name).to_owned()).collect(), exports: Vec::new() }
    }

    #[test]
    fn only_the_last_number_of_a_version_may_differ() {
        let ours = imports(&["a:b/c@0.2.0"]);
        assert!(ours.is_compatible(&imports(&["a:b/c@0.2.3"])));
        for other in [&["a:b/c@0.3.0"][..], &["a:b/d@0.2.0"], &["a:b/c@0.2.0", "a:b/d@0.2.0"], &[]] {
            assert!(!ours.is_compatible(&imports(other)), "{other:?}");
        }
    }
}
