//! How namespaces, workloads and pods are. JSON always has all of it; a table shows one level.

use serde::Serialize;

use super::super::state::{
    NamespaceState, NamespaceStatus, PodState, PodStatus, WorkloadState, WorkloadStatus,
};
use super::super::usage::Usage;
use super::or_dash;
use crate::output::{Cell, Report, Style, Table};

/// What a row of the table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// A namespace.
    Namespaces,
    /// A workload.
    Workloads,
    /// A pod.
    Pods,
}

/// `status`.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct StatusReport {
    /// One for each namespace.
    pub(crate) namespaces: Vec<NamespaceStatus>,
    /// What a row of the table is.
    #[serde(skip)]
    pub(crate) level: Level,
}

impl Report for StatusReport {
    fn table(&self) -> Table {
        match self.level {
            Level::Namespaces => namespaces(&self.namespaces),
            Level::Workloads => workloads(&self.namespaces),
            Level::Pods => pods(&self.namespaces),
        }
    }

    fn names(&self) -> Vec<String> {
        let workloads = self.namespaces.iter().flat_map(|one| &one.workloads);
        match self.level {
            Level::Namespaces => self
                .namespaces
                .iter()
                .map(|one| format!("namespace/{}", one.namespace))
                .collect(),
            Level::Workloads => workloads
                .map(|one| format!("{}/{}", one.kind.to_lowercase(), one.name))
                .collect(),
            Level::Pods => workloads
                .flat_map(|one| &one.pods)
                .map(|pod| format!("pod/{}", pod.name))
                .collect(),
        }
    }
}

fn namespaces(rows: &[NamespaceStatus]) -> Table {
    let mut table = Table::new(&[
        "NAMESPACE",
        "STATE",
        "INJECTED",
        "WORKLOADS",
        "NEED RESTART",
        "LABEL",
    ])
    .wide(&["FINDINGS"]);
    for row in rows {
        table.row([
            row.namespace.clone().into(),
            namespace_state(row),
            fraction(row.injected, row.total),
            row.workloads.len().to_string().into(),
            row.need_restart.to_string().into(),
            or_dash(row.label.as_deref().unwrap_or_default()).into(),
            or_dash(&row.findings.join("; ")).into(),
        ]);
    }
    table
}

/// Each namespace comes before its workloads, with what it says itself.
fn workloads(rows: &[NamespaceStatus]) -> Table {
    let mut table = Table::new(&["NAMESPACE", "KIND", "NAME", "STATE", "INJECTED", "REASON"])
        .wide(&["REVISION", "DECIDED BY"]);
    for row in rows {
        let says: Vec<_> = row.label.iter().chain(&row.findings).cloned().collect();
        table.row([
            row.namespace.clone().into(),
            "Namespace".into(),
            row.namespace.clone().into(),
            namespace_state(row),
            fraction(row.injected, row.total),
            or_dash(&says.join("; ")).into(),
            or_dash("").into(),
            or_dash("").into(),
        ]);
        for workload in &row.workloads {
            table.row([
                workload.namespace.clone().into(),
                workload.kind.into(),
                workload.name.clone().into(),
                state(workload),
                fraction(workload.injected, workload.total),
                or_dash(&workload.reason).into(),
                or_dash(workload.revision.as_deref().unwrap_or_default()).into(),
                workload.winner.clone().into(),
            ]);
        }
    }
    table
}

fn pods(rows: &[NamespaceStatus]) -> Table {
    let mut table = Table::new(&[
        "NAMESPACE",
        "WORKLOAD",
        "POD",
        "STATE",
        "REVISION",
        "VERSION",
        "CPU",
        "MEMORY",
        "REASON",
    ])
    .wide(&["CPU REQUEST", "MEMORY REQUEST"]);
    for workload in rows.iter().flat_map(|row| &row.workloads) {
        for pod in &workload.pods {
            let style = match pod.state {
                PodState::Running => Style::Good,
                PodState::Starting => Style::Warn,
                PodState::Failed => Style::Bad,
                PodState::NotInjected => Style::Plain,
            };
            let reasons = pod.failure_reason.iter().chain(&pod.stale);
            let [cpu, memory] = used(pod);
            let requests = pod.resources.as_ref().map(|one| one.requests.clone());
            let requests = requests.unwrap_or_default();
            let reason = reasons.map(String::as_str).collect::<Vec<_>>().join("; ");
            table.row([
                workload.namespace.clone().into(),
                format!("{}/{}", workload.kind, workload.name).into(),
                pod.name.clone().into(),
                Cell::styled(style, pod.state.word()),
                or_dash(pod.revision.as_deref().unwrap_or_default()).into(),
                or_dash(pod.version.as_deref().unwrap_or_default()).into(),
                cpu.into(),
                memory.into(),
                or_dash(&reason).into(),
                or_dash(requests.cpu.as_deref().unwrap_or_default()).into(),
                or_dash(requests.memory.as_deref().unwrap_or_default()).into(),
            ]);
        }
    }
    table
}

/// CPU and memory of a proxy, what it uses of what it may: `13m/2`, `-/2` where it is not known, `13m/-` without a limit.
fn used(pod: &PodStatus) -> [String; 2] {
    let Some(resources) = &pod.resources else {
        return [or_dash(""), or_dash("")];
    };
    let used = pod.usage.as_ref().map(Usage::told).unwrap_or_default();
    let of = |used: Option<String>, limit: &Option<String>| {
        let [used, limit] = [used.as_deref(), limit.as_deref()];
        format!("{}/{}", used.unwrap_or("-"), limit.unwrap_or("-"))
    };
    [
        of(used.cpu, &resources.limits.cpu),
        of(used.memory, &resources.limits.memory),
    ]
}

fn namespace_state(row: &NamespaceStatus) -> Cell {
    let style = match row.state {
        NamespaceState::Enabled => Style::Good,
        NamespaceState::EnabledWait | NamespaceState::DisabledWait => Style::Warn,
        NamespaceState::Disabled | NamespaceState::Unset => Style::Plain,
    };
    Cell::styled(style, row.state.word())
}

fn state(workload: &WorkloadStatus) -> Cell {
    let style = match workload.state {
        WorkloadState::Injected => Style::Good,
        WorkloadState::UnInjected => Style::Plain,
        WorkloadState::NeedRestart => Style::Warn,
    };
    Cell::styled(style, workload.state.word())
}

/// Fewer than all stands out.
fn fraction(injected: usize, total: usize) -> Cell {
    let style = if injected < total && injected > 0 {
        Style::Warn
    } else {
        Style::Plain
    };
    Cell::styled(style, format!("{injected}/{total}"))
}
