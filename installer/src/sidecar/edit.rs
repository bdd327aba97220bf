//! Changes to labels and annotations of objects that belong to others, as server-side apply wants them.
//!
//! An apply names all that its manager wants: what it leaves out and owned alone goes. So the keys that weft owns already
//! have to be known, and what somebody else owns neither goes by leaving it out nor changes without a conflict; both are
//! found here, before anything is written. And an edit is for the version of the object that it was decided from: on a later
//! one, what another weft has put there meanwhile would go by leaving it out.

mod owners;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::decision::{INJECT, INJECTION};
use super::injector::{Labels, REVISION};
use super::view::Kind;
use crate::cluster::diff::{self, Change};
use crate::cluster::ownership::OwnedField;
use owners::Owners;

/// The name under which weft writes on objects of others.
pub(crate) const MANAGER: &str = "weft-labels";

/// Where labels and annotations stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// On the object itself.
    Object,
    /// On the template of its pods, which stands where its kind has it.
    Template(Kind),
}

/// What should become of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// To have this value.
    Value(String),
    /// To be gone.
    Gone,
    /// To be gone if weft has put it there.
    NotOurs,
}

/// What should become of some keys; all others stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Labels.
    pub(crate) labels: BTreeMap<String, Want>,
    /// Annotations.
    pub(crate) annotations: BTreeMap<String, Want>,
}

/// An edit of one object, ready to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prepared {
    /// What to apply.
    pub(crate) body: Value,
    /// What takes away the keys that others own, which an apply cannot; nothing when there are none.
    pub(crate) removal: Option<Value>,
    /// The version of the object that this was decided from: it is written on no other.
    pub(crate) version: Option<String>,
    /// What differs.
    pub(crate) changes: Vec<Change>,
    /// The keys that somebody else owns, with their owners: writing them takes force.
    pub(crate) foreign: Vec<OwnedField>,
    /// The labels that people have set by hand, with who that was: those are taken over.
    pub(crate) taken: Vec<OwnedField>,
    /// The keys as they are and as they will be, for the history.
    pub(crate) before: Value,
    /// The same afterwards.
    pub(crate) after: Value,
}

/// One of the two maps, computed.
#[derive(Default)]
struct Part {
    applied: Labels,
    removed: Vec<String>,
    foreign: Vec<OwnedField>,
    taken: Vec<OwnedField>,
    before: Labels,
    after: Labels,
}

impl Edit {
    /// The same with one label more.
    pub(crate) fn label(mut self, key: &str, want: Want) -> Self {
        self.labels.insert(key.to_owned(), want);
        self
    }

    /// The same with one annotation more.
    pub(crate) fn annotation(mut self, key: &str, want: Want) -> Self {
        self.annotations.insert(key.to_owned(), want);
        self
    }

    /// Labels or annotations as they will be, where everything is allowed.
    pub(crate) fn on(wants: &BTreeMap<String, Want>, current: &Labels) -> Labels {
        let mut after = current.clone();
        for (key, want) in wants {
            match want {
                Want::Value(value) => drop(after.insert(key.clone(), value.clone())),
                Want::Gone | Want::NotOurs => drop(after.remove(key)),
            }
        }
        after
    }
}

/// Looks at the object as the API server gave it, `managedFields` included.
pub(crate) fn prepare(object: &Value, site: Site, edit: &Edit) -> Prepared {
    let labels = part(object, site, "labels", &edit.labels);
    let annotations = part(object, site, "annotations", &edit.annotations);
    // With both maps always there, each key that differs is a change of its own.
    let both = |a: &Labels, b: &Labels| wrap(site, &json!({"labels": a, "annotations": b}));
    let before = both(&labels.before, &annotations.before);
    let after = both(&labels.after, &annotations.after);
    let nulls = |part: &Part| -> Value {
        part.removed
            .iter()
            .map(|key| (key.clone(), Value::Null))
            .collect()
    };
    let removes = !(labels.removed.is_empty() && annotations.removed.is_empty());
    let removal = json!({"labels": nulls(&labels), "annotations": nulls(&annotations)});
    let mut foreign = labels.foreign;
    foreign.extend(annotations.foreign);
    let mut taken = labels.taken;
    taken.extend(annotations.taken);
    Prepared {
        body: body(object, site, &labels.applied, &annotations.applied),
        removal: removes.then(|| wrap(site, &removal)),
        version: text(object, "/metadata/resourceVersion"),
        changes: diff::changes(&before, &after),
        foreign,
        taken,
        before,
        after,
    }
}

impl Prepared {
    /// Whether something of others is taken over, and nothing that takes force.
    pub(crate) fn takes(&self) -> bool {
        self.foreign.is_empty() && !self.taken.is_empty()
    }

    /// What is taken over from whom, in words; with force that is all.
    pub(crate) fn takings(&self, force: bool) -> Vec<String> {
        let foreign = self.foreign.iter().filter(|_| force);
        let words = |one: &OwnedField| format!("{} is taken over from {}", one.field, one.manager);
        self.taken.iter().chain(foreign).map(words).collect()
    }

    /// Everything of others that this is about.
    pub(crate) fn owned(&self) -> Vec<OwnedField> {
        self.taken.iter().chain(&self.foreign).cloned().collect()
    }

    /// The same edit of an object that was written meanwhile; nothing where it is another object now, or a key that the edit is
    /// about is neither as it was when it was decided nor as the edit, half written, has left it.
    pub(crate) fn anew(&self, object: &Value, site: Site, edit: &Edit) -> Option<Self> {
        let again = prepare(object, site, edit);
        let uid = |body: &Value| text(body, "/metadata/uid");
        let stands = ["labels", "annotations"].into_iter().all(|field| {
            let [was, will, is] =
                [&self.before, &self.after, &again.before].map(|all| current(all, site, field));
            let mut keys = was.keys().chain(will.keys()).chain(is.keys());
            keys.all(|key| is.get(key) == was.get(key) || is.get(key) == will.get(key))
        });
        (uid(&again.body) == uid(&self.body) && stands).then_some(again)
    }
}

fn text(object: &Value, pointer: &str) -> Option<String> {
    object.pointer(pointer)?.as_str().map(str::to_owned)
}

fn part(object: &Value, site: Site, field: &str, wants: &BTreeMap<String, Want>) -> Part {
    let current = current(object, site, field);
    let owners = Owners::read(object, site, field);
    let mut part = Part::default();
    // What is ours and not asked about stays ours.
    for key in owners.ours.iter().filter(|key| !wants.contains_key(*key)) {
        if let Some(value) = current.get(key) {
            part.applied.insert(key.clone(), value.clone());
        }
    }
    for (key, want) in wants {
        let is = current.get(key);
        let is_ours = owners.ours.contains(key);
        if *want == Want::NotOurs && !is_ours {
            continue;
        }
        let mut contest = || {
            let place = format!("{}.{field}.{key}", path(site));
            let (taken, foreign) = owners.contest(&place, is_injection(field, key), key);
            part.taken.extend(taken);
            part.foreign.extend(foreign);
        };
        if let Some(is) = is {
            part.before.insert(key.clone(), is.clone());
        }
        match (want, is) {
            (Want::Value(value), is) => {
                if is.is_some_and(|is| is != value) && owners.is_foreign(key) {
                    contest();
                }
                if is != Some(value) || is_ours {
                    part.applied.insert(key.clone(), value.clone());
                }
                part.after.insert(key.clone(), value.clone());
            }
            (Want::Gone | Want::NotOurs, Some(_)) if owners.is_foreign(key) || !is_ours => {
                contest();
                part.removed.push(key.clone());
            }
            (Want::Gone | Want::NotOurs, _) => {}
        }
    }
    part
}

/// Whether a key decides who injects.
fn is_injection(field: &str, key: &str) -> bool {
    field == "labels" && [INJECTION, REVISION, INJECT].contains(&key)
}

fn path(site: Site) -> String {
    match site {
        Site::Object => ".metadata".to_owned(),
        Site::Template(kind) => format!("{}.metadata", kind.pod_template()),
    }
}

/// The labels or annotations that are there.
pub(crate) fn current(object: &Value, site: Site, field: &str) -> Labels {
    let pointer = format!("{}/{field}", path(site).replace('.', "/"));
    let fields = object.pointer(&pointer).and_then(Value::as_object);
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    fields.into_iter().flatten().filter_map(text).collect()
}

/// With the uid, so that an object that has gone meanwhile is not created anew.
fn body(object: &Value, site: Site, labels: &Labels, annotations: &Labels) -> Value {
    let mut body = nest(site, &[("labels", labels), ("annotations", annotations)]);
    if let Value::Object(body) = &mut body {
        for key in ["apiVersion", "kind"] {
            body.insert(key.to_owned(), object.get(key).cloned().unwrap_or_default());
        }
        let metadata = body.entry("metadata").or_insert_with(|| json!({}));
        for key in ["name", "namespace", "uid"] {
            if let (Some(value), Value::Object(metadata)) =
                (object.pointer(&format!("/metadata/{key}")), &mut *metadata)
            {
                metadata.insert(key.to_owned(), value.clone());
            }
        }
    }
    body
}

fn nest(site: Site, maps: &[(&str, &Labels)]) -> Value {
    let filled: Map<String, Value> = maps
        .iter()
        .filter(|(_, map)| !map.is_empty())
        .map(|(field, map)| ((*field).to_owned(), json!(map)))
        .collect();
    wrap(site, &Value::Object(filled))
}

/// What stands at the site, with all that is around it.
pub(crate) fn wrap(site: Site, metadata: &Value) -> Value {
    let path = path(site);
    let names = path.rsplit('.').filter(|name| !name.is_empty());
    names.fold(metadata.clone(), |inner, name| json!({ name: inner }))
}

#[cfg(test)]
mod tests;
