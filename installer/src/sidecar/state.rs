//! What is, against what should be: the states of pods, workloads and namespaces.

mod shape;
mod stale;

use std::collections::BTreeMap;

use super::decision::{Decision, INJECTION, Place, Template, contradiction, decide};
use super::gateway;
use super::injector::{Injectors, Labels, REVISION};
use super::usage::Meter;
use super::view::{Belongs, Kind, PodView, Trouble, Workload, WorkloadName};
pub(crate) use shape::{
    NamespaceState, NamespaceStatus, PodState, PodStatus, WorkloadState, WorkloadStatus,
};
use stale::stale;

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The injectors.
    pub(crate) injectors: Injectors,
    /// Namespaces with their labels.
    pub(crate) namespaces: BTreeMap<String, Labels>,
    /// The workloads in them.
    pub(crate) workloads: Vec<Workload>,
    /// The declared kinds whose workloads we may not see, and why.
    pub(crate) unseen: Vec<(Kind, String)>,
    /// The pods in them that count.
    pub(crate) pods: Vec<PodView>,
    /// Why the injectors are not known, where we may not see them: then nobody can say what a pod would be now.
    pub(crate) blind: Option<String>,
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
                let decision = decided(snapshot, place(&pod.namespace), template);
                let row = alone(snapshot, pod, template, whose, &decision);
                rows.entry(&pod.namespace).or_default().push(row);
            }
        }
    }
    for workload in &snapshot.workloads {
        let namespace = workload.name.namespace.as_str();
        let decision = decided(snapshot, place(namespace), &workload.template);
        let pods = pods.remove(&workload.name).unwrap_or_default();
        let row = status(snapshot, workload, &decision, &pods);
        rows.entry(namespace).or_default().push(row);
    }
    let of = |(name, labels): (&String, &Labels)| {
        namespace(name, labels, rows.remove(name.as_str()).unwrap_or_default())
    };
    snapshot.namespaces.iter().map(of).collect()
}

/// What a pod would get; nothing that is known where we may not see who injects.
fn decided(snapshot: &Snapshot, place: Place<'_>, template: &Template) -> Decision {
    let decision = decide(&snapshot.injectors, place, template);
    match &snapshot.blind {
        None => decision,
        Some(_) => Decision {
            winner: "not known".to_owned(),
            reason: "of webhooks that may not be seen".to_owned(),
            ..decision
        },
    }
}

fn namespace(name: &str, labels: &Labels, mut workloads: Vec<WorkloadStatus>) -> NamespaceStatus {
    workloads.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    let need_restart = workloads
        .iter()
        .filter(|workload| workload.state == WorkloadState::NeedRestart && !workload.is_gateway)
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
    let row = WorkloadStatus {
        owner: Some(own.kind),
        ..row
    };
    if gateway::is_one(&workload.template) {
        as_gateway(row)
    } else {
        row
    }
}

/// A gateway says so, and is started anew in another way.
fn as_gateway(row: WorkloadStatus) -> WorkloadStatus {
    let reason = match (row.state, row.reason.as_str()) {
        (WorkloadState::NeedRestart, why) => {
            format!("{}; {why}", gateway::renewed_by(&row.namespace, &row.name))
        }
        (_, "") => "a gateway".to_owned(),
        (_, why) => format!("a gateway; {why}"),
    };
    WorkloadStatus {
        is_gateway: true,
        reason,
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
    let owner = format!("it belongs to {whose}");
    row.reason = match (row.state, row.reason.as_str()) {
        (WorkloadState::NeedRestart, why) => format!("{why}; {owner} and cannot be restarted"),
        (_, "") => owner,
        (_, why) => format!("{why}; {owner}"),
    };
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
    let absent = |pod: &&PodStatus| pod.state == PodState::NotInjected;
    let missing = pods.iter().filter(absent);
    let missing: Vec<_> = missing
        .filter_map(|pod| pod.failure_reason.first())
        .collect();
    let reason = match (outdated.first(), missing.first()) {
        (_, Some(first)) => format!("{} of {} pods: {first}", missing.len(), pods.len()),
        (Some(first), None) => format!("{} of {} pods: {first}", outdated.len(), pods.len()),
        (None, None) if pods.is_empty() => "no pods".to_owned(),
        (None, None) if !decision.also.is_empty() => {
            format!("injected twice, also by {}", decision.also.join(", "))
        }
        (None, None) => String::new(),
    };
    WorkloadStatus {
        namespace: namespace.to_owned(),
        kind,
        name: name.to_owned(),
        owner: None,
        state,
        is_gateway: false,
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
        None if pod.uninjected => (
            PodState::NotInjected,
            Some(gateway::uninjected(decision).join("; ")),
        ),
        None => (PodState::NotInjected, None),
        Some(None) => (PodState::Running, None),
        Some(Some(Trouble::Starting(why))) => (PodState::Starting, Some(why.clone())),
        Some(Some(Trouble::Failed(why))) => (PodState::Failed, Some(why.clone())),
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
        stale: match snapshot.blind {
            None => stale(&snapshot.injectors, pod, template, decision),
            Some(_) => None,
        },
        failure_reason: failure.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;
