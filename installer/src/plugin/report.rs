//! What the verbs that touch a mesh print, as values.

use serde::{Serialize, Serializer};

use super::deliver::{Delivered, Ending};
use super::plan::{Action, Plan};
use super::record::{Record, config_hash};
use super::rollout::Sighting;
use super::selection::{self, Selection};
use super::verdict::{State, Verdict};
use super::wasmplugin::WasmPlugin;
use crate::cluster::diff::Change;
use crate::output::{Cell, Report, Style, Table};

/// A plugin's name and what it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    namespace: String,
    name: String,
    revision: u64,
    image: String,
    url: String,
    config_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployed_at: Option<String>,
}

impl Identity {
    /// Of an object.
    pub(crate) fn of(object: &WasmPlugin) -> Self {
        let record = Record::read(object);
        Self {
            namespace: object.metadata.namespace.clone().unwrap_or_default(),
            name: object.metadata.name.clone().unwrap_or_default(),
            revision: record.revision,
            image: record.image,
            url: object.spec.url.clone(),
            config_hash: config_hash(&object.spec),
            deployed_at: record.deployed_at,
        }
    }

    fn revision(&self) -> String {
        if self.revision == 0 {
            "-".to_owned()
        } else {
            self.revision.to_string()
        }
    }

    fn digest(&self) -> String {
        self.url
            .rsplit_once('@')
            .map_or_else(|| "not pinned".to_owned(), |(_, digest)| digest.to_owned())
    }
}

/// `deploy` and `rollback`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DeployReport {
    #[serde(flatten)]
    plugin: Identity,
    action: Action,
    result: Ending,
    proxies: Vec<Sighting>,
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
        let style = if self.result == Ending::Running {
            Style::Good
        } else {
            Style::Warn
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

/// How a whole plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Overall {
    /// No proxy is concerned.
    MatchesNothing,
    /// As the proxy that is worst off.
    Like(State),
}

impl Overall {
    fn word(self) -> &'static str {
        match self {
            Self::MatchesNothing => "matches-nothing",
            Self::Like(state) => state.word(),
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Like(State::Running) => Style::Good,
            Self::Like(
                State::Bypassed | State::Refused | State::ImageMissing | State::PullFailed,
            ) => Style::Bad,
            Self::MatchesNothing | Self::Like(_) => Style::Warn,
        }
    }
}

impl Serialize for Overall {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}

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
        let worst = proxies.iter().max_by_key(|seen| seen.verdict.state);
        let (state, reason) = match worst {
            None => (
                Overall::MatchesNothing,
                selection.why_empty(&object.spec, &plugin.namespace),
            ),
            Some(worst) => (
                Overall::Like(worst.verdict.state),
                worst.verdict.reason.clone(),
            ),
        };
        Self {
            pending: Record::read(object).rollout.is_pending(),
            plugin,
            state,
            reason,
            proxies,
        }
    }

    /// Whether every proxy runs it.
    pub(crate) fn is_running(&self) -> bool {
        self.state == Overall::Like(State::Running)
    }
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
}

/// `list`.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct ListReport(Vec<Listed>);

impl ListReport {
    /// Of these objects.
    pub(crate) fn of(objects: &[WasmPlugin]) -> Self {
        let listed = objects.iter().map(|object| Listed {
            plugin: Identity::of(object),
            target: selection::describe(&object.spec),
            phase: object.spec.phase.clone().unwrap_or_default(),
            fail_strategy: object.spec.fail_strategy.clone().unwrap_or_default(),
            kept: Record::read(object)
                .history
                .iter()
                .map(|past| past.revision)
                .collect(),
        });
        Self(listed.collect())
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

/// `--diff`.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct DiffReport(pub(crate) Vec<Change>);

impl Report for DiffReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["FIELD", "IS", "WOULD BE"]);
        for change in &self.0 {
            let text = |value: &Option<serde_json::Value>| {
                value
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), ToString::to_string)
            };
            table.row([
                change.path.clone().into(),
                Cell::styled(Style::Bad, text(&change.before)),
                Cell::styled(Style::Good, text(&change.after)),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|change| change.path.clone()).collect()
    }
}

fn proxies(plugins: &[(&Identity, &[Sighting])]) -> Table {
    let mut table = Table::new(&["NAMESPACE", "NAME", "PROXY", "STATE", "REASON"]);
    for (plugin, sightings) in plugins {
        for seen in *sightings {
            let state = Overall::Like(seen.verdict.state);
            table.row([
                plugin.namespace.clone().into(),
                plugin.name.clone().into(),
                seen.pod.to_string().into(),
                Cell::styled(state.style(), state.word()),
                seen.verdict.reason.clone().into(),
            ]);
        }
    }
    table
}

fn fraction(proxies: &[Sighting]) -> String {
    let running = proxies
        .iter()
        .filter(|seen| seen.verdict.state == State::Running)
        .count();
    format!("{running}/{}", proxies.len())
}

fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Running => "running",
        Ending::Written => "written",
        Ending::RolledBack => "rolled-back",
        Ending::Removed => "removed",
        Ending::Left => "failed",
    }
}
