//! A Kubernetes object of any kind: which one it is.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which object of a cluster. Versions of one kind are the same object, so that the version does not count here; it is
/// the one to talk to the API server with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    fn what_has_no_name_is_no_object() {
        assert_eq!(
            ObjectId::of(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {}})),
            None
        );
    }
}
