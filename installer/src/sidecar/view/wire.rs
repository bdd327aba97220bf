//! The same as the API server writes it. Serde skips the rest of each object, so that it is never held.

mod owners;
mod status;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Belongs, Kind, PROXY, PodView, Proxy, Workload, WorkloadName};
use crate::sidecar::decision::Template;
use crate::sidecar::gateway::AUTO;
use crate::sidecar::injector::Labels;
use crate::sidecar::usage::Resources;
pub(crate) use owners::{Owners, SETS};
use status::PodStatus;

/// What the injector leaves on each pod that it injected.
const STATUS: &str = "sidecar.istio.io/status";

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    /// Where the next one begins.
    #[serde(default)]
    pub(crate) metadata: PageMeta,
    /// The objects; a list of metadata alone says null for none.
    pub(crate) items: Option<Vec<T>>,
}

/// Of a page.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PageMeta {
    /// Empty or missing on the last page.
    #[serde(default, rename = "continue")]
    pub(crate) next: Option<String>,
}

/// `metadata`, as far as it matters.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Meta {
    /// Its name.
    pub(crate) name: String,
    namespace: String,
    /// Its labels.
    pub(crate) labels: Option<Labels>,
    annotations: Option<Labels>,
    creation_timestamp: Option<String>,
    deletion_timestamp: Option<String>,
    owner_references: Option<Vec<Owner>>,
}

impl Meta {
    fn controller(&self) -> Option<&Owner> {
        let mut owners = self.owner_references.iter().flatten();
        owners.find(|owner| owner.controller)
    }
}

/// Who owns an object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Owner {
    api_version: String,
    kind: String,
    name: String,
    controller: bool,
}

/// A namespace.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NamespaceObject {
    /// What is known of it.
    pub(crate) metadata: Meta,
}

/// A pod, as the API server writes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PodObject {
    metadata: Meta,
    spec: PodSpec,
    status: PodStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodSpec {
    containers: Vec<Container>,
    init_containers: Option<Vec<Container>>,
    host_network: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    name: String,
    image: String,
    resources: Resources,
}

/// Deployment, `StatefulSet` or `DaemonSet`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WorkloadObject {
    metadata: Meta,
    spec: WorkloadSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct WorkloadSpec {
    template: TemplateObject,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TemplateObject {
    metadata: Meta,
    spec: PodSpec,
}

impl WorkloadObject {
    /// What is kept of it.
    pub(crate) fn view(self, kind: Kind) -> Workload {
        Workload {
            name: WorkloadName {
                namespace: self.metadata.namespace,
                kind,
                name: self.metadata.name,
            },
            template: template(self.spec.template.metadata, &self.spec.template.spec),
        }
    }
}

/// What is kept of a workload of a declared kind, whose template may stand anywhere.
pub(crate) fn declared(mut object: Value, kind: Kind) -> Workload {
    let path = kind.pod_template().replace('.', "/");
    let template = object.pointer_mut(&path).map(Value::take);
    let metadata = object.get_mut("metadata").map(Value::take);
    WorkloadObject {
        metadata: read(metadata),
        spec: WorkloadSpec {
            template: read(template),
        },
    }
    .view(kind)
}

/// What is not as Kubernetes' own types have it says nothing.
fn read<T: Default + serde::de::DeserializeOwned>(value: Option<Value>) -> T {
    let read = value.and_then(|value| serde_json::from_value(value).ok());
    read.unwrap_or_default()
}

impl PodObject {
    /// What is kept of it; nothing of a pod that does not count.
    pub(crate) fn view(self, owners: &Owners) -> Option<PodView> {
        let gone = self.metadata.deletion_timestamp.is_some()
            || matches!(self.status.phase.as_str(), "Succeeded" | "Failed");
        if gone {
            return None;
        }
        let container = self.proxy_container();
        let injection = self
            .metadata
            .annotations
            .as_ref()
            .and_then(|all| all.get(STATUS));
        let proxy = match (container, injection) {
            (Some(container), Some(status)) => Some(Proxy {
                revision: revision(status),
                version: tag(&container.image),
                resources: container.resources.clone(),
                trouble: self.status.trouble_of(PROXY),
            }),
            _ => None,
        };
        Some(PodView {
            brings_its_own: proxy.is_none() && container.is_some(),
            uninjected: self.spec.containers.iter().any(|one| one.image == AUTO),
            proxy,
            trouble: self.status.first_trouble(),
            belongs: belongs(&self.metadata, &self.spec, owners),
            created: self.metadata.creation_timestamp.unwrap_or_default(),
            namespace: self.metadata.namespace,
            name: self.metadata.name,
        })
    }

    /// A native sidecar is an init container that goes on running.
    fn proxy_container(&self) -> Option<&Container> {
        let init = self.spec.init_containers.iter().flatten();
        self.spec
            .containers
            .iter()
            .chain(init)
            .find(|container| container.name == PROXY)
    }
}

fn template(metadata: Meta, spec: &PodSpec) -> Template {
    Template {
        labels: metadata.labels.unwrap_or_default(),
        annotations: metadata.annotations.unwrap_or_default(),
        host_network: spec.host_network,
    }
}

/// A Deployment's pods belong to a `ReplicaSet`, whose name ends in the hash that is the pods' label: no list is needed.
fn belongs(metadata: &Meta, spec: &PodSpec, owners: &Owners) -> Belongs {
    let owner = metadata.controller();
    if let Some(name) = owner.and_then(|owner| owners.declared(&metadata.namespace, owner)) {
        return Belongs::To(name);
    }
    let labels = metadata.labels.as_ref();
    let hash = labels.and_then(|labels| labels.get("pod-template-hash"));
    let to = |kind, name: &str| {
        Belongs::To(WorkloadName {
            namespace: metadata.namespace.clone(),
            kind,
            name: name.to_owned(),
        })
    };
    let deployment = |owner: &Owner| {
        let name = owner.name.strip_suffix(hash?.as_str())?.strip_suffix('-')?;
        Some(to(Kind::Deployment, name))
    };
    let known = owner.and_then(|owner| match owner.kind.as_str() {
        "ReplicaSet" => deployment(owner),
        "StatefulSet" => Some(to(Kind::StatefulSet, &owner.name)),
        "DaemonSet" => Some(to(Kind::DaemonSet, &owner.name)),
        _ => None,
    });
    known.unwrap_or_else(|| {
        let whose = owner.map_or_else(
            || "no controller".to_owned(),
            |owner| format!("{} {}", owner.kind, owner.name),
        );
        Belongs::Else(Box::new(template(metadata.clone(), spec)), whose)
    })
}

fn revision(status: &str) -> String {
    let read: Option<BTreeMap<String, Value>> = serde_json::from_str(status).ok();
    read.and_then(|status| Some(status.get("revision")?.as_str()?.to_owned()))
        .unwrap_or_else(|| "default".to_owned())
}

/// What follows the colon of an image's name, without a digest.
pub(crate) fn tag(image: &str) -> String {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    last.split_once(':')
        .map_or("latest", |(_, tag)| tag)
        .to_owned()
}

#[cfg(test)]
mod tests;
