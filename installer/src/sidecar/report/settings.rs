//! What is set: annotations of workloads, scopes of namespaces, levels of proxies.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::scope::Scope;
use super::super::view::WorkloadName;
use super::or_dash;
use crate::output::{Cell, Report, Style, Table};

/// The annotations of one workload.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SettingsRow {
    /// Which.
    #[serde(flatten)]
    pub(crate) workload: WorkloadName,
    /// By their names.
    pub(crate) settings: BTreeMap<String, String>,
}

/// `resources` and `passthrough`, as they are.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct SettingsReport(pub(crate) Vec<SettingsRow>);

impl Report for SettingsReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["NAMESPACE", "KIND", "NAME", "SETTING", "VALUE"]);
        for row in &self.0 {
            let name = &row.workload;
            let start = || {
                [
                    Cell::from(name.namespace.clone()),
                    name.kind.word().into(),
                    name.name.clone().into(),
                ]
            };
            if row.settings.is_empty() {
                let default = [Cell::styled(Style::Dim, "the mesh's default"), "-".into()];
                table.row(start().into_iter().chain(default));
            }
            for (key, value) in &row.settings {
                table.row(
                    start()
                        .into_iter()
                        .chain([key.clone().into(), value.clone().into()]),
                );
            }
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let name = |row: &SettingsRow| {
            let workload = &row.workload;
            format!("{}/{}", workload.kind.word().to_lowercase(), workload.name)
        };
        self.0.iter().map(name).collect()
    }
}

/// `scope`, as it is.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ScopeReport(pub(crate) Vec<Scope>);

impl Report for ScopeReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["NAMESPACE", "SCOPE", "NAMESPACES", "SIDECAR", "FINDING"]);
        for scope in &self.0 {
            let finding = or_dash(&scope.findings.join("; "));
            table.row([
                scope.namespace.clone().into(),
                scope.reach.into(),
                or_dash(&scope.custom_namespaces.join(",")).into(),
                or_dash(scope.sidecar.as_deref().unwrap_or_default()).into(),
                finding.into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|scope| scope.namespace.clone()).collect()
    }
}

/// The levels of one proxy.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LevelRow {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its pod.
    pub(crate) pod: String,
    /// The level of most loggers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) level: Option<String>,
    /// Those that differ from it.
    pub(crate) loggers: BTreeMap<String, String>,
    /// Why it did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<String>,
}

/// `log-level`.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct LevelReport(pub(crate) Vec<LevelRow>);

impl Report for LevelReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["NAMESPACE", "POD", "LEVEL", "LOGGERS", "FAILURE"]);
        for row in &self.0 {
            let others: Vec<_> = row
                .loggers
                .iter()
                .map(|(name, level)| format!("{name}={level}"))
                .collect();
            table.row([
                row.namespace.clone().into(),
                row.pod.clone().into(),
                or_dash(row.level.as_deref().unwrap_or_default()).into(),
                or_dash(&others.join(",")).into(),
                Cell::styled(
                    Style::Bad,
                    or_dash(row.failure.as_deref().unwrap_or_default()),
                ),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|row| format!("pod/{}", row.pod))
            .collect()
    }
}
