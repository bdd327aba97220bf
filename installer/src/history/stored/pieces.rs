//! How an entry becomes pieces: in as much detail as fits.

use serde_json::{Value, json};

use super::super::{Change, Entry, fields};
use super::{Course, Kept, KeptField, Limits, Piece, Stored, What};

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
pub(super) fn fitting(change: &Change, limits: Limits) -> Stored {
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
