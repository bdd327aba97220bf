//! What happens to one object, and which of its fields change.

use serde_json::{Map, Value, json};

use super::Action;
use crate::cluster::definition::is_newer;
use crate::cluster::diff::{self, Change};
use crate::cluster::keyed::overlay;
use crate::cluster::object::ObjectId;
use crate::cluster::order::is_definition;
use crate::cluster::ownership::{OwnedField, ours};
use crate::cluster::rehearse::{Outcome, Rehearsal};
use crate::cluster::wanted::Mistake;

/// What is said of one object.
pub(super) struct Judged {
    /// What happens to it.
    pub(super) action: Action,
    /// Which fields change.
    pub(super) changes: Vec<Change>,
    /// Which of those others own.
    pub(super) conflicts: Vec<OwnedField>,
    /// Why the server could not say.
    pub(super) unsure: Option<String>,
}

/// Judges one object: as it is, as it is wanted, and as the server says that it would be. A definition that is newer stays.
pub(super) fn judge(
    id: &ObjectId,
    current: Option<&Value>,
    wanted: &Value,
    rehearsal: Option<&Rehearsal>,
) -> Result<Judged, Mistake> {
    if current.is_some_and(|current| is_definition(id) && is_newer(current, wanted)) {
        return Ok(Judged {
            action: Action::Unchanged,
            changes: Vec::new(),
            conflicts: Vec::new(),
            unsure: None,
        });
    }
    let nothing = json!({});
    let before = current.unwrap_or(&nothing);
    let (after, conflicts, unsure) = match rehearsal.map(|rehearsal| &rehearsal.outcome) {
        Some(Outcome::Refused(mistake)) => return Err(mistake.clone()),
        Some(Outcome::Conflict(fields)) => {
            let changes = differences(id, before, &overlay(before, wanted));
            return Ok(Judged {
                action: Action::Conflict,
                changes,
                conflicts: fields.clone(),
                unsure: None,
            });
        }
        // A new object is shown as it is wanted: its defaults are nobody's wish.
        Some(Outcome::Would(_, _)) | None if current.is_none() => {
            (wanted.clone(), Vec::new(), None)
        }
        Some(Outcome::Would(after, taken)) => (after.clone(), taken.clone(), None),
        Some(Outcome::Blind(why)) => (overlay(before, wanted), Vec::new(), Some(why.clone())),
        None => (overlay(before, wanted), Vec::new(), None),
    };
    let mut changes = differences(id, before, &after);
    if current.is_none() {
        // Which object it is stands beside its changes.
        changes
            .retain(|change| !["apiVersion", "kind", "metadata"].contains(&change.path.as_str()));
    }
    let rehearsed = matches!(
        rehearsal.map(|rehearsal| &rehearsal.outcome),
        Some(Outcome::Would(_, _))
    );
    let action = if current.is_none() {
        Action::Create
    } else if changes.is_empty() && (!rehearsed || ours(before) == ours(&after)) {
        Action::Unchanged
    } else {
        Action::Update
    };
    Ok(Judged {
        action,
        changes,
        conflicts,
        unsure,
    })
}

/// What differs, but for what the server notes for itself. Nobody sees what is in a Secret.
pub(super) fn differences(id: &ObjectId, before: &Value, after: &Value) -> Vec<Change> {
    let (before, after) = (essential(before), essential(after));
    let mut changes = diff::named_changes(&before, &after);
    if id.is("", "Secret") {
        for change in &mut changes {
            for value in [&mut change.before, &mut change.after]
                .into_iter()
                .flatten()
            {
                if change.path.starts_with("data") || change.path.starts_with("stringData") {
                    *value = json!("(hidden)");
                }
            }
        }
    }
    changes
}

/// The object without what the server notes for itself.
fn essential(object: &Value) -> Value {
    const NOTED: [&str; 6] = [
        "managedFields",
        "resourceVersion",
        "generation",
        "uid",
        "creationTimestamp",
        "selfLink",
    ];
    let Some(fields) = object.as_object() else {
        return object.clone();
    };
    let mut kept: Map<String, Value> = fields.clone();
    kept.remove("status");
    if let Some(metadata) = kept.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| !NOTED.contains(&key.as_str()));
    }
    Value::Object(kept)
}
