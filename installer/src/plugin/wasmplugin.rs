//! The `WasmPlugin` resource, as far as weft sets or reads it.
//!
//! Everything that weft does not know stays in `rest` and goes back as it came: an operator's field, or one of a later
//! Istio, must survive a round trip through this program. Enumerations stay text for the same reason.

use std::collections::BTreeMap;

use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `spec` of a `WasmPlugin`.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "extensions.istio.io",
    version = "v1alpha1",
    kind = "WasmPlugin",
    namespaced,
    status = "Value",
    schema = "disabled",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WasmPluginSpec {
    /// Where the module is; weft writes `oci://REPOSITORY@sha256:…`.
    pub(crate) url: String,
    /// The workloads, by label; all of the namespace when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) selector: Option<Selector>,
    /// The gateways and waypoints; never together with `selector`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) target_refs: Vec<TargetRef>,
    /// AUTHN, AUTHZ or STATS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase: Option<String>,
    /// Within a phase, high runs first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<i32>,
    /// What a proxy does without a working module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fail_strategy: Option<String>,
    /// Which traffic; all of it when empty.
    #[serde(default, rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub(crate) matches: Vec<TrafficMatch>,
    /// Name of the Secret with the registry's credentials, in the same namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image_pull_secret: Option<String>,
    /// The root id, for a module that holds several plugins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) plugin_name: Option<String>,
    /// What the plugin is given to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) plugin_config: Option<Map<String, Value>>,
    /// Fields that weft neither sets nor reads.
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// Which pods, by label.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Selector {
    /// Labels that a pod must have.
    #[serde(default)]
    pub(crate) match_labels: BTreeMap<String, String>,
    /// Kept as it came.
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// A gateway, or a service behind a waypoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TargetRef {
    /// API group; empty for Service.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) group: String,
    /// `Gateway`, `GatewayClass`, `Service` or `ServiceEntry`.
    pub(crate) kind: String,
    /// Its name, in the namespace of the plugin.
    pub(crate) name: String,
    /// Kept as it came.
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// Which traffic of a selected proxy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrafficMatch {
    /// CLIENT, SERVER or `CLIENT_AND_SERVER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<String>,
    /// Ports; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ports: Vec<Port>,
    /// Kept as it came.
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// One port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Port {
    /// Its number.
    pub(crate) number: u16,
}

impl WasmPluginSpec {
    /// The configuration as the plugin is given it; no configuration and an empty one are the same to Istio.
    pub(crate) fn configuration(&self) -> Value {
        Value::Object(self.plugin_config.clone().unwrap_or_default())
    }

    /// Every target reference, those in the field for a single one that Istio had before included.
    pub(crate) fn targets(&self) -> Vec<TargetRef> {
        let one = self.rest.get("targetRef").cloned();
        let one = one.and_then(|one| serde_json::from_value(one).ok());
        match one {
            Some(one) if self.target_refs.is_empty() => vec![one],
            _ => self.target_refs.clone(),
        }
    }

    /// The hexadecimal part of the pinned digest, if the module is pinned.
    pub(crate) fn pinned(&self) -> Option<&str> {
        self.url.rsplit_once("@sha256:").map(|(_, hex)| hex)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_weft_does_not_know_survives_a_round_trip() {
        let written = json!({
            "apiVersion": "extensions.istio.io/v1alpha1",
            "kind": "WasmPlugin",
            "metadata": {"name": "limit", "namespace": "shop", "labels": {"team": "a"}},
            "spec": {
                "url": "oci://registry.example/limit@sha256:00",
                "selector": {"matchLabels": {"app": "echo"}, "later": 1},
                "match": [{"mode": "SERVER", "ports": [{"number": 8080}], "later": true}],
                "vmConfig": {"env": [{"name": "A", "value": "b"}]},
                "failStrategy": "FAIL_SOMEHOW",
                "pluginConfig": {"rules": [{"rate": 1.5}]},
            },
            "status": {"conditions": [{"type": "Reconciled"}]},
        });

        let read: WasmPlugin = serde_json::from_value(written.clone()).unwrap();

        assert_eq!(serde_json::to_value(&read).unwrap(), written);
        assert_eq!(read.spec.pinned(), Some("00"));
    }
}
