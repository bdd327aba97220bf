//! A plugin's configuration, from the file that an operator wrote to the JSON that the plugin is given.
//!
//! Files are YAML 1.2, of which JSON is a part. Nothing is guessed or lost on the way: `no` and `on` stay words, `007`
//! stays as written, a key that stands twice is a mistake, and so is a number that would arrive as another one. A whole
//! `WasmPlugin` may be given instead; then its `pluginConfig` is meant.

mod exact;

use crate::failure::{Exit, Failure};
use crate::input::words::Words;
use exact::Exact;
use serde_json::{Map, Value};
use serde_saphyr::DuplicateKeyPolicy;

/// Why a file is no configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigurationError {
    /// Not a text.
    #[error("it is no UTF-8 text: byte {0} cannot be read")]
    NoText(usize),
    /// No YAML.
    #[error("it is no YAML that weft reads: {0}")]
    NoYaml(String),
    /// A list or a word.
    #[error("a configuration is a set of fields, `name: value`, and this is {0}")]
    NoFields(&'static str),
    /// Which one?
    #[error(
        "it holds {0} documents: give one configuration, or a file with one WasmPlugin among its documents"
    )]
    Several(usize),
}

impl From<ConfigurationError> for Failure {
    fn from(error: ConfigurationError) -> Self {
        Self::new(Exit::BadInput, error)
    }
}

/// The configuration in a file's text; an empty file is an empty configuration.
///
/// # Errors
/// When there is none, or more than one.
pub fn parse(text: &[u8]) -> Result<Value, ConfigurationError> {
    let mut documents = documents(text)?;
    documents.retain(|document| !document.is_null());
    let manifests: Vec<Value> = documents.iter().filter_map(plugin_config).collect();
    let mut candidates = if manifests.is_empty() {
        documents
    } else {
        manifests
    };
    let chosen = candidates
        .pop()
        .unwrap_or_else(|| Value::Object(Map::new()));
    if !candidates.is_empty() {
        return Err(ConfigurationError::Several(
            candidates.len().saturating_add(1),
        ));
    }
    if chosen.is_object() {
        Ok(chosen)
    } else {
        Err(ConfigurationError::NoFields(kind(&chosen)))
    }
}

/// Every document of a YAML file, with nothing lost.
///
/// # Errors
/// When it is no YAML, or holds a number or key that JSON cannot keep.
pub fn documents(text: &[u8]) -> Result<Vec<Value>, ConfigurationError> {
    let text = std::str::from_utf8(text)
        .map_err(|error| ConfigurationError::NoText(error.valid_up_to()))?;
    let text = text.trim_start_matches('\u{feff}');
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        strict_booleans: true,
    };
    serde_saphyr::from_multiple_with_options::<Exact>(text, options)
        .map(|documents| documents.into_iter().map(|Exact(value)| value).collect())
        .map_err(|error| {
            let words = error.render_with_formatter(&Words);
            ConfigurationError::NoYaml(words.strip_prefix("error: ").unwrap_or(&words).to_owned())
        })
}

/// The configuration in a manifest, when it is one.
fn plugin_config(document: &Value) -> Option<Value> {
    let is = |pointer: &str, wanted: &str| {
        document.pointer(pointer).and_then(Value::as_str) == Some(wanted)
    };
    let is_istios = document
        .pointer("/apiVersion")
        .and_then(Value::as_str)
        .is_some_and(|version| version.starts_with("extensions.istio.io/"));
    let place = if is_istios && is("/kind", "WasmPlugin") {
        "/spec/pluginConfig"
    } else if is_istios && is("/kind", "TrafficExtension") {
        "/spec/wasm/pluginConfig"
    } else {
        return None;
    };
    Some(
        document
            .pointer(place)
            .filter(|value| !value.is_null())
            .cloned()
            .unwrap_or_else(|| Value::Object(Map::new())),
    )
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a set of fields",
    }
}

#[cfg(test)]
mod tests;
