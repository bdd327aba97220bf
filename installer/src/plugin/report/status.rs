//! How plugins are, proxy by proxy.

use serde::Serialize;

use super::super::record::Record;
use super::super::rollout::Sighting;
use super::super::selection::Selection;
use super::super::verdict::{State, Verdict};
use super::super::wasmplugin::WasmPlugin;
use super::{Identity, Overall, fraction, proxies};
use crate::output::{Cell, Report, Table};

/// How one plugin is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PluginStatus {
    #[serde(flatten)]
    plugin: Identity,
    state: Overall,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    /// Whether a deployment is under way or was cut off.
    pending: bool,
    proxies: Vec<Sighting>,
}

impl PluginStatus {
    /// From what was seen of the proxies that the plugin concerns.
    pub(crate) fn of(object: &WasmPlugin, selection: &Selection, seen: Vec<Sighting>) -> Self {
        let plugin = Identity::of(object);
        let waiting = selection.waiting.iter();
        let mut proxies = seen;
        proxies.extend(waiting.map(|(pod, why)| {
            Sighting::of(pod.clone(), Verdict::new(State::NotReady, why.as_str()))
        }));
        proxies.sort_by(|a, b| a.pod.cmp(&b.pod));
        let (state, reason) = overall(&proxies).unwrap_or_else(|| {
            (
                Overall::MatchesNothing,
                selection.why_empty(&object.spec, &plugin.namespace),
            )
        });
        let rollout = Record::read(object).rollout;
        let reasons = [reason.as_str(), rollout.explained()];
        let reason = reasons.into_iter().filter(|reason| !reason.is_empty());
        let reason = reason.collect::<Vec<_>>().join("; ");
        Self {
            pending: rollout.is_pending(),
            plugin,
            state,
            reason,
            proxies,
        }
    }

    /// Whether every proxy runs it, and the deployment came to its end: until then a first version fails open.
    pub(crate) fn is_well(&self) -> bool {
        self.state == Overall::Like(State::Running) && !self.pending
    }
}

/// As the proxy that is worst off, and why. Where some run it, those without a listener for it are well, too: `match`
/// chooses ports, and not every selected proxy has them.
fn overall(proxies: &[Sighting]) -> Option<(Overall, String)> {
    let is = |state| move |seen: &&Sighting| seen.verdict.state == state;
    let some_run_it = proxies
        .iter()
        .any(|seen| seen.verdict.state == State::Running);
    let unused = proxies.iter().filter(is(State::Unused)).count();
    let counted = proxies
        .iter()
        .filter(|seen| !(some_run_it && seen.verdict.state == State::Unused));
    let worst = counted.max_by_key(|seen| seen.verdict.state)?;
    let reason = match (worst.verdict.state, unused) {
        (State::Running, 1..) if worst.verdict.reason.is_empty() => {
            format!("{unused} of the selected proxies have no listener for it")
        }
        _ => worst.verdict.reason.clone(),
    };
    Some((Overall::Like(worst.verdict.state), reason))
}

/// `status`.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct StatusReport {
    /// One for each plugin.
    pub(crate) plugins: Vec<PluginStatus>,
    /// A row for each proxy instead of one for each plugin.
    #[serde(skip)]
    pub(crate) wide: bool,
}

impl Report for StatusReport {
    fn table(&self) -> Table {
        if self.wide {
            let all: Vec<_> = self
                .plugins
                .iter()
                .map(|status| (&status.plugin, status.proxies.as_slice()))
                .collect();
            return proxies(&all);
        }
        let mut table = Table::new(&[
            "NAMESPACE",
            "NAME",
            "STATE",
            "PROXIES",
            "REVISION",
            "IMAGE",
            "REASON",
        ]);
        for status in &self.plugins {
            table.row([
                status.plugin.namespace.clone().into(),
                status.plugin.name.clone().into(),
                Cell::styled(status.state.style(), status.state.word()),
                fraction(&status.proxies).into(),
                status.plugin.revision().into(),
                status.plugin.image.clone().into(),
                status.reason.clone().into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.plugins
            .iter()
            .map(|status| format!("wasmplugin/{}", status.plugin.name))
            .collect()
    }
}
