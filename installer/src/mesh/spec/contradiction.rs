//! What no schema can say: fields of a mesh that contradict each other, or that would have no effect.

mod images;
pub(crate) mod sizes;
mod traffic;

use super::mistake::Mistake;
use super::workloads;
use super::{Engine, Mesh, Mode, RawValues, Sidecar, Spec, Tracing};
use crate::mesh::values;
use serde_json::Value;
use std::collections::BTreeSet;

/// All of them.
pub(super) fn contradictions(mesh: &Mesh) -> Vec<Mistake> {
    let spec = &mesh.spec;
    if spec.mode == Mode::External {
        let mut found = external(spec);
        found.extend(workloads::contradictions(&spec.workload_kinds));
        return found;
    }
    let mut found = version(spec);
    found.extend(workloads::contradictions(&spec.workload_kinds));
    found.extend(images::contradictions(spec));
    found.extend(revisions(spec));
    found.extend(operator(spec));
    found.extend(platform(mesh));
    found.extend(sizes::contradictions(spec));
    found.extend(traffic::contradictions(spec));
    found.extend(spec.sidecar.iter().flat_map(sidecar));
    found.extend(spec.tracing.iter().flat_map(tracing));
    found.extend(
        spec.images
            .iter()
            .flat_map(|images| repeated(&images.pull_secrets, "/spec/images/pullSecrets")),
    );
    if let Some(raw) = &spec.values {
        found.extend(raw_values(mesh, raw));
        found.extend(values::clashes(mesh));
    }
    found
}

/// An external mesh is found, not made.
fn external(spec: &Spec) -> Vec<Mistake> {
    const MEANT: [&str; 5] = [
        "mode",
        "rootNamespace",
        "revision",
        "clusters",
        "workloadKinds",
    ];
    let written = serde_json::to_value(spec).unwrap_or_default();
    let fields = written.as_object().into_iter().flatten();
    fields
        .filter(|(name, _)| !MEANT.contains(&name.as_str()))
        .map(|(name, _)| {
            Mistake::at(
                format!("/spec/{name}"),
                "has no effect in an external mesh, which somebody else runs: leave it out, or choose mode dedicated",
            )
        })
        .collect()
}

fn version(spec: &Spec) -> Vec<Mistake> {
    let text = "is missing: a dedicated mesh needs a version of Istio, such as version: \"1.31.0\"";
    let missing = spec.version.is_none();
    missing
        .then(|| Mistake::at("/spec/version", text))
        .into_iter()
        .collect()
}

fn revisions(spec: &Spec) -> Vec<Mistake> {
    let mut found = repeated(&spec.tags, "/spec/tags");
    if spec.revision.as_deref() == Some("default") {
        let text = "is how Istio calls a control plane without a revision: leave it out";
        found.push(Mistake::at("/spec/revision", text));
    }
    let same = spec
        .tags
        .iter()
        .position(|tag| Some(tag.as_str()) == spec.revision.as_deref());
    if let Some(index) = same {
        let text = "is the revision's own name: a tag needs another one";
        found.push(Mistake::at(format!("/spec/tags/{index}"), text));
    }
    found
}

/// What the Sail operator does not do.
fn operator(spec: &Spec) -> Vec<Mistake> {
    if spec.engine != Some(Engine::Sail) {
        return Vec::new();
    }
    let base = spec.values.as_ref().is_some_and(|raw| !raw.base.is_empty());
    let tag = spec.tags.iter().position(|tag| tag == "default");
    let mut found = Vec::new();
    if base {
        let text = "has no effect with engine: sail: the operator brings what this chart has; leave it out";
        found.push(Mistake::at("/spec/values/base", text));
    }
    if let Some(index) = tag.filter(|_| spec.revision.is_none()) {
        let text = "is how the Sail operator calls the control plane without a revision: leave it out, or name a revision";
        found.push(Mistake::at(format!("/spec/tags/{index}"), text));
    }
    found
}

fn platform(mesh: &Mesh) -> Vec<Mistake> {
    let spec = &mesh.spec;
    let mut found = Vec::new();
    if spec.ambient && spec.openshift {
        let text = "is not yet offered on OpenShift, where ztunnel must run in kube-system: choose one of the two";
        found.push(Mistake::at("/spec/ambient", text));
    }
    if spec.cni == Some(false) && (spec.ambient || spec.openshift) {
        let reason = if spec.ambient { "ambient" } else { "openshift" };
        let text = format!("contradicts {reason}: true, which needs the node agent: leave cni out");
        found.push(Mistake::at("/spec/cni", text));
    }
    if spec.ambient
        && let Some(version) = &spec.version
        && version.release() < (1, 21)
    {
        let text = format!("needs Istio 1.21 or later, and version is {version}");
        found.push(Mistake::at("/spec/ambient", text));
    }
    found
}

fn sidecar(sidecar: &Sidecar) -> Vec<Mistake> {
    let mut found: Vec<_> = sidecar
        .resources
        .iter()
        .flat_map(|resources| sizes::resources(resources, "/spec/sidecar/resources"))
        .collect();
    if let Some(lifecycle) = &sidecar.lifecycle
        && lifecycle.exit_on_zero_active_connections == Some(true)
        && lifecycle.termination_drain_duration.is_some()
    {
        found.push(Mistake::at(
            "/spec/sidecar/lifecycle/terminationDrainDuration",
            "has no effect beside exitOnZeroActiveConnections: true: leave one of them out",
        ));
    }
    found
}

fn tracing(tracing: &Tracing) -> Vec<Mistake> {
    let set = [
        ("sampling", tracing.sampling.is_some()),
        ("collector", tracing.collector.is_some()),
    ];
    set.into_iter()
        .filter(|(_, set)| *set && !tracing.enabled)
        .map(|(name, _)| {
            Mistake::at(
                format!("/spec/tracing/{name}"),
                "has no effect beside enabled: false: leave it out, or enable tracing",
            )
        })
        .collect()
}

/// Values of charts that are not installed, and names that the charts refuse.
fn raw_values(mesh: &Mesh, raw: &RawValues) -> Vec<Mistake> {
    let not_installed = [
        ("cni", !raw.cni.is_empty() && !mesh.has_cni(), "cni"),
        (
            "ztunnel",
            !raw.ztunnel.is_empty() && !mesh.spec.ambient,
            "ambient",
        ),
    ];
    let mut found: Vec<_> = not_installed
        .into_iter()
        .filter(|(_, wrong, _)| *wrong)
        .map(|(chart, _, field)| {
            Mistake::at(
                format!("/spec/values/{chart}"),
                format!("has no effect, since this chart is not installed: leave it out, or say {field}: true"),
            )
        })
        .collect();
    for (chart, values) in raw.charts() {
        for name in ["_internal_defaults_do_not_set", "defaults"] {
            if values.contains_key(name) {
                found.push(Mistake::at(
                    format!("/spec/values/{chart}/{name}"),
                    "is reserved by Istio's charts: write what is in it one level higher",
                ));
            }
        }
    }
    found
}

/// Items of a list that stand in it before.
fn repeated<T: Ord>(items: &[T], pointer: &str) -> Vec<Mistake> {
    let mut seen = BTreeSet::new();
    items
        .iter()
        .enumerate()
        .filter(|(_, item)| !seen.insert(*item))
        .map(|(index, _)| {
            Mistake::at(
                format!("{pointer}/{index}"),
                "stands in this list before: leave it out",
            )
        })
        .collect()
}

impl RawValues {
    /// Each chart's name and values.
    pub(crate) fn charts(&self) -> [(&'static str, &serde_json::Map<String, Value>); 5] {
        [
            ("base", &self.base),
            ("istiod", &self.istiod),
            ("cni", &self.cni),
            ("ztunnel", &self.ztunnel),
            ("gateway", &self.gateway),
        ]
    }
}
