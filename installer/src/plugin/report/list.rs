//! Which plugins there are.

use serde::Serialize;

use super::super::record::Record;
use super::super::selection;
use super::super::wasmplugin::WasmPlugin;
use super::Identity;
use crate::output::{Report, Table};

/// One row of `list`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(flatten)]
    plugin: Identity,
    target: String,
    phase: String,
    fail_strategy: String,
    kept: Vec<u64>,
    /// Whether a deployment is under way or was cut off.
    pending: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'static str,
}

/// `list`.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct ListReport(Vec<Listed>);

impl ListReport {
    /// Of these objects.
    pub(crate) fn of(objects: &[WasmPlugin]) -> Self {
        let listed = objects.iter().map(|object| {
            let record = Record::read(object);
            Listed {
                plugin: Identity::of(object),
                target: selection::describe(&object.spec),
                phase: object.spec.phase.clone().unwrap_or_default(),
                fail_strategy: object.spec.fail_strategy.clone().unwrap_or_default(),
                kept: record.history.iter().map(|past| past.revision).collect(),
                pending: record.rollout.is_pending(),
                reason: record.rollout.explained(),
            }
        });
        Self(listed.collect())
    }

    /// Whether no deployment is under way or was cut off.
    pub(crate) fn is_settled(&self) -> bool {
        self.0.iter().all(|listed| !listed.pending)
    }
}

impl Report for ListReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&[
            "NAMESPACE",
            "NAME",
            "REVISION",
            "IMAGE",
            "CONCERNS",
            "PHASE",
            "REASON",
        ])
        .wide(&["FAILS", "DIGEST", "CONFIGURATION", "DEPLOYED", "KEPT"]);
        for listed in &self.0 {
            let kept: Vec<_> = listed.kept.iter().map(u64::to_string).collect();
            table.row([
                listed.plugin.namespace.clone().into(),
                listed.plugin.name.clone().into(),
                listed.plugin.revision().into(),
                listed.plugin.image.clone().into(),
                listed.target.clone().into(),
                listed.phase.clone().into(),
                listed.reason.into(),
                listed.fail_strategy.clone().into(),
                listed.plugin.digest().into(),
                listed.plugin.config_hash.clone().into(),
                listed.plugin.deployed_at.clone().unwrap_or_default().into(),
                kept.join(",").into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|listed| format!("wasmplugin/{}", listed.plugin.name))
            .collect()
    }
}
