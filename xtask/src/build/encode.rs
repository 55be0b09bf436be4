//! Makes components of core modules, and one component of two.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions};
use wasm_encoder::{Component, ComponentSectionId, RawSection};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

use super::first_page::with_first_page;
use crate::process;

/// What rustc's wasm target may use, and so wasm-opt has to be told of.
const FEATURES: [&str; 4] =
    ["--enable-bulk-memory", "--enable-mutable-globals", "--enable-nontrapping-float-to-int", "--enable-sign-ext"];

/// The component that a core module with its embedded WIT describes, made small.
pub(super) fn component(module: &[u8], wasm_opt: &Path) -> anyhow::Result<Vec<u8>> {
    let module = optimized(&with_first_page(module)?, wasm_opt)?;
    let component = ComponentEncoder::default().validate(true).module(&module)?.encode()?;
    without_names(&component)
}

/// How wasm-opt makes a module small. Control flow made anew is 2 KB smaller, and so is what it may assume of the first KiB of
/// memory: there lies the end of the stack, whose use the linker puts first.
const OPTIMIZATIONS: [&str; 5] = ["--low-memory-unused", "--flatten", "--rereloop", "-Oz", "-Oz"];

fn optimized(module: &[u8], wasm_opt: &Path) -> anyhow::Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let (before, after) = (folder.path().join("before.wasm"), folder.path().join("after.wasm"));
    std::fs::write(&before, module)?;
    process::run(Command::new(wasm_opt).args(FEATURES).args(OPTIMIZATIONS).arg(&before).arg("--output").arg(&after))?;
    Ok(std::fs::read(&after)?)
}

/// Leaves out the names of the component's own items, which only debuggers show.
fn without_names(component: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut stripped = Component::new();
    let mut copy = |id: u8, range: std::ops::Range<u64>| {
        stripped.section(&RawSection { id, data: &component[range.start as usize..range.end as usize] });
    };
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { unchecked_range, .. } => {
                if depth == 0 {
                    copy(ComponentSectionId::CoreModule.into(), unchecked_range);
                }
                depth += 1;
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                if depth == 0 {
                    copy(ComponentSectionId::Component.into(), unchecked_range);
                }
                depth += 1;
            }
            Payload::End(_) if depth > 0 => depth -= 1,
            Payload::CustomSection(section) if section.name() == "component-name" => {}
            payload if depth == 0 => {
                if let Some((id, range)) = payload.as_section() {
                    copy(id, range);
                }
            }
            _ => {}
        }
    }
    Ok(stripped.finish())
}

/// Two components as one: what the second imports and the first exports stays within.
pub(super) fn plug(plug: &[u8], socket: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let plug = Package::from_bytes("plug", None, plug, graph.types_mut())?;
    let plug = graph.register_package(plug)?;
    let socket = Package::from_bytes("socket", None, socket, graph.types_mut())?;
    let socket = graph.register_package(socket)?;
    wac_graph::plug(&mut graph, vec![plug], socket).context("composing two components")?;
    Ok(graph.encode(EncodeOptions::default())?)
}
