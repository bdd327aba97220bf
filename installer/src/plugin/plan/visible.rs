//! An object as its operator sees it: without weft's notes, and without what others own.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value, json};

use super::super::record::{self, Record, Rollout};
use super::super::wasmplugin::WasmPlugin;
use super::{CLOSED, IF_NOT_PRESENT, PULL_POLICY};
use crate::cluster::diff::{self, Change};
use crate::cluster::ownership::{OwnedField, Ownership};

/// Labels and annotations without our notes and those of the server.
fn visible_metadata(metadata: &ObjectMeta) -> ObjectMeta {
    let annotations = metadata.annotations.clone().map(record::without_notes);
    ObjectMeta {
        labels: metadata.labels.clone(),
        annotations,
        ..ObjectMeta::default()
    }
}

/// The labels and annotations to write when going back: what is ours, and what `over` would replace. What others wrote stays
/// as it is without us; mentioning it would make it ours, too.
pub(super) fn our_metadata(current: &WasmPlugin, over: Option<&WasmPlugin>) -> ObjectMeta {
    let ours = ownership(current).below("metadata");
    let mut metadata = visible_metadata(&current.metadata);
    let over = over.map(|over| &over.metadata);
    let (labels, annotations) = (ours.below("labels"), ours.below("annotations"));
    if let Some(kept) = &mut metadata.labels {
        let over = over.and_then(|over| over.labels.as_ref());
        kept.retain(|key, _| labels.has(key) || over.is_some_and(|over| over.contains_key(key)));
    }
    if let Some(kept) = &mut metadata.annotations {
        let over = over.and_then(|over| over.annotations.as_ref());
        kept.retain(|key, _| {
            annotations.has(key) || over.is_some_and(|over| over.contains_key(key))
        });
    }
    metadata
}

/// What differs for the operator between what is there and what would be.
pub(crate) fn changes(current: &WasmPlugin, wanted: &WasmPlugin) -> Vec<Change> {
    let (mut before, after) = (visible(current), visible(wanted));
    // Our notes are compared through `image`, which is no field of the object.
    ownership(current)
        .with("image")
        .forget_foreign(&mut before, &after);
    diff::changes(&Value::Object(before), &Value::Object(after))
}

/// Fields of others that would stay beside what we write, in places that must be exactly as wished: the configuration,
/// which the plugin was asked about as a whole, and the selector.
pub(super) fn leftovers(current: &WasmPlugin, wanted: &WasmPlugin) -> Vec<OwnedField> {
    let spec = ownership(current).below("spec");
    let selector = |object: &WasmPlugin| json!(object.spec.selector.clone().unwrap_or_default());
    let configuration = (current.spec.configuration(), wanted.spec.configuration());
    let mut found = spec.below("pluginConfig").leftovers(
        ".spec.pluginConfig",
        &configuration.0,
        &configuration.1,
    );
    found.extend(spec.below("selector").leftovers(
        ".spec.selector",
        &selector(current),
        &selector(wanted),
    ));
    found
}

fn ownership(object: &WasmPlugin) -> Ownership {
    Ownership::read(
        object
            .metadata
            .managed_fields
            .as_deref()
            .unwrap_or_default(),
    )
}

fn visible(object: &WasmPlugin) -> Map<String, Value> {
    let metadata = visible_metadata(&object.metadata);
    let mut spec = object.spec.clone();
    // Neither is what the operator asked for: see `Plan::object` and `deliver::watch`.
    if Record::read(object).rollout == Rollout::Opening {
        spec.fail_strategy = Some(CLOSED.to_owned());
    }
    if spec.rest.get(PULL_POLICY).and_then(Value::as_str) == Some(IF_NOT_PRESENT) {
        spec.rest.remove(PULL_POLICY);
    }
    let fields = json!({
        "image": Record::read(object).image,
        "metadata": {
            "labels": metadata.labels.unwrap_or_default(),
            "annotations": metadata.annotations.unwrap_or_default(),
        },
        "spec": spec,
    });
    fields.as_object().cloned().unwrap_or_default()
}
