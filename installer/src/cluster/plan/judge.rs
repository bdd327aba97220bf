//! What happens to one object, and which of its fields change.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Action;
use super::settle::settle;
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
        Some(Outcome::Refused(mistake)) => {
            if current.is_none() || !is_in_the_way(mistake, wanted) {
                return Err(mistake.clone());
            }
            let why = format!(
                "{}; delete {id}, and run the same command again",
                mistake.text
            );
            return Ok(contested(id, before, wanted, &[], Some(why)));
        }
        Some(Outcome::Conflict(fields)) => {
            return Ok(contested(id, before, wanted, fields, None));
        }
        // A new object is shown as it is wanted: its defaults are nobody's wish.
        Some(Outcome::Would(_, _)) | None if current.is_none() => {
            (wanted.clone(), Vec::new(), None)
        }
        Some(Outcome::Would(after, taken)) => (after.clone(), taken.clone(), None),
        Some(Outcome::Blind(why)) => {
            let settled = settle(before, wanted, true);
            let after = overlay(before, &settled.wanted);
            (after, Vec::new(), Some(why.clone()))
        }
        None => {
            let settled = settle(before, wanted, true);
            (overlay(before, &settled.wanted), Vec::new(), settled.why())
        }
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

/// What would change if it could; nobody can say how others' fields would be then.
fn contested(
    id: &ObjectId,
    before: &Value,
    wanted: &Value,
    fields: &[OwnedField],
    unsure: Option<String>,
) -> Judged {
    let settled = settle(before, wanted, false);
    Judged {
        action: Action::Conflict,
        changes: differences(id, before, &overlay(before, &settled.wanted)),
        conflicts: fields.to_vec(),
        unsure,
    }
}

/// Whether what is there and what is wanted cannot be together, though each could be alone: somebody changed the number of a
/// port, and the port that is wanted would be another of the same name.
fn is_in_the_way(mistake: &Mistake, wanted: &Value) -> bool {
    mistake.text.contains("Duplicate value") && !has_twins(wanted)
}

/// Whether a list has two items of one name.
fn has_twins(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.values().any(has_twins),
        Value::Array(items) => {
            let mut seen = BTreeSet::new();
            let names = items.iter().filter_map(|item| item.get("name")?.as_str());
            let mut twins = names.filter(|name| !seen.insert(*name));
            twins.next().is_some() || items.iter().any(has_twins)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
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
