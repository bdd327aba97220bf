//! Which fields of an object are ours, by the API server's own account of it (`metadata.managedFields`).
//!
//! With server-side apply, a field that we stop mentioning goes only if nobody else has it. A comparison that did not
//! know that would announce, each time anew, the removal of fields that stay; and a plugin whose configuration is half
//! ours and half somebody else's would be given one that nobody has looked at.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The name under which weft writes.
pub(crate) const MANAGER: &str = "weft";

/// Whether a manager of fields is a person at work with kubectl: what was written so stays as it is until somebody writes it anew.
/// Anything else may be a program that writes what it wants again and again.
pub(crate) fn is_person(manager: &str) -> bool {
    const VERBS: [&str; 14] = [
        "annotate",
        "apply",
        "autoscale",
        "client-side-apply",
        "create",
        "edit",
        "expose",
        "label",
        "last-applied",
        "patch",
        "replace",
        "run",
        "scale",
        "set",
    ];
    let verb = manager.strip_prefix("kubectl-");
    // The API server's name for whoever wrote before fields had managers.
    ["kubectl", "before-first-apply"].contains(&manager)
        || verb.is_some_and(|verb| VERBS.contains(&verb))
}

/// A field and who has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OwnedField {
    /// For example `.spec.pluginConfig`.
    pub(crate) field: String,
    /// For example `kubectl-edit`.
    pub(crate) manager: String,
}

/// Who has which fields, as trees in the form of `fieldsV1`: `{"f:spec": {"f:url": {}}}`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ownership {
    ours: Value,
    others: Vec<(String, Value)>,
}

impl Ownership {
    /// Reads the API server's account.
    pub(crate) fn read(managed: &[ManagedFieldsEntry]) -> Self {
        let mut ownership = Self::default();
        for entry in managed.iter().filter(|entry| !is_subresource(entry)) {
            let tree = entry
                .fields_v1
                .as_ref()
                .map(|fields| fields.0.clone())
                .unwrap_or_default();
            if is_ours(entry) {
                ownership.ours = tree;
            } else {
                ownership
                    .others
                    .push((entry.manager.clone().unwrap_or_default(), tree));
            }
        }
        ownership
    }

    /// Says that a part of what is compared is ours, though it is no field of the object.
    pub(crate) fn with(mut self, key: &str) -> Self {
        if let Some(ours) = self.ours.as_object_mut() {
            ours.insert(format!("f:{key}"), json!({}));
        }
        self
    }

    /// The part below a field.
    pub(crate) fn below(&self, key: &str) -> Self {
        let key = format!("f:{key}");
        let inside = |tree: &Value| tree.get(&key).cloned();
        Self {
            ours: inside(&self.ours).unwrap_or_default(),
            others: self
                .others
                .iter()
                .filter_map(|(manager, tree)| Some((manager.clone(), inside(tree)?)))
                .collect(),
        }
    }

    /// Takes out of `current` what an apply of `wanted` would leave alone: fields that it does not mention and that are
    /// not ours alone.
    pub(crate) fn forget_foreign(
        &self,
        current: &mut Map<String, Value>,
        wanted: &Map<String, Value>,
    ) {
        current.retain(|key, _| wanted.contains_key(key) || self.goes(key));
        for (key, value) in current.iter_mut() {
            if let (Value::Object(current), Some(Value::Object(wanted))) = (value, wanted.get(key))
            {
                self.below(key).forget_foreign(current, wanted);
            }
        }
    }

    /// Those fields, and who has them.
    pub(crate) fn leftovers(&self, path: &str, current: &Value, wanted: &Value) -> Vec<OwnedField> {
        let (Some(current), Some(wanted)) = (current.as_object(), wanted.as_object()) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (key, value) in current {
            let path = format!("{path}.{key}");
            match wanted.get(key) {
                Some(wanted) => found.extend(self.below(key).leftovers(&path, value, wanted)),
                None if self.goes(key) => {}
                None => found.push(OwnedField {
                    field: path,
                    manager: self.owner(key),
                }),
            }
        }
        found
    }

    /// Whether a field is ours, alone or with others.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.ours.get(format!("f:{key}")).is_some()
    }

    /// Whether a field goes when we stop mentioning it.
    fn goes(&self, key: &str) -> bool {
        let key = format!("f:{key}");
        self.ours.get(&key).is_some()
            && self.others.iter().all(|(_, tree)| tree.get(&key).is_none())
    }

    fn owner(&self, key: &str) -> String {
        let key = format!("f:{key}");
        let mut owners = self
            .others
            .iter()
            .filter(|(_, tree)| tree.get(&key).is_some());
        owners
            .next()
            .map_or_else(|| "nobody".to_owned(), |(manager, _)| manager.clone())
    }
}

/// Which fields of an object are ours, as the API server keeps it; nothing when none is.
pub(crate) fn ours(object: &Value) -> Option<&Value> {
    let entries = object.pointer("/metadata/managedFields")?.as_array()?;
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    entries
        .iter()
        .find(|entry| {
            text(entry, "manager").as_deref() == Some(MANAGER)
                && text(entry, "operation").as_deref() == Some("Apply")
                && text(entry, "subresource").is_none_or(|name| name.is_empty())
        })
        .and_then(|entry| entry.get("fieldsV1"))
}

/// The account as it is when all of `spec` is ours: what is written then replaces it whole.
pub(crate) fn taken_over(
    managed: &[ManagedFieldsEntry],
    api_version: &str,
    spec: &Value,
) -> Vec<ManagedFieldsEntry> {
    let metadata = managed
        .iter()
        .find(|entry| is_ours(entry))
        .and_then(|entry| entry.fields_v1.as_ref());
    let metadata = metadata
        .and_then(|fields| fields.0.get("f:metadata"))
        .cloned()
        .unwrap_or_else(|| json!({}));
    let ours = ManagedFieldsEntry {
        manager: Some(MANAGER.to_owned()),
        operation: Some("Apply".to_owned()),
        api_version: Some(api_version.to_owned()),
        fields_type: Some("FieldsV1".to_owned()),
        fields_v1: Some(FieldsV1(
            json!({ "f:metadata": metadata, "f:spec": tree(spec) }),
        )),
        ..ManagedFieldsEntry::default()
    };
    let kept = managed
        .iter()
        .filter(|entry| is_subresource(entry))
        .cloned();
    std::iter::once(ours).chain(kept).collect()
}

fn tree(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (format!("f:{key}"), tree(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            json!({})
        }
    }
}

fn is_ours(entry: &ManagedFieldsEntry) -> bool {
    entry.manager.as_deref() == Some(MANAGER)
        && entry.operation.as_deref() == Some("Apply")
        && !is_subresource(entry)
}

fn is_subresource(entry: &ManagedFieldsEntry) -> bool {
    entry
        .subresource
        .as_deref()
        .is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, tree: Value) -> ManagedFieldsEntry {
        ManagedFieldsEntry {
            manager: Some(manager.to_owned()),
            operation: Some(operation.to_owned()),
            fields_v1: Some(FieldsV1(tree)),
            ..ManagedFieldsEntry::default()
        }
    }

    fn ownership() -> Ownership {
        Ownership::read(&[
            entry(
                "weft",
                "Apply",
                json!({"f:spec": {"f:url": {}, "f:phase": {}, "f:shared": {}, "f:pluginConfig": {"f:old": {}}}}),
            ),
            entry(
                "kubectl-edit",
                "Update",
                json!({"f:spec": {"f:shared": {}, "f:pluginConfig": {"f:theirs": {}}}}),
            ),
        ])
    }

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn people_write_once_and_programs_again() {
        let cases = [
            ("kubectl", true),
            ("kubectl-label", true),
            ("kubectl-edit", true),
            ("kubectl-client-side-apply", true),
            ("kubectl-create", true),
            ("kubectl-patch", true),
            ("kubectl-replace", true),
            ("before-first-apply", true),
            ("kubectl-sync", false),
            ("kubectl-", false),
            ("kubectlish", false),
            ("argocd-controller", false),
            ("argocd-application-controller", false),
            ("kustomize-controller", false),
            ("helm", false),
            ("helm-controller", false),
            ("fleetagent", false),
            ("Terraform", false),
            ("weft", false),
            ("", false),
        ];
        for (manager, wanted) in cases {
            assert_eq!(is_person(manager), wanted, "{manager}");
        }
    }

    #[test]
    fn foreign_fields_that_nobody_mentions_are_forgotten() {
        let mut current = object(&json!({
            "spec": {"url": "a", "priority": 1, "phase": "AUTHZ", "shared": 1, "pluginConfig": {"old": 1, "theirs": 2}},
            "labels": {"x": "y"},
        }));
        let wanted = object(&json!({"spec": {"url": "b", "pluginConfig": {"new": 3}}}));

        ownership().forget_foreign(&mut current, &wanted);

        assert_eq!(
            Value::Object(current),
            json!({"spec": {"url": "a", "phase": "AUTHZ", "pluginConfig": {"old": 1}}}),
            "phase and old are ours alone and will go; nothing else will"
        );
    }

    #[test]
    fn leftovers_have_an_owner() {
        let current = json!({"old": 1, "theirs": 2, "unowned": 3, "both": {"x": 1}});
        let wanted = json!({"new": 1, "both": {"y": 2}});

        let found = ownership().below("spec").below("pluginConfig").leftovers(
            ".spec.pluginConfig",
            &current,
            &wanted,
        );

        let found: Vec<_> = found
            .iter()
            .map(|field| (field.field.as_str(), field.manager.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (".spec.pluginConfig.both.x", "nobody"),
                (".spec.pluginConfig.theirs", "kubectl-edit"),
                (".spec.pluginConfig.unowned", "nobody"),
            ]
        );
    }

    #[test]
    fn only_our_applied_fields_count() {
        let status = ManagedFieldsEntry {
            subresource: Some("status".to_owned()),
            ..entry("weft", "Apply", json!({"f:x": {}}))
        };
        assert!(!Ownership::read(&[entry("kubectl", "Apply", json!({"f:x": {}}))]).goes("x"));
        assert!(!Ownership::read(&[entry("weft", "Update", json!({"f:x": {}}))]).goes("x"));
        assert!(!Ownership::read(&[status]).goes("x"));
        assert!(Ownership::read(&[entry("weft", "Apply", json!({"f:x": {}}))]).goes("x"));
    }

    #[test]
    fn taking_over_leaves_only_the_status_to_others() {
        let status = ManagedFieldsEntry {
            subresource: Some("status".to_owned()),
            ..entry("istiod", "Update", json!({}))
        };
        let managed = [
            entry("kubectl-edit", "Update", json!({"f:spec": {"f:url": {}}})),
            status.clone(),
        ];
        let spec = json!({"url": "a", "pluginConfig": {"rules": [1]}});

        let after = taken_over(&managed, "extensions.istio.io/v1alpha1", &spec);

        assert_eq!(after[1..], [status]);
        let tree = after[0].fields_v1.as_ref().unwrap();
        assert_eq!(
            tree.0["f:spec"],
            json!({"f:url": {}, "f:pluginConfig": {"f:rules": {}}})
        );
        assert!(Ownership::read(&after).below("spec").goes("url"));
    }
}
