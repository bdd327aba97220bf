//! What is, against what should be: the states of pods, workloads and namespaces.

mod shape;

use std::collections::BTreeMap;

use super::decision::{Decision, INJECTION, Place, Template, contradiction, decide};
use super::injector::{Injectors, Labels, REVISION};
use super::usage::Meter;
use super::view::{Belongs, PodView, Proxy, Trouble, Workload, WorkloadName, tag};
pub(crate) use shape::{
    NamespaceState, NamespaceStatus, PodState, PodStatus, WorkloadState, WorkloadStatus,
};

/// The kinds of one image; they say nothing about its version.
const IMAGE_KINDS: [&str; 2] = ["-distroless", "-debug"];
/// The annotation that names another image for one workload's proxies.
const PROXY_IMAGE: &str = "sidecar.istio.io/proxyImage";

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The injectors.
    pub(crate) injectors: Injectors,
    /// Namespaces with their labels.
    pub(crate) namespaces: BTreeMap<String, Labels>,
    /// The workloads in them.
    pub(crate) workloads: Vec<Workload>,
    /// The pods in them that count.
    pub(crate) pods: Vec<PodView>,
    /// What their proxies use, where somebody wants to know.
    pub(crate) meter: Meter,
}

/// The status of every namespace that was read.
pub(crate) fn survey(snapshot: &Snapshot) -> Vec<NamespaceStatus> {
    let mut pods: BTreeMap<&WorkloadName, Vec<&PodView>> = BTreeMap::new();
    let mut rows: BTreeMap<&str, Vec<WorkloadStatus>> = BTreeMap::new();
    let nothing = Labels::new();
    let place = |name| {
        let labels = snapshot.namespaces.get(name).unwrap_or(&nothing);
        Place { name, labels }
    };
    for pod in &snapshot.pods {
        match &pod.belongs {
            Belongs::To(name) => pods.entry(name).or_default().push(pod),
            Belongs::Else(template, whose) => {
                let decision = decide(&snapshot.injectors, place(&pod.namespace), template);
                let row = alone(snapshot, pod, template, whose, &decision);
                rows.entry(&pod.namespace).or_default().push(row);
            }
        }
    }
    for workload in &snapshot.workloads {
        let namespace = workload.name.namespace.as_str();
        let decision = decide(&snapshot.injectors, place(namespace), &workload.template);
        let pods = pods.remove(&workload.name).unwrap_or_default();
        let row = status(snapshot, workload, &decision, &pods);
        rows.entry(namespace).or_default().push(row);
    }
    let of = |(name, labels): (&String, &Labels)| {
        namespace(name, labels, rows.remove(name.as_str()).unwrap_or_default())
    };
    snapshot.namespaces.iter().map(of).collect()
}

fn namespace(name: &str, labels: &Labels, mut workloads: Vec<WorkloadStatus>) -> NamespaceStatus {
    workloads.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    let need_restart = workloads
        .iter()
        .filter(|workload| workload.state == WorkloadState::NeedRestart)
        .count();
    let (state, label) = says(labels, need_restart > 0);
    NamespaceStatus {
        namespace: name.to_owned(),
        state,
        label,
        injected: workloads.iter().map(|workload| workload.injected).sum(),
        total: workloads.iter().map(|workload| workload.total).sum(),
        need_restart,
        findings: contradiction(labels).into_iter().collect(),
        workloads,
    }
}

fn says(labels: &Labels, waits: bool) -> (NamespaceState, Option<String>) {
    let enabled = if waits {
        NamespaceState::EnabledWait
    } else {
        NamespaceState::Enabled
    };
    let disabled = if waits {
        NamespaceState::DisabledWait
    } else {
        NamespaceState::Disabled
    };
    match (labels.get(INJECTION), labels.get(REVISION)) {
        (Some(value), _) => {
            let state = if value == "enabled" {
                enabled
            } else {
                disabled
            };
            (state, Some(format!("{INJECTION}={value}")))
        }
        (None, Some(revision)) => (enabled, Some(format!("{REVISION}={revision}"))),
        (None, None) => (NamespaceState::Unset, None),
    }
}

fn status(
    snapshot: &Snapshot,
    workload: &Workload,
    decision: &Decision,
    pods: &[&PodView],
) -> WorkloadStatus {
    let pods: Vec<_> = pods
        .iter()
        .map(|pod| pod_status(snapshot, pod, &workload.template, decision))
        .collect();
    let own = &workload.name;
    let row = row(&own.namespace, own.kind.word(), &own.name, decision, pods);
    WorkloadStatus {
        owner: Some(own.kind),
        ..row
    }
}

/// A pod that nothing starts anew is a row of its own.
fn alone(
    snapshot: &Snapshot,
    pod: &PodView,
    template: &Template,
    whose: &str,
    decision: &Decision,
) -> WorkloadStatus {
    let pods = vec![pod_status(snapshot, pod, template, decision)];
    let mut row = row(&pod.namespace, "Pod", &pod.name, decision, pods);
    row.restartable = false;
    if row.state == WorkloadState::NeedRestart {
        row.reason = format!(
            "{}; it belongs to {whose} and cannot be restarted",
            row.reason
        );
    }
    row
}

fn row(
    namespace: &str,
    kind: &'static str,
    name: &str,
    decision: &Decision,
    pods: Vec<PodStatus>,
) -> WorkloadStatus {
    let outdated: Vec<_> = pods.iter().filter_map(|pod| pod.stale.as_ref()).collect();
    let injected = pods
        .iter()
        .filter(|pod| pod.state != PodState::NotInjected)
        .count();
    let state = match (outdated.is_empty(), injected) {
        (false, _) => WorkloadState::NeedRestart,
        (true, 0) => WorkloadState::UnInjected,
        (true, _) => WorkloadState::Injected,
    };
    let reason = match outdated.first() {
        Some(first) => format!("{} of {} pods: {first}", outdated.len(), pods.len()),
        None if pods.is_empty() => "no pods".to_owned(),
        None if !decision.also.is_empty() => {
            format!("injected twice, also by {}", decision.also.join(", "))
        }
        None => String::new(),
    };
    WorkloadStatus {
        namespace: namespace.to_owned(),
        kind,
        name: name.to_owned(),
        owner: None,
        state,
        restartable: true,
        injected,
        total: pods.len(),
        wanted: decision.injected,
        revision: decision.revision.clone(),
        winner: decision.winner.clone(),
        is_doubled: !decision.also.is_empty(),
        reason,
        pods,
    }
}

fn pod_status(
    snapshot: &Snapshot,
    pod: &PodView,
    template: &Template,
    decision: &Decision,
) -> PodStatus {
    let trouble = pod.proxy.as_ref().map(|proxy| &proxy.trouble);
    let (state, failure) = match trouble {
        None => (PodState::NotInjected, None),
        Some(None) => (PodState::Running, None),
        Some(Some(Trouble::Starting(why))) => (PodState::Starting, Some(why)),
        Some(Some(Trouble::Failed(why))) => (PodState::Failed, Some(why)),
    };
    PodStatus {
        name: pod.name.clone(),
        state,
        revision: pod.proxy.as_ref().map(|proxy| proxy.revision.clone()),
        version: pod.proxy.as_ref().map(|proxy| proxy.version.clone()),
        resources: pod.proxy.as_ref().map(|proxy| proxy.resources.clone()),
        usage: pod.proxy.as_ref().map(|proxy| {
            let limits = &proxy.resources.limits;
            snapshot.meter.of(&pod.namespace, &pod.name, limits)
        }),
        stale: stale(&snapshot.injectors, pod, template, decision),
        failure_reason: failure.into_iter().cloned().collect(),
    }
}

/// How a pod differs from what would come of it now.
fn stale(
    injectors: &Injectors,
    pod: &PodView,
    template: &Template,
    decision: &Decision,
) -> Option<String> {
    match (&pod.proxy, &decision.revision) {
        (None, None) => None,
        (None, Some(_)) => Some("it has no proxy, and would get one".to_owned()),
        (Some(_), None) => Some("it has a proxy, and would get none".to_owned()),
        (Some(proxy), Some(revision)) if proxy.revision != *revision => Some(format!(
            "its proxy is of revision {}, and would be of {revision}",
            proxy.revision
        )),
        (Some(proxy), Some(revision)) => {
            let wanted = wanted_version(injectors, revision, template)?;
            other_version(proxy, &wanted)
        }
    }
}

fn wanted_version(injectors: &Injectors, revision: &str, template: &Template) -> Option<String> {
    match template.annotations.get(PROXY_IMAGE) {
        Some(image) => Some(tag(image)),
        None => injectors.settings.get(revision)?.version.clone(),
    }
}

fn other_version(proxy: &Proxy, wanted: &str) -> Option<String> {
    let plain = |version: &str| {
        let kind = IMAGE_KINDS
            .iter()
            .find_map(|kind| version.strip_suffix(kind));
        kind.unwrap_or(version).to_owned()
    };
    (plain(&proxy.version) != plain(wanted)).then(|| {
        format!(
            "its proxy is version {}, and would be {wanted}",
            proxy.version
        )
    })
}

#[cfg(test)]
mod tests;
