//! The mesh file: what an operator commits to git, `apiVersion: weft.dev/v1, kind: Mesh`.
//!
//! These types are the one definition: the JSON Schema is made from them, the reader judges shapes by that schema, flags make
//! the same document, and `mesh init` is tested against it. What no schema can say, contradictions between fields, is in
//! `contradiction`. A field that is not written is left to Istio's charts, unless its comment states a default.

pub(crate) mod charts;
pub(crate) mod document;
mod meaning;
pub(crate) mod mistake;
pub(crate) mod quantity;
pub(crate) mod read;
pub(crate) mod schema;
pub(crate) mod sidecar;
pub(crate) mod size;
pub(crate) mod traffic;
pub(crate) mod workloads;

pub(crate) mod contradiction;
pub(crate) mod name;
mod template;

#[cfg(test)]
mod tests;

pub(crate) use charts::ChartSource;
pub(crate) use sidecar::{Collector, Discovery, Protocol, Sidecar, Tracing};
pub(crate) use size::{Resources, Scale, Size, Sizes};
pub(crate) use template::template;
pub(crate) use traffic::{Failover, Locality, LocalityShare, Retries, Traffic};
pub(crate) use workloads::WorkloadKind;

use crate::failure::Failure;
use crate::mesh::version::IstioVersion;
use anyhow::Context as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The namespace of istiod where a mesh file names none.
pub(crate) const ROOT_NAMESPACE: &str = "istio-system";

/// A mesh, as its file describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Mesh {
    /// Always weft.dev/v1.
    pub(crate) api_version: ApiVersion,
    /// Always Mesh.
    pub(crate) kind: Kind,
    /// The name of the mesh.
    pub(crate) metadata: Metadata,
    /// What the mesh is to be.
    pub(crate) spec: Spec,
}

/// The version of this format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum ApiVersion {
    #[default]
    #[serde(rename = "weft.dev/v1")]
    V1,
}

/// The kind of document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Kind {
    #[default]
    Mesh,
}

/// What the mesh is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Metadata {
    /// Name and ID of the mesh; it cannot be changed later.
    #[schemars(regex(pattern = name::MESH), extend("errorMessage" = name::MESH_HELP))]
    pub(crate) name: String,
}

/// What the mesh is to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the file"
)]
pub(crate) struct Spec {
    /// Who runs Istio: weft (dedicated, the default) or somebody else (external).
    #[serde(default)]
    #[schemars(extend("errorMessage" = MODE_HELP))]
    pub(crate) mode: Mode,
    /// Version of Istio; a dedicated mesh needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<IstioVersion>,
    /// Revision of the control plane, as in the label istio.io/rev. Default: none, which Istio calls default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = name::LABEL), extend("errorMessage" = name::LABEL_HELP))]
    pub(crate) revision: Option<String>,
    /// Revision tags: names that workloads use in place of the revision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "name::labels")]
    pub(crate) tags: Vec<String>,
    /// Namespace of istiod and of settings for the whole mesh. Default: istio-system.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = name::LABEL), extend("errorMessage" = name::LABEL_HELP))]
    pub(crate) root_namespace: Option<String>,
    /// The clusters of the mesh; one for now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1), extend("errorMessage" = CLUSTERS_HELP))]
    pub(crate) clusters: Vec<Cluster>,
    /// What installs Istio: charts (weft itself), which auto (default) is too, or sail (the Sail operator, which must be there).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) engine: Option<Engine>,
    /// Where Istio's charts are: oci://, oci+http:// (a registry without TLS), https://, a directory, or a bundle (.tar, .tar.gz, .tgz). Default: Istio's own releases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) charts: Option<ChartSource>,
    /// Where Istio's images are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) images: Option<Images>,
    /// Whether the cluster is `OpenShift`. Default: false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) openshift: bool,
    /// Whether workloads may join without a sidecar (ztunnel). Default: false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) ambient: bool,
    /// Whether a node agent redirects traffic instead of a privileged init container. Default: true with ambient or openshift, else false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cni: Option<bool>,
    /// Two instances or more of istiod and of each gateway, on different nodes where possible. Default: false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) high_availability: bool,
    /// Sizes of istiod and gateways for so many services and pods. Default: the figures of Istio's charts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scale: Option<Scale>,
    /// Sizes of your own, in place of scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sizes: Option<Sizes>,
    /// What holds for all traffic unless a resource says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) traffic: Option<Traffic>,
    /// Whether pods get a sidecar where neither namespace nor workload says anything. Default: false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) global_injection: bool,
    /// What holds for every sidecar unless its workload says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sidecar: Option<Sidecar>,
    /// Kinds of workloads that get sidecars beside Deployments, `StatefulSets` and `DaemonSets`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) workload_kinds: Vec<WorkloadKind>,
    /// Traces of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracing: Option<Tracing>,
    /// Raw Helm values for each chart, on top of all the above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) values: Option<RawValues>,
}

const MODE_HELP: &str = "must be dedicated (weft runs Istio) or external (somebody else does); hosted (a control plane outside the workloads' clusters) is not yet offered";
const CLUSTERS_HELP: &str =
    "must be a list of one cluster at most: a mesh of several clusters is not yet offered";

/// Who runs Istio. A hosted mesh will be a word of its own here; `clusters` is a list already for its sake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Mode {
    #[default]
    Dedicated,
    External,
}

/// What installs Istio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Engine {
    #[default]
    Auto,
    Charts,
    Sail,
}

/// A cluster of the mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Cluster {
    /// Name by which the mesh knows the cluster; Istio calls it Kubernetes when nobody does.
    #[schemars(regex(pattern = name::LABEL), extend("errorMessage" = name::LABEL_HELP))]
    pub(crate) name: String,
    /// Network of the cluster's pods: clusters of one network reach each other's pods directly. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = name::LABEL), extend("errorMessage" = name::LABEL_HELP))]
    pub(crate) network: Option<String>,
}

/// Where Istio's images are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Images {
    /// Registry and path, without a scheme. Default: the charts' own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = name::HUB), extend("errorMessage" = name::HUB_HELP))]
    pub(crate) hub: Option<String>,
    /// Tag of the images. Default: the charts' own, their version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = name::TAG), extend("errorMessage" = name::TAG_HELP))]
    pub(crate) tag: Option<String>,
    /// When nodes fetch images. Default: Kubernetes' own rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pull_policy: Option<PullPolicy>,
    /// Secrets with the registry's credentials; each must be in every namespace whose pods use these images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "name::objects")]
    pub(crate) pull_secrets: Vec<String>,
}

/// When nodes fetch images, in Kubernetes' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum PullPolicy {
    Always,
    IfNotPresent,
    Never,
}

/// Raw Helm values for each chart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawValues {
    /// Of the chart base.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) base: Map<String, Value>,
    /// Of the chart istiod.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) istiod: Map<String, Value>,
    /// Of the chart cni.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) cni: Map<String, Value>,
    /// Of the chart ztunnel.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) ztunnel: Map<String, Value>,
    /// Of the chart gateway, for every gateway of the mesh.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) gateway: Map<String, Value>,
}

impl Mesh {
    /// The namespace of istiod.
    pub(crate) fn root_namespace(&self) -> &str {
        self.spec
            .root_namespace
            .as_deref()
            .unwrap_or(ROOT_NAMESPACE)
    }

    /// Whether the node agent is installed.
    pub(crate) fn has_cni(&self) -> bool {
        self.spec
            .cni
            .unwrap_or(self.spec.ambient || self.spec.openshift)
    }

    /// The canonical file: fields in the order of their definition, and none that says what is so anyway.
    pub(crate) fn to_yaml(&self) -> Result<String, Failure> {
        Ok(serde_saphyr::to_string(self).context("cannot write the mesh file as YAML")?)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference to skip_serializing_if"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}
