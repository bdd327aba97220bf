//! What a record says about how a mesh is: `state.json` of its `ConfigMap`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mesh::sail;
use crate::mesh::spec::{Mesh, WorkloadKind};
use crate::mesh::upgrade::state::Upgrade;

/// What became of a mesh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MeshState {
    /// Who runs its control plane, and where.
    pub(crate) mode: Mode,
    /// What weft installs it with; nothing where it installs nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) engine: Option<Engine>,
    /// How far it is.
    pub(crate) phase: Phase,
    /// The revision that serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<String>,
    /// Its Istio version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// The revision before, while an upgrade can still go back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous_revision: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous_version: Option<String>,
    /// It may not be deleted.
    #[serde(default)]
    pub(crate) protected: bool,
    /// What was found when somebody else's Istio was adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) adopted: Option<Value>,
    /// The kinds of workloads that somebody else's mesh has besides; those of weft's own are in the mesh file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) workload_kinds: Vec<WorkloadKind>,
    /// The upgrade that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upgrade: Option<Box<Upgrade>>,
}

/// Who runs the control plane, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Mode {
    /// Weft, in the cluster of the workloads.
    Dedicated,
    /// Weft, against an API server of the mesh's own.
    Hosted,
    /// Somebody else.
    External,
}

/// What weft installs a mesh with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Engine {
    /// Charts, rendered in process.
    Charts,
    /// The Sail operator's resources.
    Sail,
}

/// How far a mesh is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Phase {
    /// It comes up.
    Creating,
    /// It changes.
    Updating,
    /// The last change did not work.
    Failed,
    /// It runs.
    Succeeded,
    /// It goes.
    Terminating,
}

impl MeshState {
    /// Of a mesh of which nothing more is known.
    pub(crate) fn new(mode: Mode, phase: Phase) -> Self {
        Self {
            mode,
            engine: None,
            phase,
            revision: None,
            version: None,
            previous_revision: None,
            previous_version: None,
            protected: false,
            adopted: None,
            workload_kinds: Vec::new(),
            upgrade: None,
        }
    }
}

impl Engine {
    /// That of a mesh that weft installs.
    pub(crate) fn of(mesh: &Mesh) -> Self {
        if sail::installs(mesh) {
            Self::Sail
        } else {
            Self::Charts
        }
    }
}

impl Mode {
    /// As people and programs read it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Dedicated => "DEDICATED",
            Self::Hosted => "HOSTED",
            Self::External => "EXTERNAL",
        }
    }
}

impl Phase {
    /// As people and programs read it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Updating => "UPDATING",
            Self::Failed => "FAILED",
            Self::Succeeded => "SUCCEEDED",
            Self::Terminating => "TERMINATING",
        }
    }
}
