//! Going back: what an undo of an entry would write, or why it would not be safe.
//!
//! Every object must still be as the entry left it. What is written is what weft's fields are now, with the fields of the
//! entry as they were before; fields of others are never written.

pub(crate) mod act;
mod refusal;

pub(crate) use refusal::Unsafe;

use serde_json::Value;

use super::fields;
use super::store::Past;
use super::stored::{self, Course, Kept, KeptField, Stored, What};
use crate::cluster::object::ObjectId;
use crate::mesh::record;

/// What an undo does to one object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// It was created: delete it.
    Delete {
        /// Which.
        object: ObjectId,
        /// What is deleted.
        current: Value,
        /// Under which name it was written.
        manager: &'static str,
    },
    /// It was changed or deleted: apply this.
    Apply {
        /// Which.
        object: ObjectId,
        /// What is there; nothing where it is gone.
        current: Option<Value>,
        /// What will be.
        wanted: Value,
        /// Under which name.
        manager: &'static str,
    },
}

/// Why a mesh that was made is not unmade.
const CREATED: &str =
    "`weft mesh delete` takes a mesh away, and looks first whether anybody uses it";

/// What cannot be gone back from, by how the verb begins, and what to do instead.
const REFUSED: [(&str, &str); 6] = [
    ("mesh create", CREATED),
    (
        "mesh delete",
        "certificates and addresses that are gone do not come back: create it anew from its file",
    ),
    (
        "mesh upgrade",
        "proxies run the other version by now, and one that has ended is not gone back from; while it is under way, `weft mesh upgrade rollback` goes back",
    ),
    ("sidecar restart", "pods that were restarted are gone"),
    ("sidecar upgrade", "pods that were restarted are gone"),
    ("gateway upgrade", "pods that were restarted are gone"),
];

/// What to do, newest change first; or every reason why not.
pub(crate) fn plan(entry: &Past, current: &[Option<Value>]) -> Result<Vec<Action>, Vec<Unsafe>> {
    if let Some(why) = refused(entry) {
        let verb = entry.verb.clone();
        return Err(vec![Unsafe::Verb { verb, why }]);
    }
    if entry.course == Course::Begun {
        return Err(vec![Unsafe::Interrupted(entry.number)]);
    }
    if !entry.complete {
        return Err(vec![Unsafe::Incomplete(entry.number)]);
    }
    let mut actions = Vec::new();
    let mut reasons = Vec::new();
    for (stored, current) in entry.changes.iter().zip(current).rev() {
        match action(stored, current.as_ref()) {
            Ok(action) => actions.extend(action),
            Err(reason) => reasons.extend(reason),
        }
    }
    if reasons.is_empty() {
        Ok(once(actions))
    } else {
        Err(reasons)
    }
}

fn refused(entry: &Past) -> Option<&'static str> {
    let known = REFUSED.iter().find(|(verb, _)| begins(&entry.verb, verb));
    // The first apply of a mesh makes it, too.
    let makes = entry
        .changes
        .iter()
        .any(|stored| matches!(stored.what, What::Create { .. }) && is_record(&stored.object));
    let apply = (makes && begins(&entry.verb, "mesh apply")).then_some(CREATED);
    known.map(|(_, why)| *why).or(apply)
}

fn is_record(object: &ObjectId) -> bool {
    object.is("", "ConfigMap") && object.name.starts_with(&record::object_name(""))
}

/// What is written under two names is deleted once, and nothing is written into what is deleted.
fn once(actions: Vec<Action>) -> Vec<Action> {
    let mut left: Vec<Action> = Vec::new();
    let goes = |action: &Action| matches!(action, Action::Delete { .. });
    let doomed: Vec<_> = actions
        .iter()
        .filter(|action| goes(action))
        .map(|action| action.object().clone())
        .collect();
    for action in actions {
        let object = action.object();
        let known = left.iter().any(|one| goes(one) && one.object() == object);
        if !doomed.contains(object) || (goes(&action) && !known) {
            left.push(action);
        }
    }
    left
}

fn begins(verb: &str, with: &str) -> bool {
    verb.strip_prefix(with)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn action(stored: &Stored, current: Option<&Value>) -> Result<Option<Action>, Vec<Unsafe>> {
    let object = stored.object.clone();
    match (&stored.what, current) {
        (What::Create { .. }, None) => Ok(None),
        (What::Create { after }, Some(current)) => {
            created(object, after, current, stored).map(Some)
        }
        (What::Delete { .. }, Some(_)) => Err(vec![Unsafe::Again(object)]),
        (What::Delete { before }, None) => deleted(object, before, stored).map(Some),
        (What::Update { fields }, None) if fields.is_empty() => Ok(None),
        (What::Update { .. }, None) => Err(vec![Unsafe::Gone(object)]),
        (What::Update { fields }, Some(current)) => updated(stored, fields, current),
    }
}

fn created(
    object: ObjectId,
    after: &Kept,
    current: &Value,
    stored: &Stored,
) -> Result<Action, Vec<Unsafe>> {
    if matches!(
        object.kind.as_str(),
        "Namespace" | "CustomResourceDefinition"
    ) {
        return Err(vec![Unsafe::Holds(object)]);
    }
    let changed = match after {
        Kept::Value(after) => fields::first_missing(after, current),
        Kept::Hash { sha256, .. } => {
            let same = fields::MANAGERS
                .iter()
                .any(|manager| stored::hash(&fields::ours(current, manager)) == *sha256);
            (!same).then(String::new)
        }
    };
    if let Some(field) = changed {
        return Err(vec![foreign(&object, &field, current)]);
    }
    let manager = written_by(stored).unwrap_or_else(|| manager(current, &[]));
    let current = current.clone();
    Ok(Action::Delete {
        object,
        current,
        manager,
    })
}

fn deleted(object: ObjectId, before: &Kept, stored: &Stored) -> Result<Action, Vec<Unsafe>> {
    let Kept::Value(before) = before else {
        let field = "the whole object".to_owned();
        return Err(vec![Unsafe::NotKept { object, field }]);
    };
    let [weft, ..] = fields::MANAGERS;
    let manager = written_by(stored).unwrap_or(weft);
    let mut wanted = before.clone();
    for at in [
        "/status",
        "/metadata/managedFields",
        "/metadata/resourceVersion",
        "/metadata/uid",
        "/metadata/creationTimestamp",
        "/metadata/generation",
        "/metadata/selfLink",
    ] {
        fields::put(&mut wanted, at, None);
    }
    Ok(Action::Apply {
        object,
        current: None,
        wanted,
        manager,
    })
}

fn updated(
    stored: &Stored,
    kept: &[KeptField],
    current: &Value,
) -> Result<Option<Action>, Vec<Unsafe>> {
    let object = &stored.object;
    let reasons: Vec<_> = kept
        .iter()
        .filter_map(|field| trouble(object, field, current))
        .collect();
    if !reasons.is_empty() {
        return Err(reasons);
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let manager = written_by(stored).unwrap_or_else(|| manager(current, kept));
    let mut wanted = fields::ours(current, manager);
    for field in kept {
        let before = match &field.before {
            Some(Kept::Value(value)) => Some(value.clone()),
            Some(Kept::Hash { .. }) | None => None,
        };
        fields::put(&mut wanted, &field.at, before);
    }
    Ok(Some(Action::Apply {
        object: object.clone(),
        current: Some(current.clone()),
        wanted,
        manager,
    }))
}

/// Why a field cannot be put back.
fn trouble(object: &ObjectId, field: &KeptField, current: &Value) -> Option<Unsafe> {
    let found = current.pointer(&field.at);
    let changed = match (&field.after, found) {
        (None, None) => None,
        (None, Some(_)) | (Some(_), None) => Some(String::new()),
        (Some(Kept::Value(after)), Some(found)) => fields::first_missing(after, found),
        (Some(Kept::Hash { sha256, .. }), Some(found)) => {
            (stored::hash(found) != *sha256).then(String::new)
        }
    };
    if let Some(below) = changed {
        return Some(foreign(object, &format!("{}{below}", field.at), current));
    }
    matches!(field.before, Some(Kept::Hash { .. })).then(|| Unsafe::NotKept {
        object: object.clone(),
        field: dotted(&field.at),
    })
}

fn foreign(object: &ObjectId, at: &str, current: &Value) -> Unsafe {
    Unsafe::Changed {
        object: object.clone(),
        field: dotted(at),
        by: fields::others(current, at),
    }
}

/// `/metadata/labels/a~1b` as people write it: `.metadata.labels.a/b`.
fn dotted(at: &str) -> String {
    if at.is_empty() {
        return "the object".to_owned();
    }
    at.replace('/', ".").replace("~1", "/").replace("~0", "~")
}

/// Under which of our names the entry wrote it, where it says so.
fn written_by(stored: &Stored) -> Option<&'static str> {
    fields::MANAGERS
        .into_iter()
        .find(|manager| *manager == stored.manager)
}

/// Under which of our names an object, or a field of it, was written.
fn manager(current: &Value, kept: &[KeptField]) -> &'static str {
    let wrote_field = |manager: &&&'static str| {
        kept.iter()
            .any(|field| fields::is_owned(current, manager, &field.at))
    };
    let wrote = |manager: &&&'static str| fields::is_owned(current, manager, "");
    let mark = current.pointer("/metadata/labels/weft.dev~1mesh");
    let names = || fields::MANAGERS.iter();
    let [weft, labels, ..] = &fields::MANAGERS;
    names()
        .find(wrote_field)
        .or_else(|| names().find(wrote))
        // Nothing of it is ours any more: on objects of others, weft only ever wrote labels and annotations.
        .unwrap_or(if mark.is_some() { weft } else { labels })
}

#[cfg(test)]
#[path = "undo/tests.rs"]
mod tests;
