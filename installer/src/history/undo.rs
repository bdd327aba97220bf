//! Going back: what an undo of an entry would write, or why it would not be safe.
//!
//! Every object must still be as the entry left it. What is written is what weft's fields are now, with the fields of the
//! entry as they were before; fields of others are never written.

pub(crate) mod act;
pub(crate) mod guard;
mod refusal;
pub(crate) mod settle;

pub(crate) use refusal::Unsafe;
use refusal::{never_worked, refused};

use serde_json::Value;

use super::fields;
use super::store::Past;
use super::stored::{self, Course, Kept, KeptField, Stored, What};
use crate::cluster::object::ObjectId;

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

/// What going back from an entry would do, and why it may not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Weighed {
    /// What to do, newest change first; with reasons, what would be done but for them.
    pub(crate) actions: Vec<Action>,
    /// Every reason why not.
    pub(crate) reasons: Vec<Unsafe>,
}

/// What to do, or every reason why not.
pub(crate) fn plan(entry: &Past, current: &[Option<Value>]) -> Weighed {
    if entry.course == Course::Begun {
        return Weighed::refused(Unsafe::Interrupted(entry.number));
    }
    if !entry.complete {
        return Weighed::refused(Unsafe::Incomplete(entry.number));
    }
    let mut weighed = Weighed::default();
    for (stored, current) in entry.changes.iter().zip(current).rev() {
        let (action, reasons) = action(stored, current.as_ref());
        weighed.actions.extend(action);
        weighed.reasons.extend(reasons);
    }
    weighed.actions = once(weighed.actions);
    let broken = never_worked(&weighed.actions);
    weighed.reasons.extend(broken);
    if entry.changes.iter().all(Stored::is_restart) && !entry.changes.is_empty() {
        weighed.reasons.push(Unsafe::Restarted(entry.number));
    }
    if let Some(why) = refused(entry) {
        let verb = entry.verb.clone();
        weighed.reasons = vec![Unsafe::Verb { verb, why }];
    }
    weighed
}

impl Weighed {
    fn refused(reason: Unsafe) -> Self {
        Self {
            actions: Vec::new(),
            reasons: vec![reason],
        }
    }
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

/// What would put a change back, as far as that is known, and what is in its way.
fn action(stored: &Stored, current: Option<&Value>) -> (Option<Action>, Vec<Unsafe>) {
    let object = stored.object.clone();
    match (&stored.what, current) {
        (What::Create { .. }, None) => (None, Vec::new()),
        (What::Create { after }, Some(current)) => created(after, current, stored),
        (What::Delete { before }, current) => deleted(before, current, stored),
        (What::Update { .. }, None) if stored.is_restart() => (None, Vec::new()),
        (What::Update { .. }, None) => (None, vec![Unsafe::Gone(object)]),
        (What::Update { fields }, Some(current)) => updated(stored, fields, current),
    }
}

fn created(after: &Kept, current: &Value, stored: &Stored) -> (Option<Action>, Vec<Unsafe>) {
    let object = stored.object.clone();
    let changed = match after {
        Kept::Value(after) => fields::first_missing(after, current),
        Kept::Hash { sha256, .. } => {
            let same = fields::MANAGERS
                .iter()
                .any(|manager| stored::hash(&fields::ours(current, manager)) == *sha256);
            (!same).then(String::new)
        }
    };
    let holds = matches!(
        object.kind.as_str(),
        "Namespace" | "CustomResourceDefinition"
    );
    let reason = if holds {
        Some(Unsafe::Holds(object.clone()))
    } else {
        changed.map(|field| foreign(&object, &field, current))
    };
    let action = Action::Delete {
        object,
        current: current.clone(),
        manager: written_by(stored).unwrap_or_else(|| manager(current, &[])),
    };
    (Some(action), reason.into_iter().collect())
}

fn deleted(
    before: &Kept,
    current: Option<&Value>,
    stored: &Stored,
) -> (Option<Action>, Vec<Unsafe>) {
    let object = stored.object.clone();
    let mut reasons: Vec<_> = current
        .map(|_| Unsafe::Again(object.clone()))
        .into_iter()
        .collect();
    let Kept::Value(before) = before else {
        let field = "the whole object".to_owned();
        reasons.push(Unsafe::NotKept { object, field });
        return (None, reasons);
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
    let action = Action::Apply {
        object,
        current: current.cloned(),
        wanted,
        manager,
    };
    (Some(action), reasons)
}

fn updated(stored: &Stored, kept: &[KeptField], current: &Value) -> (Option<Action>, Vec<Unsafe>) {
    let object = &stored.object;
    let reasons: Vec<_> = kept
        .iter()
        .filter_map(|field| trouble(object, field, current))
        .collect();
    if kept.is_empty() {
        return (None, reasons);
    }
    let manager = written_by(stored).unwrap_or_else(|| manager(current, kept));
    let mut wanted = fields::ours(current, manager);
    for field in kept {
        match &field.before {
            Some(Kept::Value(value)) => fields::put(&mut wanted, &field.at, Some(value.clone())),
            None => fields::put(&mut wanted, &field.at, None),
            // That is one of the reasons.
            Some(Kept::Hash { .. }) => {}
        }
    }
    let action = Action::Apply {
        object: object.clone(),
        current: Some(current.clone()),
        wanted,
        manager,
    };
    (Some(action), reasons)
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
