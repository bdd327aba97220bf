//! What a verb has decided to write, object by object.

use serde_json::Value;

use super::all_or;
use crate::cluster::error::ClusterError;
use crate::cluster::mode::Mode;
use crate::cluster::object::ObjectId;
use crate::cluster::ownership;
use crate::failure::Failure;
use crate::history::Change;
use crate::sidecar::edit::{self, Prepared};
use crate::sidecar::injector::Labels;
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
    Edit(Box<Prepared>),
    /// An object of weft's own: as it is, as it will be, and what differs.
    Own {
        before: Option<Value>,
        after: Option<Value>,
    },
}

impl Planned {
    pub(super) fn row(&self, mode: Mode) -> ChangeRow {
        let (fields, object) = match &self.deed {
            Deed::Edit(prepared) => (prepared.changes.clone(), Some(prepared.body.clone())),
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
                (false, Mode::Act) => Written::Done,
                (false, _) => Written::WouldBe,
            },
            fields,
            manifest: object.filter(|_| matches!(mode, Mode::Client | Mode::Server)),
            message: String::new(),
        }
    }

    pub(super) fn change(&self) -> Change {
        let (manager, before, after) = match &self.deed {
            Deed::Edit(prepared) => (
                edit::MANAGER,
                Some(prepared.before.clone()),
                Some(prepared.after.clone()),
            ),
            Deed::Own { before, after } => (ownership::MANAGER, before.clone(), after.clone()),
        };
        Change {
            object: self.id.clone(),
            manager,
            before,
            after,
        }
    }

    pub(super) async fn write(&self, writer: &Writer) -> Result<(), ClusterError> {
        let what = self.id.to_string();
        match &self.deed {
            Deed::Edit(prepared) => writer.edit(&what, &self.path, prepared).await,
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
    let mut lines = Vec::new();
    for plan in planned {
        if let Deed::Edit(prepared) = &plan.deed
            && !prepared.foreign.is_empty()
        {
            let error = ClusterError::Conflict {
                what: format!("write {}", plan.id),
                fields: prepared.foreign.clone(),
            };
            lines.push(error.to_string());
        }
    }
    all_or(&lines)
}
