//! What a verb has decided to write, object by object.

use serde_json::Value;

use super::Manner;
use crate::cluster::engine::EngineError;
use crate::cluster::error::ClusterError;
use crate::cluster::mode::Mode;
use crate::cluster::object::ObjectId;
use crate::cluster::ownership;
use crate::failure::Failure;
use crate::history::Change;
use crate::sidecar::edit;
use crate::sidecar::editing::Editing;
use crate::sidecar::injector::Labels;
use crate::sidecar::read::Reader;
use crate::sidecar::report::{ChangeRow, Written};
use crate::sidecar::write::Writer;

/// An edit of one object, decided.
pub(super) struct Planned {
    pub(super) id: ObjectId,
    pub(super) path: String,
    /// The labels that it has.
    pub(super) labels: Labels,
    pub(super) deed: Deed,
}

pub(super) enum Deed {
    /// Labels or annotations on an object of somebody else's.
    Edit(Box<Editing>),
    /// An object of weft's own: as it is, as it will be, and what differs.
    Own {
        before: Option<Value>,
        after: Option<Value>,
    },
}

impl Planned {
    /// As it is shown: with those who own what changes, and as a conflict where they would keep it.
    pub(super) fn row(&self, manner: Manner) -> ChangeRow {
        let mode = manner.mode;
        let mut owners = Vec::new();
        let mut is_contested = false;
        let (fields, object) = match &self.deed {
            Deed::Edit(editing) => {
                let prepared = &editing.prepared;
                owners = prepared.owned();
                is_contested = !prepared.foreign.is_empty() && !manner.force_conflicts;
                (prepared.changes.clone(), Some(prepared.body.clone()))
            }
            Deed::Own { before, after } => {
                let spec = |object: &Option<Value>| {
                    let spec = object.as_ref().and_then(|object| object.get("spec"));
                    serde_json::json!({"spec": spec.cloned().unwrap_or_default()})
                };
                let fields = crate::cluster::diff::changes(&spec(before), &spec(after));
                (fields, after.clone())
            }
        };
        ChangeRow {
            object: self.id.clone(),
            result: match (fields.is_empty(), mode) {
                (true, _) => Written::Unchanged,
                (false, _) if is_contested => Written::Conflict,
                (false, Mode::Act) => Written::Done,
                (false, _) => Written::WouldBe,
            },
            fields,
            owners,
            manifest: object.filter(|_| matches!(mode, Mode::Client | Mode::Server)),
            message: String::new(),
        }
    }

    /// What is taken over from others by writing it, in words.
    pub(super) fn takings(&self, force: bool) -> Vec<String> {
        match &self.deed {
            Deed::Edit(editing) => editing.prepared.takings(force),
            Deed::Own { .. } => Vec::new(),
        }
    }

    pub(super) fn change(&self) -> Change {
        let (manager, before, after) = match &self.deed {
            Deed::Edit(editing) => {
                let prepared = &editing.prepared;
                (
                    edit::MANAGER,
                    Some(prepared.before.clone()),
                    Some(prepared.after.clone()),
                )
            }
            Deed::Own { before, after } => (ownership::MANAGER, before.clone(), after.clone()),
        };
        Change {
            object: self.id.clone(),
            manager,
            before,
            after,
        }
    }

    pub(super) async fn write(&self, writer: &Writer, reader: &Reader) -> Result<(), ClusterError> {
        let what = self.id.to_string();
        match &self.deed {
            Deed::Edit(editing) => editing.write(&self.id, &self.path, writer, reader).await,
            Deed::Own {
                after: Some(object),
                ..
            } => writer.own(&what, &self.path, object).await,
            Deed::Own { after: None, .. } => writer.delete(&what, &self.path).await,
        }
    }
}

/// What somebody else owns is told before anything is written, of all objects at once.
pub(super) fn conflicts(planned: &[Planned]) -> Result<(), Failure> {
    let contested = planned.iter().filter_map(|plan| match &plan.deed {
        Deed::Edit(editing) => Some((plan.id.clone(), editing.prepared.foreign.clone())),
        Deed::Own { .. } => None,
    });
    let contested: Vec<_> = contested.filter(|(_, fields)| !fields.is_empty()).collect();
    if contested.is_empty() {
        return Ok(());
    }
    Err(EngineError::Conflicts(contested).into())
}
