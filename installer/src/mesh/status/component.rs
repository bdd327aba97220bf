//! One object of a mesh: how it is, and why.

use serde::Serialize;

use super::{State, part};
use crate::cluster::cause::Cause;
use crate::cluster::readiness::Readiness;
use crate::cluster::watch::Target;
use crate::mesh::record::{MeshRecord, Mode, Phase};

/// One object that can be ready or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Component {
    /// What it is a part of.
    #[serde(rename = "component")]
    pub(crate) part_of: String,
    /// For example `Deployment`.
    pub(crate) kind: String,
    /// Nothing for cluster-scoped objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// Its name.
    pub(crate) name: String,
    /// How it is.
    pub(crate) status: State,
    /// What it waits for, or why it failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) failure_reasons: Vec<String>,
}

impl Component {
    /// `waits_for` is what comes before whatever is not there.
    pub(super) fn of(
        record: &MeshRecord,
        target: &Target,
        readiness: Option<&Readiness>,
        waits_for: Option<&str>,
    ) -> Self {
        let id = &target.id;
        let (status, reasons) = match readiness {
            Some(Readiness::Ready) => (State::Succeeded, Vec::new()),
            Some(Readiness::Progressing { waits_for, cause }) => {
                (State::Updating, vec![told(cause.as_ref(), waits_for)])
            }
            Some(Readiness::Failed(cause)) => (State::Failed, vec![cause.to_string()]),
            None => missing(record, waits_for),
        };
        let part_of = Some(&target.component).filter(|part| !part.is_empty());
        Self {
            part_of: part_of
                .cloned()
                .unwrap_or_else(|| part::part_of(&record.state, id)),
            kind: id.kind.clone(),
            namespace: id.namespace.clone(),
            name: id.name.clone(),
            status,
            failure_reasons: reasons,
        }
    }

    /// Whether it does something by itself, and does not only have to be there.
    pub(super) fn runs(&self) -> bool {
        ["Deployment", "DaemonSet", "Istio", "IstioCNI", "ZTunnel"].contains(&self.kind.as_str())
    }

    pub(super) fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// What an object that is not there says of a mesh: while a command works, it may still come.
pub(super) fn absent(phase: Phase) -> State {
    match phase {
        Phase::Creating | Phase::Updating => State::Updating,
        Phase::Failed | Phase::Succeeded | Phase::Terminating => State::Failed,
    }
}

/// How an object is that is not there, and why.
fn missing(record: &MeshRecord, waits_for: Option<&str>) -> (State, Vec<String>) {
    let (status, reason) = match (waits_for, absent(record.state.phase)) {
        (Some(first), _) => (State::Creating, format!("it waits for {first}")),
        (None, State::Updating) => (State::Updating, "it does not exist yet".to_owned()),
        (None, status) => (status, gone(record)),
    };
    (status, vec![reason])
}

fn gone(record: &MeshRecord) -> String {
    let name = &record.name;
    let remedy = match (record.state.mode, record.state.phase) {
        (Mode::External, _) => format!(
            "let whoever runs it bring it back; `weft mesh adopt {name}` records what is there now"
        ),
        (_, Phase::Terminating) => format!("`weft mesh delete {name}` goes on"),
        (_, _) => "`weft mesh apply` with the mesh's file writes it anew".to_owned(),
    };
    format!("it does not exist; {remedy}")
}

fn told(cause: Option<&Cause>, waits_for: &str) -> String {
    cause.map_or_else(|| format!("it waits: {waits_for}"), ToString::to_string)
}
