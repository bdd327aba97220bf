//! How a change is kept: only the fields that differ, within bounds, and never a value of a Secret.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fields;
pub(crate) use super::kept::{Kept, hash};
use super::{Change, Entry};
use crate::cluster::diff;
use crate::cluster::object::ObjectId;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The largest value that is kept whole, in bytes; of a larger one its hash is.
    pub(crate) value: usize,
    /// The largest piece of an entry.
    pub(crate) piece: usize,
    /// The largest `ConfigMap`; Kubernetes refuses more than 1 MiB.
    pub(crate) chunk: usize,
    /// All of them.
    pub(crate) total: usize,
    /// For how many days.
    pub(crate) days: i64,
}

impl Limits {
    /// Of a real history.
    pub(crate) const REAL: Self = Self {
        value: 32 * 1024,
        piece: 192 * 1024,
        chunk: 256 * 1024,
        total: 2 * 1024 * 1024,
        days: 400,
    };
}

/// A part of an entry: an entry that wrote thousands of objects has several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// The entry, counted from 1.
    pub(crate) number: u64,
    /// Which part of it, counted from 0.
    pub(crate) part: usize,
    /// Of how many.
    pub(crate) parts: usize,
    /// As in the entry.
    pub(crate) at: String,
    /// As in the entry.
    pub(crate) who: String,
    /// As in the entry.
    pub(crate) verb: String,
    /// Some of its changes, in order.
    pub(crate) changes: Vec<Stored>,
    /// How far the verb was when this was written.
    #[serde(default, skip_serializing_if = "Course::is_done")]
    pub(crate) course: Course,
}

/// How far a verb came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Course {
    /// It began, and nobody knows what it wrote: it is at work, or was killed.
    Begun,
    /// It did not come to its end; what it wrote until then is known.
    Failed,
    /// It wrote all that it had to.
    #[default]
    Done,
}

/// A change as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// Which object.
    pub(crate) object: ObjectId,
    /// Under which name.
    #[serde(default)]
    pub(crate) manager: String,
    /// What was done to it.
    #[serde(flatten)]
    pub(crate) what: What,
}

/// What was done to an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub(crate) enum What {
    /// It was not there before.
    Create {
        /// What weft's fields are.
        after: Kept,
    },
    /// These fields differ.
    Update {
        /// Which.
        fields: Vec<KeptField>,
    },
    /// It is not there any more.
    Delete {
        /// What weft's fields were.
        before: Kept,
    },
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptField {
    /// Where, as a JSON pointer.
    pub(crate) at: String,
    /// What was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Kept>,
    /// What is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Kept>,
}

impl KeptField {
    /// As comparisons tell it.
    pub(crate) fn shown(&self) -> diff::Change {
        diff::Change {
            path: diff::path(&self.at),
            before: self.before.as_ref().map(Kept::shown),
            after: self.after.as_ref().map(Kept::shown),
        }
    }
}

impl Stored {
    /// A change as it would be kept.
    pub(crate) fn shown(change: &Change) -> Self {
        fitting(change, Limits::REAL)
    }
}

impl Course {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_done(&self) -> bool {
        *self == Self::Done
    }
}

impl What {
    /// In a word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
        }
    }
}

/// An entry, in pieces that fit.
pub(crate) fn pieces(entry: &Entry, number: u64, limits: Limits) -> Vec<Piece> {
    let mut groups: Vec<Vec<Stored>> = vec![Vec::new()];
    let mut used = 0_usize;
    for stored in merged(&entry.changes)
        .iter()
        .map(|change| fitting(change, limits))
    {
        let bytes = size(&stored);
        if used.saturating_add(bytes) > limits.piece && used > 0 {
            groups.push(Vec::new());
            used = 0;
        }
        used = used.saturating_add(bytes);
        if let Some(group) = groups.last_mut() {
            group.push(stored);
        }
    }
    let parts = groups.len();
    let piece = |(part, changes)| Piece {
        number,
        part,
        parts,
        at: entry.at.clone(),
        who: entry.who.clone(),
        verb: entry.verb.clone(),
        changes,
        course: Course::Done,
    };
    groups.into_iter().enumerate().map(piece).collect()
}

/// The first piece of an entry whose changes are not known yet. There is always one more.
pub(crate) fn intent(entry: &Entry, number: u64) -> Piece {
    Piece {
        number,
        part: 0,
        parts: 2,
        at: entry.at.clone(),
        who: entry.who.clone(),
        verb: entry.verb.clone(),
        changes: Vec::new(),
        course: Course::Begun,
    }
}

/// The pieces that come after it.
pub(crate) fn ending(entry: &Entry, number: u64, limits: Limits, course: Course) -> Vec<Piece> {
    let later = |piece: Piece| Piece {
        part: piece.part.saturating_add(1),
        parts: piece.parts.saturating_add(1),
        course,
        ..piece
    };
    pieces(entry, number, limits)
        .into_iter()
        .map(later)
        .collect()
}

/// An object that was written twice under one name has one change: from what it was first to what it is last.
fn merged(changes: &[Change]) -> Vec<Change> {
    let mut found: Vec<Change> = Vec::new();
    for change in changes {
        match found.iter_mut().find(|known| {
            let (a, b) = (&known.object, &change.object);
            a == b && known.manager == change.manager
        }) {
            Some(known) => known.after.clone_from(&change.after),
            None => found.push(change.clone()),
        }
    }
    found
}

/// The change in as much detail as a piece holds.
fn fitting(change: &Change, limits: Limits) -> Stored {
    let mut limit = limits.value;
    loop {
        let stored = Stored {
            object: change.object.clone(),
            manager: change.manager.to_owned(),
            what: what(change, limit),
        };
        if size(&stored) <= limits.piece {
            return stored;
        }
        if limit == 0 {
            return whole(change);
        }
        limit = limit.checked_div(4).unwrap_or_default();
    }
}

/// So many fields that even their hashes do not fit: one hash of all.
fn whole(change: &Change) -> Stored {
    let kept = |value: &Option<Value>| value.as_ref().map(|value| Kept::of(value, 0));
    let field = KeptField {
        at: String::new(),
        before: kept(&change.before),
        after: kept(&change.after),
    };
    Stored {
        object: change.object.clone(),
        manager: change.manager.to_owned(),
        what: What::Update {
            fields: vec![field],
        },
    }
}

fn what(change: &Change, limit: usize) -> What {
    let secret = change.object.group.is_empty() && change.object.kind == "Secret";
    // Nobody goes back to another definition, and Istio's would push everything else out.
    let definition = change.object.kind == "CustomResourceDefinition";
    let limit_at = |at: &str| {
        if (secret || definition) && !at.starts_with("/metadata/labels") {
            0
        } else {
            limit
        }
    };
    match (&change.before, &change.after) {
        (None, Some(after)) => What::Create {
            after: Kept::of(after, limit_at("")),
        },
        (Some(before), None) => What::Delete {
            before: Kept::of(before, limit_at("")),
        },
        (before, after) => {
            let nothing = Value::Null;
            let differ = fields::differences(
                before.as_ref().unwrap_or(&nothing),
                after.as_ref().unwrap_or(&nothing),
            );
            let keep = |field: fields::Field| KeptField {
                before: field
                    .before
                    .map(|value| Kept::of(&value, limit_at(&field.at))),
                after: field
                    .after
                    .map(|value| Kept::of(&value, limit_at(&field.at))),
                at: field.at,
            };
            What::Update {
                fields: differ.into_iter().map(keep).collect(),
            }
        }
    }
}

fn size(stored: &Stored) -> usize {
    json!(stored).to_string().len()
}

#[cfg(test)]
#[path = "stored/tests.rs"]
mod tests;
