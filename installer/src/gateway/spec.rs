//! What an operator writes about a gateway: `apiVersion: weft.dev/v1, kind: MeshGateway`. (`Gateway` is a kind of Istio's and of
//! Kubernetes' own, and means ports and hosts there; this is the proxy that serves them.)
//!
//! It is read as mesh files are: one schema judges, and every mistake is told at once. A field that is not written is left to the
//! mesh and to Istio's chart, unless its comment states a default.

mod contradiction;
mod labels;

use std::collections::BTreeMap;

use anyhow::Context as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::mesh::spec::mistake::Mistake;
use crate::mesh::spec::name;
use crate::mesh::spec::read::Described;
use crate::mesh::spec::{ApiVersion, Resources};

/// What a gateway's name may look like: it becomes a part of longer names.
const NAME: &str = "^[a-z]([-a-z0-9]{0,48}[a-z0-9])?$";
const NAME_HELP: &str =
    "use at most 50 of a-z, 0-9 and '-', beginning with a letter and ending with a letter or digit";

/// A gateway, as its file describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MeshGateway {
    /// Always weft.dev/v1.
    pub(crate) api_version: ApiVersion,
    /// Always `MeshGateway`.
    pub(crate) kind: Kind,
    /// What it is called, and where it is.
    pub(crate) metadata: Metadata,
    /// What it is to be.
    #[serde(default)]
    pub(crate) spec: Spec,
}

/// The kind of document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Kind {
    #[default]
    MeshGateway,
}

/// What a gateway is called, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Metadata {
    /// Name of its Deployment and Service; it cannot be changed later.
    #[schemars(regex(pattern = NAME), extend("errorMessage" = NAME_HELP))]
    pub(crate) name: String,
    /// Its namespace, which cannot be changed later. Default: that of the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = name::LABEL), extend("errorMessage" = name::LABEL_HELP))]
    pub(crate) namespace: Option<String>,
}

/// What a gateway is to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Spec {
    /// Whether traffic comes in by it (ingress, the default) or goes out (egress).
    #[serde(rename = "type", default)]
    pub(crate) direction: Direction,
    /// A fixed number of instances, 1 to 1000; instead of autoscaling.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) replicas: Option<u32>,
    /// As many instances as its load needs; instead of replicas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) autoscaling: Option<Autoscaling>,
    /// How it is reached.
    #[serde(default, skip_serializing_if = "Service::is_empty")]
    pub(crate) service: Service,
    /// CPU and memory of each instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resources: Option<Resources>,
    /// Labels of all that belongs to it. app and istio are what Istio's Gateways select it by (by default NAME, and NAME without a
    /// leading istio-); labels cannot be changed later.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels::map")]
    pub(crate) labels: BTreeMap<String, String>,
    /// Revision or tag of the control plane that it obeys. Default: that of the mesh.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = name::LABEL), extend("errorMessage" = name::LABEL_HELP))]
    pub(crate) revision: Option<String>,
    /// Whether its instances keep away from each other's nodes: preferred or required. Default: neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spread: Option<Spread>,
    /// Which nodes and pods it wants to be near, in Kubernetes' words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) affinity: Option<Affinity>,
    /// Labels that its nodes must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels::map")]
    pub(crate) node_selector: BTreeMap<String, String>,
    /// Taints of nodes that it tolerates, in Kubernetes' words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tolerations: Vec<Map<String, Value>>,
}

/// Which way traffic goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Direction {
    #[default]
    Ingress,
    Egress,
}

/// As many instances as a load needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Autoscaling {
    /// At least so many, 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) min: u32,
    /// At most so many, 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) max: u32,
    /// Percent of the requested CPU that they use on average, 1 to 100. Default: 80.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub(crate) cpu: Option<u32>,
}

/// How a gateway is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Service {
    /// In Kubernetes' words. Default: `LoadBalancer` for ingress, `ClusterIP` for egress.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<ServiceType>,
    /// Ports, all of them. Default: status-port 15021, http2 80, https 443.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ports: Vec<Port>,
    /// Annotations, such as those by which clouds choose a load balancer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels::annotations")]
    pub(crate) annotations: BTreeMap<String, String>,
    /// The address that a load balancer is to give.
    #[serde(rename = "loadBalancerIP", skip_serializing_if = "Option::is_none")]
    pub(crate) load_balancer_ip: Option<String>,
    /// Addresses of nodes, or routed to them, at which it answers too.
    #[serde(rename = "externalIPs", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) external_ips: Vec<String>,
}

/// In Kubernetes' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum ServiceType {
    #[serde(rename = "ClusterIP")]
    ClusterIp,
    NodePort,
    LoadBalancer,
}

/// A port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "as Kubernetes calls them")]
pub(crate) struct Port {
    /// Its name, by whose beginning Istio tells protocols apart (http2, https, tls, tcp, grpc, mongo).
    #[schemars(regex(pattern = name::LABEL), extend("errorMessage" = name::LABEL_HELP))]
    pub(crate) name: String,
    /// Its number, 1 to 65535.
    #[schemars(range(min = 1, max = 65535))]
    pub(crate) port: u16,
    /// The number at the pods, 1 to 65535. Default: the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub(crate) target_port: Option<u16>,
    /// The number at each node, 1 to 65535, in the cluster's range. Default: Kubernetes chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub(crate) node_port: Option<u16>,
    /// TCP (default) or UDP.
    #[serde(default, skip_serializing_if = "Protocol::is_tcp")]
    pub(crate) protocol: Protocol,
}

/// What a port speaks below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Protocol {
    #[default]
    Tcp,
    Udp,
}

/// Whether instances keep away from each other's nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Spread {
    Preferred,
    Required,
}

/// Which nodes and pods a gateway wants to be near, in Kubernetes' words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "as Kubernetes calls them")]
pub(crate) struct Affinity {
    /// Nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node_affinity: Option<Map<String, Value>>,
    /// Pods to be near.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pod_affinity: Option<Map<String, Value>>,
    /// Pods to keep away from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pod_anti_affinity: Option<Map<String, Value>>,
}

impl Described for MeshGateway {
    const KIND: &str = "MeshGateway";
    const SCHEMA: &str = "https://weft.dev/schemas/v1/mesh-gateway.json";
    const TITLE: &str = "A gateway of a mesh, apiVersion weft.dev/v1";

    fn contradictions(&self) -> Vec<Mistake> {
        contradiction::all(self)
    }
}

impl MeshGateway {
    /// How it is reached, said or by default.
    pub(crate) fn service_type(&self) -> ServiceType {
        self.spec.service.kind.unwrap_or(match self.spec.direction {
            Direction::Ingress => ServiceType::LoadBalancer,
            Direction::Egress => ServiceType::ClusterIp,
        })
    }

    /// The canonical file.
    pub(crate) fn to_yaml(&self) -> Result<String, Failure> {
        Ok(serde_saphyr::to_string(self).context("cannot write the gateway as YAML")?)
    }
}

impl Direction {
    /// As people read it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

impl Service {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ServiceType {
    /// In Kubernetes' words.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::ClusterIp => "ClusterIP",
            Self::NodePort => "NodePort",
            Self::LoadBalancer => "LoadBalancer",
        }
    }
}

impl Protocol {
    /// In Kubernetes' words.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference to skip_serializing_if"
    )]
    fn is_tcp(&self) -> bool {
        *self == Self::Tcp
    }
}

#[cfg(test)]
mod tests;
