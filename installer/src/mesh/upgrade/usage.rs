//! Who uses a revision: only when nobody does may its control plane go.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use serde_json::Value;

use super::state::Said;
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::mesh::read::{self, CRON_JOBS};
use crate::sidecar::decision::{Place, Template, decide};
use crate::sidecar::gateway::{is_one, is_pod};
use crate::sidecar::injector::{Injectors, Labels, REVISION};
use crate::sidecar::state::Snapshot;
use crate::sidecar::view::{Belongs, PodView};
use crate::sidecar::wish::guard;

/// Who uses a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Usage {
    /// Namespaces, with how many of their pods have proxies of it.
    pub(crate) pods: BTreeMap<String, usize>,
    /// Gateways, with the namespace: those that run, and those whose next pods it will inject, also where they have none now.
    pub(crate) gateways: BTreeSet<String>,
    /// Namespaces whose labels name it.
    pub(crate) namespaces: BTreeSet<String>,
    /// Workloads, but gateways, whose own template names it: also those that have no pods now, and will have some.
    pub(crate) workloads: BTreeSet<String>,
    /// Tags that stand for it.
    pub(crate) tags: BTreeSet<String>,
}

/// A `CronJob`: its pods come and go, and only its template tells of the next ones.
#[derive(Clone, Debug)]
pub(crate) struct Cron {
    namespace: String,
    name: String,
    template: Template,
}

/// A workload whose template names a revision, or a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asking<'a> {
    /// `Deployment shop/cart`.
    pub(crate) workload: String,
    /// What it names.
    pub(crate) name: &'a str,
    /// The revision that will inject its next pods.
    pub(crate) revision: String,
    /// Whether it is a gateway.
    pub(crate) is_gateway: bool,
}

/// The `CronJobs` of a cluster.
pub(crate) async fn crons(cluster: &Cluster) -> Result<Vec<Cron>, ClusterError> {
    let found = read::all(cluster, CRON_JOBS, None, "").await?;
    Ok(found.iter().map(Cron::of).collect())
}

impl Cron {
    pub(crate) fn of(object: &Value) -> Self {
        let template = object.pointer("/spec/jobTemplate/spec/template");
        Self {
            namespace: read::namespace(object).to_owned(),
            name: read::name(object).to_owned(),
            template: Template::of(template.unwrap_or(&Value::Null)),
        }
    }
}

/// Every workload that names a revision itself and will have proxies of it.
pub(crate) fn asking<'a>(there: &'a Snapshot, crons: &'a [Cron]) -> Vec<Asking<'a>> {
    let workloads = there.workloads.iter().map(|one| {
        let (name, namespace) = (one.name.to_string(), one.name.namespace.as_str());
        (name, namespace, &one.template)
    });
    let crons = crons.iter().map(|one| {
        let name = format!("CronJob {}/{}", one.namespace, one.name);
        (name, one.namespace.as_str(), &one.template)
    });
    let nothing = Labels::new();
    let ask = |(workload, name, template): (String, &str, &'a Template)| {
        let named = template.labels.get(REVISION)?;
        let labels = there.namespaces.get(name).unwrap_or(&nothing);
        let decision = decide(&there.injectors, Place { name, labels }, template);
        Some(Asking {
            workload,
            name: named,
            revision: decision.revision?,
            is_gateway: is_one(template),
        })
    };
    workloads.chain(crons).filter_map(ask).collect()
}

impl Usage {
    /// Of a revision, by what is there.
    pub(crate) fn of(revision: &str, there: &Snapshot, crons: &[Cron], root: &str) -> Self {
        let mut usage = Self::default();
        for pod in &there.pods {
            if revision_of(pod, there) != Some(revision) {
                continue;
            }
            if is_pod(pod, template(pod, there)) {
                usage.gateways.insert(gateway(pod));
            } else {
                let count = usage.pods.entry(pod.namespace.clone()).or_default();
                *count = count.saturating_add(1);
            }
        }
        usage.gateways.extend(idle_gateways(there, revision));
        let ours = |name: &str| guard(name, root).is_ok();
        let naming = there.namespaces.iter().filter(|(name, labels)| {
            let said = Said::of(labels);
            ours(name)
                && said
                    .name()
                    .is_some_and(|name| serves(&there.injectors, name, revision))
        });
        usage.namespaces = naming.map(|(name, _)| name.clone()).collect();
        let asking = asking(there, crons).into_iter();
        usage.workloads = asking
            .filter(|one| one.revision == revision && !one.is_gateway)
            .map(|one| one.workload)
            .collect();
        let hooks = there.injectors.hooks.iter();
        usage.tags = hooks
            .filter(|hook| hook.revision == revision)
            .filter_map(|hook| hook.tag.clone())
            .collect();
        usage
    }

    /// The pods with sidecars of it, but those of the root namespace and of the system, which no upgrade moves.
    pub(crate) fn remaining(&self, root: &str) -> Option<String> {
        let pods = self.pods.iter();
        let pods = pods.filter(|(name, _)| guard(name, root).is_ok());
        let told: Vec<_> = pods
            .map(|(name, count)| format!("{count} in {name}"))
            .collect();
        (!told.is_empty()).then(|| told.join(", "))
    }

    /// Whether nobody does.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The gateways whose next pods a revision will inject, whatever pods they have now.
fn idle_gateways(there: &Snapshot, revision: &str) -> Vec<String> {
    let nothing = Labels::new();
    let gateways = there.workloads.iter().filter(|one| {
        let name = one.name.namespace.as_str();
        let labels = there.namespaces.get(name).unwrap_or(&nothing);
        is_one(&one.template)
            && decide(&there.injectors, Place { name, labels }, &one.template)
                .revision
                .as_deref()
                == Some(revision)
    });
    gateways
        .map(|one| format!("{}/{}", one.name.namespace, one.name.name))
        .collect()
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
            (self.workloads.len(), "workloads", named(&self.workloads)),
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
pub(crate) mod tests;
