//! A Wasm module as bytes: what it imports and exports, and the rewriting that turns a compiler's output into a plugin.
//!
//! Every callback that a module exports costs a crossing into the VM for each request, so only those that the plugin
//! serves stay. The SDK's dispatcher exports all of them as `proxy_on_*`; `host` exports what it serves as `weft_on_*`,
//! and this module gives those the names that Envoy calls. The rest of the code then is dead, for `wasm-opt` to remove.

mod abi;
mod check;
mod rewrite;

pub use check::check;
pub use rewrite::{tidy, with_metadata};

use super::metadata::{Metadata, SECTION};
use crate::failure::{Exit, Failure};
use wasmparser::{Parser, Payload};

/// The first bytes of every module.
pub const MAGIC: &[u8] = b"\0asm";
/// What a module exports to say which ABI it speaks.
const ABI_MARK: &str = "proxy_abi_version_";

/// Why bytes are no plugin.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// Not a Wasm module at all.
    #[error(
        "this is no Wasm module: it starts with {found}, a module with 00 61 73 6d. Is it the right file, and not an archive of it?"
    )]
    NoModule {
        /// The first bytes.
        found: String,
    },
    /// A component or an early draft.
    #[error(
        "this is a Wasm component, and Envoy runs core modules: build it for wasm32-unknown-unknown or wasm32-wasip1"
    )]
    Component,
    /// Cut off or corrupt.
    #[error("the Wasm module is broken at byte {at}: {reason}. Build it again, or fetch it again")]
    Broken {
        /// Where.
        at: u64,
        /// What the parser says.
        reason: String,
    },
    /// Fit for Wasm, unfit for Envoy.
    #[error("Envoy would not load this module:{}", list(.0))]
    Unfit(Vec<String>),
    /// The section `weft.plugin` is there and unreadable.
    #[error(
        "the section {SECTION} of this module is no metadata: {0}. It was written by another version of weft, or damaged: build it again"
    )]
    Metadata(#[source] serde_json::Error),
}

fn list(mistakes: &[String]) -> String {
    mistakes
        .iter()
        .fold(String::new(), |text, mistake| text + "\n  - " + mistake)
}

impl From<wasmparser::BinaryReaderError> for ModuleError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Broken {
            at: error.offset(),
            reason: error.message().to_owned(),
        }
    }
}

impl From<ModuleError> for Failure {
    fn from(error: ModuleError) -> Self {
        Self::new(Exit::BadInput, error)
    }
}

/// What a module says about itself in its sections.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The ABI it was built for, `0.2.1`, when it says so.
    pub abi: Option<String>,
    /// Its callbacks without `proxy_`, in order of name.
    pub callbacks: Vec<String>,
    /// Its metadata, when weft built it.
    pub metadata: Option<Metadata>,
}

impl Facts {
    fn take(&mut self, export: &str) {
        if let Some(version) = export.strip_prefix(ABI_MARK) {
            self.abi = Some(version.replace('_', "."));
        } else if let Some(event) = abi::event(export) {
            self.callbacks.push(event.to_owned());
        }
    }
}

/// Reads what a module says about itself.
///
/// # Errors
/// When the bytes are no module, or its metadata is damaged.
pub fn facts(module: &[u8]) -> Result<Facts, ModuleError> {
    magic(module)?;
    let mut facts = Facts {
        abi: None,
        callbacks: Vec::new(),
        metadata: None,
    };
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::ExportSection(exports) = payload {
            for export in exports {
                facts.take(export?.name);
            }
        } else if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
        {
            facts.metadata =
                Some(serde_json::from_slice(section.data()).map_err(ModuleError::Metadata)?);
        }
    }
    facts.callbacks.sort();
    Ok(facts)
}

/// Whether the bytes start as a core module does.
///
/// # Errors
/// When they do not; the text shows how they start instead.
pub fn magic(module: &[u8]) -> Result<(), ModuleError> {
    let head = module.get(..8).unwrap_or(module);
    if !head.starts_with(MAGIC) {
        let bytes: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
        let found = if bytes.is_empty() {
            "nothing".to_owned()
        } else {
            bytes.join(" ")
        };
        return Err(ModuleError::NoModule { found });
    }
    if Parser::is_component(module) {
        Err(ModuleError::Component)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
