//! Rewriting a module: the exports that Envoy needs under the names that it calls, nothing that only a linker or a
//! debugger reads, and metadata at the end. Every other section is copied byte for byte.

use super::{ModuleError, abi, magic};
use crate::plugin::metadata::{Metadata, SECTION};
use std::borrow::Cow;
use std::ops::Range;
use wasm_encoder::{CustomSection, ExportKind, ExportSection, Module, RawSection, Section as _};
use wasmparser::{ExportSectionReader, ExternalKind, Parser, Payload};

/// The callbacks of `host`, as it exports them.
const OURS: &str = "weft_";
/// The id of custom sections.
const CUSTOM: u8 = 0;

/// An export: its name, and what it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Export<'a> {
    name: &'a str,
    kind: ExternalKind,
    index: u32,
}

/// Keeps the exports that Envoy needs, renames `weft_on_X` to `proxy_on_X`, and drops every custom section.
///
/// # Errors
/// When the bytes are no module.
pub fn tidy(module: &[u8]) -> Result<Vec<u8>, ModuleError> {
    copy(module, needed)
}

/// The module with its metadata in a section of its own, the last; every other custom section is dropped.
///
/// # Errors
/// When the bytes are no module.
pub fn with_metadata(module: &[u8], metadata: &Metadata) -> Result<Vec<u8>, ModuleError> {
    let json = serde_json::to_vec(metadata).map_err(ModuleError::Metadata)?;
    let mut whole = copy(module, |exports| exports)?;
    CustomSection {
        name: SECTION.into(),
        data: Cow::Borrowed(&json),
    }
    .append_to(&mut whole);
    Ok(whole)
}

/// What stays of the exports. A module that has none of `host`'s comes from another toolchain and keeps its callbacks.
fn needed(exports: Vec<Export<'_>>) -> Vec<Export<'_>> {
    let is_ours = exports.iter().any(|export| callback_of(export).is_some());
    exports
        .into_iter()
        .filter_map(|export| match callback_of(&export) {
            Some(name) => Some(Export { name, ..export }),
            None if abi::is_support(export.name) => Some(export),
            None if !is_ours && abi::is_callback(export.name) => Some(export),
            None => None,
        })
        .collect()
}

/// The name that Envoy calls for one of `host`'s callbacks.
fn callback_of(export: &Export<'_>) -> Option<&'static str> {
    abi::callback(export.name.strip_prefix(OURS)?)
}

/// Copies a module section by section; the export section as `choose` says, custom sections not at all.
fn copy<'a>(
    module: &'a [u8],
    choose: impl Fn(Vec<Export<'a>>) -> Vec<Export<'a>>,
) -> Result<Vec<u8>, ModuleError> {
    magic(module)?;
    let mut whole = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::ExportSection(section) = payload {
            whole.section(&encode(&choose(read(section)?)));
        } else if let Some((id, at)) = payload.as_section().filter(|(id, _)| *id != CUSTOM) {
            whole.section(&RawSection {
                id,
                data: slice(module, &at)?,
            });
        }
    }
    Ok(whole.finish())
}

fn slice<'a>(module: &'a [u8], at: &Range<u64>) -> Result<&'a [u8], ModuleError> {
    let start = usize::try_from(at.start).ok();
    let end = usize::try_from(at.end).ok();
    start
        .zip(end)
        .and_then(|(start, end)| module.get(start..end))
        .ok_or_else(|| ModuleError::Broken {
            at: at.start,
            reason: "a section reaches beyond the end of the file".to_owned(),
        })
}

fn read(section: ExportSectionReader<'_>) -> Result<Vec<Export<'_>>, ModuleError> {
    let mut exports = Vec::new();
    for export in section {
        let export = export?;
        exports.push(Export {
            name: export.name,
            kind: export.kind,
            index: export.index,
        });
    }
    Ok(exports)
}

fn encode(exports: &[Export<'_>]) -> ExportSection {
    let mut section = ExportSection::new();
    for export in exports {
        let kind = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
            ExternalKind::Table => ExportKind::Table,
            ExternalKind::Memory => ExportKind::Memory,
            ExternalKind::Global => ExportKind::Global,
            ExternalKind::Tag => ExportKind::Tag,
        };
        section.export(export.name, kind, export.index);
    }
    section
}
