//! An object as its operator sees it: without weft's notes, and without what others own.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value, json};

use super::super::record::{self, Record, Rollout};
use super::super::wasmplugin::WasmPlugin;
use super::{CLOSED, IF_NOT_PRESENT, PULL_POLICY};
use crate::cluster::diff::{self, Change};
use crate::cluster::ownership;

/// kubectl's own copy of an object, which says nothing new.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Labels and annotations without our notes and those of the server.
pub(super) fn visible_metadata(metadata: &ObjectMeta) -> ObjectMeta {
    let annotations = metadata.annotations.clone().map(|mut annotations| {
        annotations.retain(|key, _| key != LAST_APPLIED && !record::NOTES.contains(&key.as_str()));
        annotations
    });
    ObjectMeta {
        labels: metadata.labels.clone(),
        annotations,
        ..ObjectMeta::default()
    }
}

/// What differs for the operator between what is there and what would be.
pub(super) fn changes(current: &WasmPlugin, wanted: &WasmPlugin) -> Vec<Change> {
    let (mut before, after) = (visible(current), visible(wanted));
    let managed = current
        .metadata
        .managed_fields
        .as_deref()
        .unwrap_or_default();
    let mut ours = ownership::ours(managed);
    // Our notes are compared through `image`, which is no field of the object.
    if let Some(ours) = ours.as_object_mut() {
        ours.insert("f:image".to_owned(), json!({}));
    }
    ownership::forget_foreign(&mut before, &after, &ours);
    diff::changes(&Value::Object(before), &Value::Object(after))
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
