//! Who uses a revision: only when nobody does may its control plane go.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::state::Said;
use crate::sidecar::decision::{IGNORED, Template};
use crate::sidecar::injector::{Injectors, REVISION};
use crate::sidecar::state::Snapshot;
use crate::sidecar::view::{Belongs, PodView};

/// By which a pod says that it is a gateway.
const TEMPLATES: &str = "inject.istio.io/templates";

/// Who uses a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Usage {
    /// Namespaces, with how many of their pods have proxies of it.
    pub(crate) pods: BTreeMap<String, usize>,
    /// Gateways, with the namespace.
    pub(crate) gateways: BTreeSet<String>,
    /// Namespaces whose labels name it.
    pub(crate) namespaces: BTreeSet<String>,
    /// Tags that stand for it.
    pub(crate) tags: BTreeSet<String>,
}

impl Usage {
    /// Of a revision, by what is there.
    pub(crate) fn of(revision: &str, there: &Snapshot, root: &str) -> Self {
        let mut usage = Self::default();
        for pod in &there.pods {
            if revision_of(pod, there) != Some(revision) {
                continue;
            }
            if is_gateway(template(pod, there)) || pod.brings_its_own {
                usage.gateways.insert(gateway(pod));
            } else {
                let count = usage.pods.entry(pod.namespace.clone()).or_default();
                *count = count.saturating_add(1);
            }
        }
        let ours = |name: &str| name != root && !IGNORED.contains(&name);
        let naming = there.namespaces.iter().filter(|(name, labels)| {
            let said = Said::of(labels);
            ours(name)
                && said
                    .name()
                    .is_some_and(|name| serves(&there.injectors, name, revision))
        });
        usage.namespaces = naming.map(|(name, _)| name.clone()).collect();
        let hooks = there.injectors.hooks.iter();
        usage.tags = hooks
            .filter(|hook| hook.revision == revision)
            .filter_map(|hook| hook.tag.clone())
            .collect();
        usage
    }

    /// Whether nobody does.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether pods of namespaces that name this are injected by that revision.
fn serves(injectors: &Injectors, name: &str, revision: &str) -> bool {
    injectors.hooks.iter().any(|hook| {
        hook.revision == revision && hook.tag.as_deref().unwrap_or(&hook.revision) == name
    })
}

/// The revision of a pod's proxy. A proxy that istiod itself runs says it in its workload.
fn revision_of<'a>(pod: &'a PodView, there: &'a Snapshot) -> Option<&'a str> {
    match &pod.proxy {
        Some(proxy) => Some(&proxy.revision),
        None if pod.brings_its_own => {
            let template = template(pod, there)?;
            let said = template.labels.get(REVISION);
            said.or_else(|| template.annotations.get(REVISION))
                .map(String::as_str)
        }
        None => None,
    }
}

fn template<'a>(pod: &'a PodView, there: &'a Snapshot) -> Option<&'a Template> {
    match &pod.belongs {
        Belongs::Else(template, _) => Some(template),
        Belongs::To(name) => {
            let found = there.workloads.iter().find(|one| one.name == *name);
            found.map(|workload| &workload.template)
        }
    }
}

fn is_gateway(template: Option<&Template>) -> bool {
    let templates = template.and_then(|template| template.annotations.get(TEMPLATES));
    templates.is_some_and(|names| names.split(',').any(|name| name.trim() == "gateway"))
}

fn gateway(pod: &PodView) -> String {
    match &pod.belongs {
        Belongs::To(name) => format!("{}/{}", name.namespace, name.name),
        Belongs::Else(..) => format!("{}/{}", pod.namespace, pod.name),
    }
}

/// One line for each kind.
impl fmt::Display for Usage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
        let all: usize = self.pods.values().sum();
        let pods: Vec<_> = self
            .pods
            .iter()
            .map(|(name, count)| format!("{count} in {name}"))
            .collect();
        let lines = [
            (all, "pods", pods.join(", ")),
            (self.gateways.len(), "gateways", named(&self.gateways)),
            (self.namespaces.len(), "namespaces", named(&self.namespaces)),
            (self.tags.len(), "tags", named(&self.tags)),
        ];
        let told = lines.into_iter().filter(|(count, ..)| *count > 0);
        let told: Vec<_> = told
            .map(|(count, what, names)| format!("{count} {what}: {names}"))
            .collect();
        out.write_str(&told.join("\n  "))
    }
}

#[cfg(test)]
#[path = "usage/tests.rs"]
mod tests;
