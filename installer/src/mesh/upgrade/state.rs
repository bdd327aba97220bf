//! How far an upgrade has come, as the mesh's record keeps it, and which control planes that means.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::failure::Failure;
use crate::mesh::record::{MeshRecord, Phase};
use crate::mesh::sail;
use crate::mesh::spec::Mesh;
use crate::sidecar::decision::INJECTION;
use crate::sidecar::injector::{Labels, REVISION};

/// How Istio calls the revision without a name.
pub(crate) const DEFAULT: &str = "default";

/// How to get to the new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Strategy {
    /// The control plane becomes the new one
    InPlace,
    /// The new control plane comes beside the old one, and workloads move to it
    Canary,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Stage {
    /// The new control plane comes up.
    Installing,
    /// Both run; workloads may move.
    Ready,
    /// The new one becomes the mesh's.
    Promoting,
    /// It is; workloads may still move, also all the way back.
    Promoted,
    /// The old one goes.
    Finishing,
    /// Workloads go back.
    RollingBack,
    /// They have; the new control plane goes.
    Leaving,
}

impl Stage {
    /// As people and programs read it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Installing => "INSTALLING",
            Self::Ready => "READY",
            Self::Promoting => "PROMOTING",
            Self::Promoted => "PROMOTED",
            Self::Finishing => "FINISHING",
            Self::RollingBack => "ROLLING_BACK",
            Self::Leaving => "LEAVING",
        }
    }
}

/// What a namespace said about injection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Said {
    /// `istio-injection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) injection: Option<String>,
    /// `istio.io/rev`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<String>,
}

impl Said {
    /// By its labels.
    pub(crate) fn of(labels: &Labels) -> Self {
        Self {
            injection: labels.get(INJECTION).cloned(),
            revision: labels.get(REVISION).cloned(),
        }
    }

    /// That this revision injects. `istio-injection` would win, so it goes.
    pub(crate) fn revision(name: &str) -> Self {
        Self {
            injection: None,
            revision: Some(name.to_owned()),
        }
    }

    /// The revision or tag that is named; nothing when none is, or injection is declined.
    pub(crate) fn name(&self) -> Option<&str> {
        match (self.injection.as_deref(), self.revision.as_deref()) {
            (Some("enabled"), _) => Some(DEFAULT),
            (Some(_), _) => None,
            (None, revision) => revision,
        }
    }
}

/// An upgrade that is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Upgrade {
    /// How.
    pub(crate) strategy: Strategy,
    /// How far.
    pub(crate) stage: Stage,
    /// The mesh as it was.
    pub(crate) from: Mesh,
    /// The mesh as it will be.
    pub(crate) to: Mesh,
    /// The namespaces that moved or are to, with what they said before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) moved: BTreeMap<String, Said>,
    /// The tags that moved before the promotion.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) tags: BTreeSet<String>,
}

impl Upgrade {
    /// One that begins.
    pub(crate) fn new(strategy: Strategy, from: Mesh, to: Mesh) -> Self {
        Self {
            strategy,
            stage: Stage::Installing,
            from,
            to,
            moved: BTreeMap::new(),
            tags: BTreeSet::new(),
        }
    }

    /// The revision that was.
    pub(crate) fn old(&self) -> &str {
        revision(&self.from)
    }

    /// The revision that will be.
    pub(crate) fn new_one(&self) -> &str {
        revision(&self.to)
    }

    /// Whether the old control plane has no name of its own, so that it serves `istio-injection=enabled`.
    pub(crate) fn is_from_default(&self) -> bool {
        self.from.spec.revision.is_none()
    }

    /// Whether the new control plane takes over what asks for no revision by name. The Sail operator makes no tag `default` beside its
    /// revision of that name, and between the two nobody would serve new pods: there, namespaces go on naming the new revision.
    pub(crate) fn hands_over(&self) -> bool {
        self.strategy == Strategy::Canary && self.is_from_default() && !sail::installs(&self.to)
    }

    /// The mesh as its record describes it meanwhile: the old one until the new one is promoted.
    pub(crate) fn described(&self) -> &Mesh {
        if self.is_promoted() {
            &self.to
        } else {
            &self.from
        }
    }

    /// Whether the new control plane is the mesh's.
    pub(crate) fn is_promoted(&self) -> bool {
        matches!(self.stage, Stage::Promoted | Stage::Finishing)
    }

    /// The control planes that should be, the newest last.
    pub(crate) fn planes(&self) -> Vec<Mesh> {
        match (self.strategy, self.stage) {
            (_, Stage::Leaving) | (Strategy::InPlace, Stage::RollingBack) => {
                vec![self.from.clone()]
            }
            (Strategy::InPlace, _) => vec![self.to.clone()],
            (Strategy::Canary, Stage::Finishing) => vec![self.settled()],
            (Strategy::Canary, Stage::Promoting | Stage::Promoted) => {
                vec![tagged(&self.from, |_| false), self.to.clone()]
            }
            (Strategy::Canary, stage) => {
                let back = stage == Stage::RollingBack;
                let moved = |tag: &str| !back && self.tags.contains(tag);
                let new = tagged(&self.to, moved);
                vec![tagged(&self.from, |tag| !moved(tag)), self.validated(new)]
            }
        }
    }

    /// The mesh at the end. Where the old revision had no name, the new one takes over what asks for none: otherwise nobody
    /// would serve `istio-injection=enabled` any more.
    pub(crate) fn settled(&self) -> Mesh {
        let mut mesh = self.to.clone();
        let hands_over = self.hands_over();
        let tags = &mut mesh.spec.tags;
        if hands_over && !tags.iter().any(|tag| tag == DEFAULT) {
            tags.push(DEFAULT.to_owned());
        }
        mesh
    }

    /// The new control plane while the old one still validates for the mesh.
    fn validated(&self, mut mesh: Mesh) -> Mesh {
        let said = self.from.spec.values.as_ref();
        let validator = said
            .and_then(|values| values.base.get("defaultRevision").cloned())
            .unwrap_or_else(|| json!(self.old()));
        let values = mesh.spec.values.get_or_insert_default();
        values.base.insert("defaultRevision".to_owned(), validator);
        mesh
    }
}

/// How Istio calls the revision of a mesh.
pub(crate) fn revision(mesh: &Mesh) -> &str {
    mesh.spec.revision.as_deref().unwrap_or(DEFAULT)
}

fn tagged(mesh: &Mesh, keep: impl Fn(&str) -> bool) -> Mesh {
    let mut mesh = mesh.clone();
    mesh.spec.tags.retain(|tag| keep(tag));
    mesh
}

impl MeshRecord {
    /// Notes how far an upgrade is.
    pub(crate) fn note_upgrade(&mut self, upgrade: &Upgrade) -> Result<(), Failure> {
        self.describe(upgrade.described())?;
        let (from, state) = (&upgrade.from, &mut self.state);
        let keeps = upgrade.is_promoted();
        state.previous_revision = keeps.then(|| revision(from).to_owned());
        let version = from.spec.version.as_ref().filter(|_| keeps);
        state.previous_version = version.map(ToString::to_string);
        state.phase = match upgrade.stage {
            Stage::Ready | Stage::Promoted => Phase::Succeeded,
            Stage::Installing
            | Stage::Promoting
            | Stage::Finishing
            | Stage::RollingBack
            | Stage::Leaving => Phase::Updating,
        };
        state.upgrade = Some(Box::new(upgrade.clone()));
        Ok(())
    }

    /// Notes that an upgrade is over, and with which mesh.
    pub(crate) fn end_upgrade(&mut self, mesh: &Mesh) -> Result<(), Failure> {
        self.describe(mesh)?;
        let state = &mut self.state;
        state.previous_revision = None;
        state.previous_version = None;
        state.phase = Phase::Succeeded;
        state.upgrade = None;
        Ok(())
    }

    fn describe(&mut self, mesh: &Mesh) -> Result<(), Failure> {
        self.spec = Some(mesh.to_yaml()?);
        self.state.revision.clone_from(&mesh.spec.revision);
        self.state.version = mesh.spec.version.as_ref().map(ToString::to_string);
        Ok(())
    }
}
