//! The contract parses, and every item of it is documented.

use anyhow::{Context, bail};
use wit_parser::{Docs, Interface, Resolve, Type, TypeDefKind};

use crate::workspace::Workspace;

pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(workspace.root().join("wit")).context("the contract doesn't parse")?;
    let package = &resolve.packages[package];

    let mut silent = Vec::new();
    for (name, interface) in &package.interfaces {
        silent.extend(undocumented(&resolve, name, &resolve.interfaces[*interface]));
    }
    for (name, world) in &package.worlds {
        silent.extend(missing(&resolve.worlds[*world].docs, name));
    }
    if !silent.is_empty() {
        bail!("without documentation in wit/: {}", silent.join(", "));
    }
    println!("wit/ parses, and every item is documented");
    Ok(())
}

/// The interface's items that say nothing.
fn undocumented(resolve: &Resolve, name: &str, interface: &Interface) -> Vec<String> {
    let mut silent = Vec::from_iter(missing(&interface.docs, name));
    for function in interface.functions.values() {
        // A resource's functions carry their kind in their names, as in `[method]session.get`.
        let function_name = function.name.rsplit(']').next().unwrap_or(&function.name);
        silent.extend(missing(&function.docs, &format!("{name}/{function_name}")));
    }
    for (type_name, id) in &interface.types {
        let definition = &resolve.types[*id];
        let path = format!("{name}/{type_name}");
        let parts: Vec<(&str, &Docs)> = match &definition.kind {
            // What `use` brings along is documented where it comes from.
            TypeDefKind::Type(Type::Id(used)) if resolve.types[*used].owner != definition.owner => {
                continue;
            }
            TypeDefKind::Record(record) => {
                record.fields.iter().map(|field| (field.name.as_str(), &field.docs)).collect()
            }
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().map(|case| (case.name.as_str(), &case.docs)).collect()
            }
            TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| (case.name.as_str(), &case.docs)).collect(),
            TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| (flag.name.as_str(), &flag.docs)).collect(),
            _ => Vec::new(),
        };
        silent.extend(missing(&definition.docs, &path));
        silent.extend(parts.into_iter().filter_map(|(part, docs)| missing(docs, &format!("{path}.{part}"))));
    }
    silent
}

fn missing(docs: &Docs, path: &str) -> Option<String> {
    docs.contents.as_deref().is_none_or(|text| text.trim().is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use wit_parser::Resolve;

    use super::undocumented;

    #[test]
    fn every_silent_item_is_named_and_no_other() {
        let mut resolve = Resolve::default();
        let text = "
            package a:b;
            /// Said.
            interface c {
                /// Said.
                variant d { e, /** Said. */ f }
                resource g {
                    h: func();
                    /// Said.
                    i: static func();
                }
                enum j { k }
                /// Said.
                record l { m: u8 }
                type o = u8;
            }
            interface n { use c.{d}; }
        ";
        let package = resolve.push_source("a.wit", text).unwrap();
        let mut silent = Vec::new();
        for (name, id) in &resolve.packages[package].interfaces {
            silent.extend(undocumented(&resolve, name, &resolve.interfaces[*id]));
        }
        silent.sort();
        assert_eq!(silent, ["c/d.e", "c/g", "c/g.h", "c/j", "c/j.k", "c/l.m", "c/o", "n"]);
    }
}
