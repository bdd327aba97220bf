//! A Kubernetes object of any kind: which one it is.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which object of a cluster. Versions of one kind are the same object, so that the version does not count here; it is
/// the one to talk to the API server with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ObjectId {
    /// The API group, empty for the core one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) group: String,
    /// For example `v1`.
    pub(crate) version: String,
    /// For example `Deployment`.
    pub(crate) kind: String,
    /// Nothing for cluster-scoped objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// Its name.
    pub(crate) name: String,
}

impl ObjectId {
    /// Reads `apiVersion`, `kind`, `metadata.namespace` and `metadata.name`; nothing when one that is needed is missing.
    pub(crate) fn of(object: &Value) -> Option<Self> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let api_version = text("/apiVersion")?;
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text("/kind")?.to_owned(),
            namespace: text("/metadata/namespace").map(str::to_owned),
            name: text("/metadata/name")?.to_owned(),
        })
    }

    /// As objects write it: `apps/v1`, `v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Its kind.
    pub(crate) fn group_kind(&self) -> GroupKind {
        GroupKind {
            group: self.group.clone(),
            kind: self.kind.clone(),
        }
    }

    /// Whether it is of that kind.
    pub(crate) fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    fn key(&self) -> (&str, &str, Option<&str>, &str) {
        (
            &self.group,
            &self.kind,
            self.namespace.as_deref(),
            &self.name,
        )
    }
}

impl PartialEq for ObjectId {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for ObjectId {}

impl PartialOrd for ObjectId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ObjectId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for ObjectId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// `Deployment istio-system/istiod`, `ClusterRole istiod`.
impl fmt::Display for ObjectId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(out, "{} {namespace}/{}", self.kind, self.name),
            None => write!(out, "{} {}", self.kind, self.name),
        }
    }
}

/// A kind whatever its version. Displays as an inventory writes it: `Deployment.apps`, `ConfigMap`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct GroupKind {
    /// The API group, empty for the core one.
    pub(crate) group: String,
    /// For example `Deployment`.
    pub(crate) kind: String,
}

impl GroupKind {
    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &str) -> Self {
        let (kind, group) = text.split_once('.').unwrap_or((text, ""));
        Self {
            group: group.to_owned(),
            kind: kind.to_owned(),
        }
    }
}

impl fmt::Display for GroupKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() {
            out.write_str(&self.kind)
        } else {
            write!(out, "{}.{}", self.kind, self.group)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_says_which_it_is() {
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "istiod", "namespace": "istio-system"}});
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}});

        let ids = [&deployment, &node].map(|object| ObjectId::of(object).unwrap());

        assert_eq!(
            ids.clone().map(|id| id.to_string()),
            ["Deployment istio-system/istiod", "Node a"]
        );
        assert_eq!(ids.map(|id| id.api_version()), ["apps/v1", "v1"]);
    }

    #[test]
    fn the_version_makes_no_other_object() {
        let of = |version: &str| {
            ObjectId::of(&json!({"apiVersion": version, "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a", "namespace": "b"}})).unwrap()
        };
        assert_eq!(of("autoscaling/v1"), of("autoscaling/v2"));
        assert_ne!(of("autoscaling/v1"), of("other/v1"));
    }

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for text in [
            "Deployment.apps",
            "ConfigMap",
            "WasmPlugin.extensions.istio.io",
        ] {
            assert_eq!(GroupKind::parse(text).to_string(), text);
        }
    }

    #[test]
    fn what_has_no_name_is_no_object() {
        assert_eq!(
            ObjectId::of(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {}})),
            None
        );
    }
}
