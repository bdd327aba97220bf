//! What the verbs that touch a mesh print, as values.

mod deploy;
mod diff;
mod list;
mod status;

pub(crate) use deploy::DeployReport;
pub(crate) use diff::DiffReport;
pub(crate) use list::ListReport;
pub(crate) use status::{PluginStatus, StatusReport};

use serde::{Serialize, Serializer};

use super::record::{Record, config_hash};
use super::rollout::Sighting;
use super::verdict::State;
use super::wasmplugin::WasmPlugin;
use crate::output::{Cell, Style, Table};

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

#[cfg(test)]
mod tests;
