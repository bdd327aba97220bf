//! `weft mesh status | wait`: how a mesh is, component by component, with the first thing that is in its way.

mod component;
mod last;
mod look;
mod part;
mod running;
mod theirs;

use serde::Serialize;

use super::record::{MeshRecord, Mode, Phase};
use crate::failure::Exit;
use crate::output::{Cell, Report, Style, Table};
pub(crate) use component::Component;
use component::absent;
use last::Last;
pub(crate) use look::{Waited, look, wait};

/// How a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum State {
    /// It will not work as it is.
    Failed,
    /// It is not ready yet.
    Updating,
    /// It has not been begun: something else comes first.
    Creating,
    /// It works.
    Succeeded,
}

/// How a mesh is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MeshStatus {
    /// The mesh.
    pub(crate) name: String,
    /// Who runs it.
    pub(crate) mode: Mode,
    /// How far the last command that changed it came.
    pub(crate) phase: Phase,
    /// Its revision; nothing for the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<String>,
    /// Its Istio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// The Istio that runs, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) running_version: Option<String>,
    /// It may not be deleted.
    pub(crate) protected: bool,
    /// All of it together.
    pub(crate) status: State,
    /// The upgrade that is not at its end, and what tells more of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) upgrade: Option<String>,
    /// Somebody else runs it, and it is not as it was when it was adopted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) outdated: bool,
    /// What the last command left unfinished, or others changed since, and how that is gone on with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unfinished: Option<String>,
    /// What of it we may not see, and so say nothing about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unseen: Vec<String>,
    /// What of it can be ready or not, what is wrong first.
    pub(crate) components: Vec<Component>,
}

impl MeshStatus {
    /// Of what was seen.
    pub(crate) fn of(record: &MeshRecord, mut components: Vec<Component>) -> Self {
        components.sort_by(|one, other| {
            let key = |component: &Component| {
                (
                    component.status,
                    component.part_of.clone(),
                    component.kind.clone(),
                    component.name.clone(),
                )
            };
            key(one).cmp(&key(other))
        });
        let worst = components
            .first()
            .map_or_else(|| absent(record.state.phase), |component| component.status);
        Self {
            name: record.name.clone(),
            mode: record.state.mode,
            phase: record.phase(),
            revision: record.state.revision.clone(),
            version: record.state.version.clone(),
            running_version: None,
            protected: record.state.protected,
            status: worst,
            upgrade: record.upgrading(),
            outdated: false,
            unfinished: None,
            unseen: Vec::new(),
            components,
        }
    }

    /// 2 where something does not work.
    pub(crate) fn exit(&self) -> Exit {
        match self.status {
            State::Succeeded if self.phase == Phase::Succeeded => Exit::Ok,
            State::Failed | State::Updating | State::Creating | State::Succeeded => Exit::Findings,
        }
    }

    /// With what is known of the last command.
    fn after(mut self, last: &Last) -> Self {
        self.unfinished = self.left_undone(last);
        self
    }

    fn left_undone(&self, last: &Last) -> Option<String> {
        let name = &self.name;
        if self.outdated {
            return Some(format!(
                "mesh {name} is not as it was when it was adopted: `weft mesh adopt {name}` brings the record up to date"
            ));
        }
        match self.phase {
            Phase::Terminating => Some(format!(
                "mesh {name} is being deleted: finish that with `weft mesh delete {name}`"
            )),
            Phase::Failed => Some(format!(
                "the last change of mesh {name} did not come to its end: correct what is in its way, and run the same command again"
            )),
            Phase::Creating | Phase::Updating | Phase::Succeeded => {
                last.words().map(|words| format!("mesh {name}: {words}"))
            }
        }
    }

    /// Whether there is nothing more to wait for: all of it works, and its last command came to its end. One of a canary upgrade did
    /// where both control planes run: the next one is for somebody to give.
    fn is_ready(&self, last: &Last) -> bool {
        match self.phase {
            Phase::Succeeded => self.exit() == Exit::Ok,
            Phase::Updating => self.status == State::Succeeded && *last == Last::Ended,
            Phase::Creating | Phase::Failed | Phase::Terminating => false,
        }
    }

    /// Whether waiting brings nothing: all that is there works, and nobody does what is left to do.
    fn is_left(&self, last: &Last) -> bool {
        let at_work = match last {
            Last::AtWork(_) | Last::Unseen(_) => true,
            Last::Ended | Last::Left(_) => false,
        };
        self.status == State::Succeeded && !at_work
    }

    /// That another Istio runs than the one that is recorded.
    pub(crate) fn other_version(&self) -> Option<String> {
        let (runs, version) = (self.running_version.as_ref()?, self.version.as_ref()?);
        Some(format!(
            "Istio {runs} runs, and the record of mesh {} says {version}: `weft mesh diff` with the mesh's file shows what was changed",
            self.name
        ))
    }

    /// What keeps it from being ready, in a line each: at least one where something does.
    pub(crate) fn complaints(&self) -> Vec<String> {
        if self.components.is_empty() {
            return vec!["nothing of it is there".to_owned()];
        }
        if self.status == State::Succeeded {
            return self.undone();
        }
        let bad = self
            .components
            .iter()
            .filter(|component| component.status != State::Succeeded);
        bad.map(|component| {
            let reason = component
                .failure_reasons
                .first()
                .map_or("not ready", String::as_str);
            format!("{} {}: {reason}", component.kind, component.full_name())
        })
        .collect()
    }

    /// What is not done although all that is there works.
    fn undone(&self) -> Vec<String> {
        let mut lines: Vec<_> = self
            .unfinished
            .iter()
            .chain(&self.upgrade)
            .cloned()
            .collect();
        if lines.is_empty() && self.exit() != Exit::Ok {
            let name = &self.name;
            lines.push(format!(
                "the last change of mesh {name} is not at its end: `weft history` tells which that was"
            ));
        }
        lines
    }
}

impl Report for MeshStatus {
    fn table(&self) -> Table {
        let mut table = Table::new(&["COMPONENT", "KIND", "NAME", "STATUS", "REASON"]);
        for component in &self.components {
            let (style, word) = match component.status {
                State::Failed => (Style::Bad, "FAILED"),
                State::Updating => (Style::Warn, "UPDATING"),
                State::Creating => (Style::Dim, "CREATING"),
                State::Succeeded => (Style::Good, "SUCCEEDED"),
            };
            let cells = [
                component.part_of.clone().into(),
                component.kind.clone().into(),
                component.full_name().into(),
                Cell::styled(style, word),
                component.failure_reasons.join("; ").into(),
            ];
            if component.status == State::Succeeded && !component.runs() {
                table.wide_row(cells);
            } else {
                table.row(cells);
            }
        }
        if let Some(words) = &self.unfinished {
            table.text(Cell::styled(Style::Warn, words.as_str()));
        }
        table
    }

    fn names(&self) -> Vec<String> {
        vec![format!("mesh/{}", self.name)]
    }
}

#[cfg(test)]
#[path = "status/tests.rs"]
mod tests;
