//! What became of a deployment.

use serde::Serialize;

use super::super::deliver::{Delivered, Ending};
use super::super::plan::{Action, Plan};
use super::super::rollout::Sighting;
use super::{Identity, fraction, proxies};
use crate::output::{Cell, Report, Style, Table};

/// `deploy` and `rollback`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DeployReport {
    #[serde(flatten)]
    plugin: Identity,
    action: Action,
    result: Ending,
    proxies: Vec<Sighting>,
    /// What is wrong, and what was done about it; nothing when all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    #[serde(skip)]
    wide: bool,
}

impl DeployReport {
    /// Of a plan that was carried out.
    pub(crate) fn of(plan: &Plan, delivered: &Delivered, wide: bool) -> Self {
        Self {
            plugin: Identity::of(&plan.settled),
            action: plan.action,
            result: delivered.ending,
            proxies: delivered.proxies.clone(),
            trouble: delivered.trouble.clone(),
            wide,
        }
    }
}

impl Report for DeployReport {
    fn table(&self) -> Table {
        if self.wide {
            return proxies(&[(&self.plugin, &self.proxies)]);
        }
        let mut table = Table::new(&[
            "NAMESPACE",
            "NAME",
            "REVISION",
            "IMAGE",
            "RESULT",
            "PROXIES",
        ]);
        let style = match self.result {
            Ending::Running => Style::Good,
            Ending::NotBack => Style::Bad,
            Ending::Written | Ending::RolledBack | Ending::Removed | Ending::Left => Style::Warn,
        };
        table.row([
            self.plugin.namespace.clone().into(),
            self.plugin.name.clone().into(),
            self.plugin.revision().into(),
            self.plugin.image.clone().into(),
            Cell::styled(style, ending(self.result)),
            fraction(&self.proxies).into(),
        ]);
        table
    }

    fn names(&self) -> Vec<String> {
        vec![format!("wasmplugin/{}", self.plugin.name)]
    }
}

fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Running => "running",
        Ending::Written => "written",
        Ending::RolledBack => "rolled-back",
        Ending::NotBack => "not-back",
        Ending::Removed => "removed",
        Ending::Left => "failed",
    }
}
