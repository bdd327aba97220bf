//! The file: a configuration, or a whole `WasmPlugin`. Nothing in it is left out silently.

use serde_json::{Map, Value};

use super::super::wasmplugin::{TargetRef, WasmPlugin, WasmPluginSpec};
use super::Mistake;

/// What a manifest may hold. `status` is the server's, and comes with what `kubectl get` prints.
const FIELDS: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];
/// What its metadata may hold: what weft writes …
const METADATA: [&str; 4] = ["name", "namespace", "labels", "annotations"];
/// … and what the server keeps there, and prints.
const SERVERS: [&str; 6] = [
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// The manifest in the file, or an empty one around the configuration in it.
pub(super) fn base(document: Option<&Value>, mistakes: &mut Vec<Mistake>) -> WasmPlugin {
    let empty = WasmPlugin::new("", WasmPluginSpec::default());
    match document {
        // An empty file is an empty configuration.
        None | Some(Value::Null) => empty,
        Some(document) if is_manifest(document) => manifest(document, mistakes).unwrap_or(empty),
        Some(Value::Object(config)) => WasmPlugin {
            spec: WasmPluginSpec {
                plugin_config: Some(config.clone()),
                ..empty.spec
            },
            ..empty
        },
        Some(other) => {
            mistakes.push(Mistake::NotAnObject(kind_of(other)));
            empty
        }
    }
}

fn is_manifest(document: &Value) -> bool {
    ["apiVersion", "kind"]
        .iter()
        .all(|key| document.get(key).is_some_and(Value::is_string))
}

fn manifest(document: &Value, mistakes: &mut Vec<Mistake>) -> Option<WasmPlugin> {
    let text = |key| {
        document
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (version, kind) = (text("apiVersion"), text("kind"));
    if (version, kind) != ("extensions.istio.io/v1alpha1", "WasmPlugin") {
        mistakes.push(Mistake::WrongKind(format!("{kind} of {version}")));
        return None;
    }
    let mut document = document.clone();
    mistakes.extend(unkept(&document));
    // The image may come from --image alone; the type insists on a url.
    if let Some(spec) = document.get_mut("spec").and_then(Value::as_object_mut) {
        spec.entry("url")
            .or_insert_with(|| Value::String(String::new()));
        if let Err(mistake) = plural(spec) {
            mistakes.push(mistake);
        }
    }
    serde_json::from_value(document)
        .map_err(|error| mistakes.push(Mistake::BadManifest(error.to_string())))
        .ok()
}

/// What weft would not write although it was asked for.
fn unkept(document: &Value) -> Vec<Mistake> {
    let of = |pointer: &str| {
        let fields = document.pointer(pointer).and_then(Value::as_object);
        fields.into_iter().flat_map(Map::keys)
    };
    let top = of("").filter(|key| !FIELDS.contains(&key.as_str()));
    let metadata = of("/metadata")
        .filter(|key| !METADATA.contains(&key.as_str()) && !SERVERS.contains(&key.as_str()));
    let mut found: Vec<_> = top
        .cloned()
        .chain(metadata.map(|key| format!("metadata.{key}")))
        .map(Mistake::Unkept)
        .collect();
    // The digest says it better; beside a digest of another image it would make every pull fail.
    if document.pointer("/spec/sha256").is_some() {
        found.push(Mistake::Checksum);
    }
    found
}

/// Istio's older field for a single target is the same as a list of one.
fn plural(spec: &mut Map<String, Value>) -> Result<(), Mistake> {
    let one = match spec.remove("targetRef") {
        None | Some(Value::Null) => return Ok(()),
        Some(one) => one,
    };
    if spec.contains_key("targetRefs") {
        return Err(Mistake::TwoTargetFields);
    }
    let read = serde_json::from_value::<TargetRef>(one.clone());
    read.map_err(|error| Mistake::BadManifest(format!("spec.targetRef: {error}")))?;
    spec.insert("targetRefs".to_owned(), Value::Array(vec![one]));
    Ok(())
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
