//! Finds the Istio that somebody else runs: its control planes, revisions, root namespace, gateways, and who installed each.
//!
//! It decides on what was read, and nothing of theirs is ever written.
//!
//! Labels say less than they seem to: the charts put `app.kubernetes.io/managed-by: Helm` and
//! `install.operator.istio.io/owning-resource: unknown` on everything, also where neither Helm nor istioctl is used. What Helm
//! installed has Helm's annotations, what istioctl installed was written under its name, and what Sail installed has an owner.

pub(crate) mod helm;
pub(crate) mod installer;
pub(crate) mod report;
pub(crate) mod snapshot;
pub(crate) mod verbs;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::read::{items, label, name, namespace, text};
use crate::sidecar::gateway;
use installer::Installer;
use snapshot::Snapshot;

/// An Istio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    /// Where configuration for all of it is.
    pub(crate) root_namespace: String,
    /// Its istiods, by revision.
    pub(crate) control_planes: Vec<ControlPlane>,
    /// Names that stand for revisions.
    pub(crate) tags: Vec<Tag>,
    /// The revision that `istio-injection: enabled` means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default_revision: Option<String>,
    /// Its injectors and validators.
    pub(crate) webhooks: Vec<String>,
    /// Its gateways.
    pub(crate) gateways: Vec<Part>,
    /// The CNI plugin, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cni: Option<Part>,
    /// The node proxy of ambient mode, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ztunnel: Option<Part>,
}

/// An istiod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ControlPlane {
    /// `default` for one without a revision.
    pub(crate) revision: String,
    /// The deployment.
    #[serde(flatten)]
    pub(crate) part: Part,
}

/// Something that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Part {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
    /// Its version, where it can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// Who installed it.
    pub(crate) installed_by: Installer,
}

/// A name that stands for a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tag {
    /// The tag.
    pub(crate) name: String,
    /// What it stands for.
    pub(crate) revision: String,
}

/// Every Istio of a cluster: istiods with one root namespace are one.
pub(crate) fn find(snapshot: &Snapshot) -> Vec<Found> {
    let istiods: Vec<_> = snapshot
        .deployments
        .iter()
        .filter(|deployment| label(deployment, "app") == Some("istiod"))
        .map(|deployment| (root_namespace(deployment, snapshot), deployment))
        .collect();
    let roots: BTreeSet<&String> = istiods.iter().map(|(root, _)| root).collect();
    let only = roots.len() == 1;
    roots
        .iter()
        .map(|root| {
            let planes = istiods.iter().filter(|(of, _)| of == *root);
            {
                let planes: Vec<_> = planes.map(|(_, istiod)| *istiod).collect();
                mesh(root, &planes, snapshot, only)
            }
        })
        .collect()
}

fn mesh(root: &str, istiods: &[&Value], snapshot: &Snapshot, only: bool) -> Found {
    let mut control_planes: Vec<_> = istiods
        .iter()
        .map(|istiod| ControlPlane {
            revision: revision(istiod).to_owned(),
            part: part(istiod, snapshot),
        })
        .collect();
    control_planes.sort_by(|a, b| a.revision.cmp(&b.revision));
    let homes: BTreeSet<&str> = istiods.iter().map(|istiod| namespace(istiod)).collect();
    let serves = |webhook: &&Value| {
        items(webhook, "/webhooks")
            .filter_map(|hook| text(hook, "/clientConfig/service/namespace"))
            .any(|namespace| homes.contains(namespace))
    };
    let injectors: Vec<_> = snapshot.mutating.iter().filter(serves).collect();
    let tags: Vec<_> = injectors
        .iter()
        .filter_map(|webhook| {
            Some(Tag {
                name: label(webhook, "istio.io/tag")?.to_owned(),
                revision: label(webhook, "istio.io/rev")?.to_owned(),
            })
        })
        .collect();
    let validators = snapshot.validating.iter().filter(serves);
    let mut webhooks: Vec<_> = injectors
        .iter()
        .copied()
        .chain(validators)
        .map(|webhook| name(webhook).to_owned())
        .collect();
    webhooks.sort();
    let belongs = |object: &&Value| {
        let theirs = label(object, "istio.io/rev").filter(|rev| *rev != "default");
        only || homes.contains(namespace(object))
            || theirs.is_some_and(|rev| control_planes.iter().any(|plane| plane.revision == rev))
    };
    let gateways = snapshot
        .deployments
        .iter()
        .filter(|one| gateway::is_workload(one));
    let node = |key, value| {
        let mut sets = snapshot.daemon_sets.iter();
        let found = sets.find(|set| label(set, key) == Some(value));
        found.map(|set| part(set, snapshot))
    };
    Found {
        root_namespace: root.to_owned(),
        default_revision: default_revision(&tags, &injectors),
        gateways: gateways
            .filter(belongs)
            .map(|one| part(one, snapshot))
            .collect(),
        cni: node("k8s-app", "istio-cni-node"),
        ztunnel: node("app", "ztunnel"),
        control_planes,
        tags,
        webhooks,
    }
}

fn default_revision(tags: &[Tag], injectors: &[&Value]) -> Option<String> {
    if let Some(tag) = tags.iter().find(|tag| tag.name == "default") {
        return Some(tag.revision.clone());
    }
    let mut untagged = injectors
        .iter()
        .filter(|webhook| label(webhook, "istio.io/tag").is_none());
    untagged
        .any(|webhook| revision(webhook) == "default")
        .then(|| "default".to_owned())
}

fn revision(object: &Value) -> &str {
    label(object, "istio.io/rev")
        .filter(|revision| !revision.is_empty())
        .unwrap_or("default")
}

fn part(object: &Value, snapshot: &Snapshot) -> Part {
    Part {
        namespace: namespace(object).to_owned(),
        name: name(object).to_owned(),
        version: version(object),
        installed_by: installer::of(object, &snapshot.releases),
    }
}

/// The tag of the image that runs; where that is none, such as `latest` or a digest, what the charts say.
pub(crate) fn version(object: &Value) -> Option<String> {
    let image = text(object, "/spec/template/spec/containers/0/image").unwrap_or_default();
    let image = image.split('@').next().unwrap_or_default();
    let tag = image
        .rsplit_once(':')
        .map_or("", |(_, tag)| tag)
        .trim_end_matches("-distroless")
        .trim_end_matches("-debug");
    let said = ["operator.istio.io/version", "app.kubernetes.io/version"]
        .iter()
        .filter_map(|key| label(object, key));
    std::iter::once(tag)
        .chain(said)
        .map(|version| version.trim_start_matches('v'))
        .find(|version| is_version(version))
        .map(str::to_owned)
}

fn is_version(text: &str) -> bool {
    let mut numbers = text.split('.');
    let number = |part: Option<&str>| {
        part.and_then(|part| part.split('-').next()?.parse::<u16>().ok())
            .is_some()
    };
    number(numbers.next()) && number(numbers.next())
}

/// `rootNamespace` of the mesh configuration that an istiod reads; its own namespace where that says nothing.
fn root_namespace(istiod: &Value, snapshot: &Snapshot) -> String {
    let said = config(istiod, snapshot).and_then(|mesh| mesh.root_namespace);
    said.filter(|root| !root.is_empty())
        .unwrap_or_else(|| namespace(istiod).to_owned())
}

/// The mesh configuration that an istiod reads.
fn config(istiod: &Value, snapshot: &Snapshot) -> Option<MeshConfig> {
    let config = match revision(istiod) {
        "default" => "istio".to_owned(),
        revision => format!("istio-{revision}"),
    };
    let mut configs = snapshot.configs.iter();
    let object =
        configs.find(|object| namespace(object) == namespace(istiod) && name(object) == config);
    serde_saphyr::from_str(text(object?, "/data/mesh")?).ok()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MeshConfig {
    root_namespace: Option<String>,
    discovery_selectors: Option<Vec<Value>>,
}

/// The istiods that look at some namespaces only, by namespace and name.
pub(crate) fn selecting(snapshot: &Snapshot) -> BTreeSet<(String, String)> {
    let istiods = snapshot.deployments.iter();
    let istiods = istiods.filter(|one| label(one, "app") == Some("istiod"));
    let selects = |istiod: &&Value| {
        let said = config(istiod, snapshot).and_then(|mesh| mesh.discovery_selectors);
        said.is_some_and(|selectors| !selectors.is_empty())
    };
    istiods
        .filter(selects)
        .map(|istiod| (namespace(istiod).to_owned(), name(istiod).to_owned()))
        .collect()
}

impl Found {
    /// Whether one of its istiods serves that revision, by its own name or by a tag, so that another of that revision would inject
    /// the same pods; two that look at some namespaces only may share it.
    pub(crate) fn clashes(
        &self,
        revision: &str,
        selects: bool,
        selecting: &BTreeSet<(String, String)>,
    ) -> bool {
        let is_called = |plane: &ControlPlane| {
            let mut tags = self.tags.iter();
            plane.revision == revision
                || tags.any(|tag| tag.name == revision && tag.revision == plane.revision)
        };
        let is_apart = |plane: &ControlPlane| {
            let key = (plane.part.namespace.clone(), plane.part.name.clone());
            selects && selecting.contains(&key)
        };
        let mut planes = self.control_planes.iter();
        planes.any(|plane| is_called(plane) && !is_apart(plane))
    }
}

#[cfg(test)]
#[path = "adopt/tests.rs"]
mod tests;
