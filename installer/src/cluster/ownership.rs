//! Which fields of an object are ours, by the API server's own account of it (`metadata.managedFields`).
//!
//! With server-side apply, a field that we stop mentioning goes only if nobody else has it. A comparison that did not
//! know that would announce, each time anew, the removal of fields that stay.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::{Map, Value};

/// The name under which weft writes.
pub(crate) const MANAGER: &str = "weft";

/// The tree of fields that weft has, in the form of `fieldsV1`: `{"f:spec": {"f:url": {}}}`.
pub(crate) fn ours(managed: &[ManagedFieldsEntry]) -> Value {
    let mine = managed.iter().find(|entry| {
        entry.manager.as_deref() == Some(MANAGER)
            && entry.operation.as_deref() == Some("Apply")
            && entry.subresource.as_deref().unwrap_or_default().is_empty()
    });
    mine.and_then(|entry| entry.fields_v1.as_ref())
        .map_or(Value::Null, |fields| fields.0.clone())
}

/// Takes out of `current` what an apply of `wanted` would leave alone: fields that it does not mention and that are not
/// ours.
pub(crate) fn forget_foreign(
    current: &mut Map<String, Value>,
    wanted: &Map<String, Value>,
    ours: &Value,
) {
    current.retain(|key, _| wanted.contains_key(key) || ours.get(format!("f:{key}")).is_some());
    for (key, value) in current.iter_mut() {
        let inside = ours.get(format!("f:{key}")).unwrap_or(&Value::Null);
        if let (Value::Object(current), Some(Value::Object(wanted))) = (value, wanted.get(key)) {
            // An owned object without a tree below it is owned as a whole.
            if inside.as_object().is_none_or(|tree| !tree.is_empty()) {
                forget_foreign(current, wanted, inside);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn foreign_fields_that_nobody_mentions_are_forgotten() {
        let mut current = object(&json!({
            "spec": {"url": "a", "priority": 1, "phase": "AUTHZ", "pluginConfig": {"old": 1, "theirs": 2}},
            "labels": {"x": "y"},
        }));
        let wanted = object(&json!({"spec": {"url": "b", "pluginConfig": {"new": 3}}}));
        let ours = json!({"f:spec": {"f:url": {}, "f:phase": {}, "f:pluginConfig": {"f:old": {}}}});

        forget_foreign(&mut current, &wanted, &ours);

        assert_eq!(
            Value::Object(current),
            json!({"spec": {"url": "a", "phase": "AUTHZ", "pluginConfig": {"old": 1}}}),
            "phase and old are ours and will go; priority, theirs and the labels are not"
        );
    }

    #[test]
    fn an_object_that_is_not_ours_keeps_only_what_we_mention() {
        let mut current = object(&json!({"spec": {"url": "a", "priority": 1}}));

        forget_foreign(
            &mut current,
            &object(&json!({"spec": {"url": "b"}})),
            &Value::Null,
        );

        assert_eq!(Value::Object(current), json!({"spec": {"url": "a"}}));
    }

    #[test]
    fn only_our_applied_fields_count() {
        let entry =
            |manager: &str, operation: &str, subresource: Option<&str>| ManagedFieldsEntry {
                manager: Some(manager.to_owned()),
                operation: Some(operation.to_owned()),
                subresource: subresource.map(str::to_owned),
                fields_v1: Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::FieldsV1(
                    json!({"f:x": {}}),
                )),
                ..ManagedFieldsEntry::default()
            };

        assert_eq!(
            ours(&[
                entry("kubectl", "Apply", None),
                entry("weft", "Update", None)
            ]),
            Value::Null
        );
        assert_eq!(ours(&[entry("weft", "Apply", Some("status"))]), Value::Null);
        assert_eq!(ours(&[entry("weft", "Apply", None)]), json!({"f:x": {}}));
    }
}
