//! How namespaces, workloads and pods are, as it is told.

use serde::Serialize;

use crate::sidecar::usage::{Resources, Usage};
use crate::sidecar::view::Kind;

/// A pod's proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PodState {
    /// It has none.
    NotInjected,
    /// It is there and not yet ready.
    Starting,
    /// It runs.
    Running,
    /// It does not.
    Failed,
}

/// A workload against what its pods would be now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum WorkloadState {
    /// All pods have the proxy that they would get.
    Injected,
    /// No pod has one, and none would get one; or there is no pod.
    UnInjected,
    /// Some pod is not what it would be now.
    NeedRestart,
}

/// What a namespace says, and whether its pods have heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum NamespaceState {
    /// It asks for injection.
    Enabled,
    /// It does, and some pod waits for a restart.
    EnabledWait,
    /// It declines.
    Disabled,
    /// It does, and some pod waits for a restart.
    DisabledWait,
    /// It says nothing.
    Unset,
}

impl PodState {
    /// In the reference's spelling.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NotInjected => "NOT_INJECTED",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Failed => "FAILED",
        }
    }
}

impl WorkloadState {
    /// In the reference's spelling.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Injected => "INJECTED",
            Self::UnInjected => "UN_INJECTED",
            Self::NeedRestart => "NEED_RESTART",
        }
    }
}

impl NamespaceState {
    /// In the reference's spelling; a namespace that says nothing has none there.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::EnabledWait => "ENABLED_WAIT",
            Self::Disabled => "DISABLED",
            Self::DisabledWait => "DISABLED_WAIT",
            Self::Unset => "UNSET",
        }
    }

    /// Whether a change of the namespace still awaits restarts.
    pub(crate) fn waits(self) -> bool {
        matches!(self, Self::EnabledWait | Self::DisabledWait)
    }
}

/// One pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PodStatus {
    /// Its name.
    pub(crate) name: String,
    /// Its proxy.
    pub(crate) state: PodState,
    /// The revision that injected it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<String>,
    /// The version of its proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// What its proxy may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resources: Option<Resources>,
    /// What its proxy uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Usage>,
    /// Why it is not as it would be now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stale: Option<String>,
    /// Why its proxy does not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) failure_reason: Vec<String>,
}

/// One workload, or one pod that belongs to none which could be restarted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of its own in the JSON"
)]
pub(crate) struct WorkloadStatus {
    /// Its namespace.
    pub(crate) namespace: String,
    /// `Deployment`, …; `Pod` for a pod alone.
    pub(crate) kind: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// The kind whose controller would start its pods anew.
    #[serde(skip)]
    pub(crate) owner: Option<Kind>,
    /// How it is.
    pub(crate) state: WorkloadState,
    /// Whether it is a gateway, which is no sidecar workload.
    pub(crate) is_gateway: bool,
    /// Whether a restart through its owner is possible.
    pub(crate) restartable: bool,
    /// Pods with a proxy.
    pub(crate) injected: usize,
    /// All pods that count.
    pub(crate) total: usize,
    /// Whether a new pod would get a proxy, and what decides it.
    pub(crate) wanted: bool,
    /// The revision of that proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<String>,
    /// The label or rule that won.
    pub(crate) winner: String,
    /// Whether two webhooks inject its pods.
    pub(crate) is_doubled: bool,
    /// Why it needs a restart, or whatever else is odd.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
    /// Its pods.
    pub(crate) pods: Vec<PodStatus>,
}

/// One namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NamespaceStatus {
    /// Its name.
    pub(crate) namespace: String,
    /// What it says, and whether its pods have heard.
    pub(crate) state: NamespaceState,
    /// The label that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Pods with a proxy.
    pub(crate) injected: usize,
    /// All pods that count.
    pub(crate) total: usize,
    /// Workloads that need a restart, gateways left out.
    pub(crate) need_restart: usize,
    /// What is odd.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) findings: Vec<String>,
    /// Its workloads.
    pub(crate) workloads: Vec<WorkloadStatus>,
}

impl PodStatus {
    /// Whether its proxy fails, or was to be there and is not.
    fn fails(&self) -> bool {
        match self.state {
            PodState::Failed => true,
            PodState::NotInjected => !self.failure_reason.is_empty(),
            PodState::Starting | PodState::Running => false,
        }
    }
}

impl NamespaceStatus {
    /// Workloads that need a restart, gateways included.
    pub(crate) fn behind(&self) -> usize {
        let stale = |one: &&WorkloadStatus| one.state == WorkloadState::NeedRestart;
        self.workloads.iter().filter(stale).count()
    }

    /// Whether somebody should look: labels that contradict each other, or one of the workloads.
    pub(crate) fn has_findings(&self) -> bool {
        !self.findings.is_empty() || self.workloads.iter().any(WorkloadStatus::has_findings)
    }
}

impl WorkloadStatus {
    /// Whether somebody should look: it waits, it is injected twice, or a proxy fails.
    fn has_findings(&self) -> bool {
        self.is_stale() || self.is_doubled || self.pods.iter().any(PodStatus::fails)
    }

    /// Whether a restart would make its pods different ones.
    pub(crate) fn is_stale(&self) -> bool {
        self.state == WorkloadState::NeedRestart
    }

    /// The same, where it is about proxies that run and not about pods that lack one: those are no matter of an upgrade.
    pub(crate) fn has_stale_proxies(&self) -> bool {
        self.is_stale() && self.injected > 0
    }

    /// Whether only a proxy of another version or revision makes it stale: labels and pods agree.
    pub(crate) fn is_only_old(&self) -> bool {
        self.wanted
            && self
                .pods
                .iter()
                .all(|pod| pod.state != PodState::NotInjected)
    }
}
