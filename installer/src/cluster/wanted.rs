//! What somebody wants to be in a cluster, in stages, and whether that can be at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::discovery::{Kinds, Resource};
use super::inventory::{PART_OF, Parent};
use super::object::ObjectId;
use super::order::{is_definition, is_namespace, is_prunable, rank};
use super::peek::text;
use crate::failure::Exit;

/// The label that says of which mesh an object is a part.
pub(crate) const MESH: &str = "weft.dev/mesh";
/// The label that says of which component.
pub(crate) const COMPONENT: &str = "weft.dev/component";

/// What should be.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The parent of the set that all of it is.
    pub(crate) parent: Parent,
    /// The mesh that it is a part of, if it is.
    pub(crate) mesh: Option<String>,
    /// The namespace of objects that name none.
    pub(crate) namespace: String,
    /// What should be, each stage after the one before it is ready.
    pub(crate) stages: Vec<Stage>,
}

/// Objects that may be written together.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// What they are together, for example `istiod`.
    pub(crate) component: String,
    /// The objects.
    pub(crate) objects: Vec<Value>,
}

/// An object that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Which stage it belongs to, from 0.
    pub(crate) stage: usize,
    /// What it is a part of.
    pub(crate) component: String,
    /// Which.
    pub(crate) id: ObjectId,
    /// Where such objects are.
    pub(crate) resource: Resource,
    /// How it should be, with the marks of its set.
    pub(crate) object: Value,
}

/// Something that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Mistake {
    /// Where: an object, or a place in the input.
    pub(crate) place: String,
    /// What, and what to do about it.
    pub(crate) text: String,
    /// How a command exits that has made only this one.
    #[serde(skip)]
    pub(crate) exit: Exit,
}

impl Mistake {
    /// About an object or a place.
    pub(crate) fn new(place: impl fmt::Display, text: impl Into<String>) -> Self {
        Self {
            place: place.to_string(),
            text: text.into(),
            exit: Exit::BadInput,
        }
    }

    /// The same with another exit.
    pub(crate) fn exiting(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.text)
    }
}

impl Wanted {
    /// Every object with its address and marks, in the order of writing; or everything that is wrong with them.
    pub(crate) fn items(&self, served: &Kinds) -> Result<Vec<Item>, Vec<Mistake>> {
        let all = self.stages.iter().flat_map(|stage| &stage.objects);
        let kinds = served.clone().with_definitions(all);
        let (mut items, mut mistakes) = (Vec::new(), Vec::new());
        for (number, stage) in self.stages.iter().enumerate() {
            for (index, object) in stage.objects.iter().enumerate() {
                match self.item(&kinds, number, stage, object) {
                    Ok(item) => items.push(item),
                    Err(Some(mistake)) => mistakes.push(mistake),
                    Err(None) => mistakes.push(unnamed(stage, index, object)),
                }
            }
        }
        items.sort_by_key(|item| (item.stage, rank(&item.id)));
        mistakes.extend(repeated(&items));
        mistakes.extend(too_early(&items));
        if mistakes.is_empty() {
            Ok(items)
        } else {
            Err(mistakes)
        }
    }

    fn item(
        &self,
        kinds: &Kinds,
        number: usize,
        stage: &Stage,
        object: &Value,
    ) -> Result<Item, Option<Mistake>> {
        let mut id = ObjectId::of(object).ok_or(None)?;
        let Some(resource) = kinds.find(&id) else {
            return Err(Some(unknown(kinds, &id)));
        };
        // As the API server does: what is in no namespace has none, and what says none is in the default one.
        id.namespace = resource
            .namespaced
            .then(|| id.namespace.unwrap_or_else(|| self.namespace.clone()));
        let mut object = object.clone();
        self.mark(&mut object, &id, &stage.component);
        Ok(Item {
            stage: number,
            component: stage.component.clone(),
            id,
            resource: resource.clone(),
            object,
        })
    }

    fn mark(&self, object: &mut Value, id: &ObjectId, component: &str) {
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
            return;
        };
        match &id.namespace {
            Some(namespace) => metadata.insert("namespace".to_owned(), json!(namespace)),
            None => metadata.remove("namespace"),
        };
        if !is_prunable(id) {
            return;
        }
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        if !labels.is_object() {
            *labels = json!({});
        }
        if let Some(labels) = labels.as_object_mut() {
            labels.insert(PART_OF.to_owned(), json!(self.parent.set()));
            if let Some(mesh) = &self.mesh {
                labels.insert(MESH.to_owned(), json!(mesh));
                labels.insert(COMPONENT.to_owned(), json!(component));
            }
        }
    }
}

fn unnamed(stage: &Stage, index: usize, object: &Value) -> Mistake {
    let number = index.saturating_add(1);
    let kind = text(object, "/kind");
    let place = if kind.is_empty() {
        format!("object {number} of {}", stage.component)
    } else {
        format!("object {number} of {}, a {kind}", stage.component)
    };
    Mistake::new(
        place,
        "it is no object: apiVersion, kind and metadata.name are needed",
    )
}

fn unknown(kinds: &Kinds, id: &ObjectId) -> Mistake {
    let versions = kinds.versions(&id.group_kind());
    let api = id.api_version();
    let text = if versions.is_empty() {
        format!(
            "the cluster does not know {} of {api}, and no definition (CRD) that is wanted brings it: install what defines it, or leave the object out",
            id.kind
        )
    } else {
        format!(
            "the cluster knows {} in the version {}, and not in {}: write another apiVersion",
            id.kind,
            versions.join(" and "),
            id.version
        )
    };
    Mistake::new(id, text)
}

fn repeated(items: &[Item]) -> Vec<Mistake> {
    let mut seen = BTreeMap::new();
    let mut mistakes = Vec::new();
    for item in items {
        if let Some(first) = seen.insert(&item.id, &item.component) {
            let both = if *first == item.component {
                format!("it stands twice in {first}")
            } else {
                format!("it stands in {first} and again in {}", item.component)
            };
            mistakes.push(Mistake::new(
                &item.id,
                format!("{both}: leave one of them out"),
            ));
        }
    }
    mistakes
}

/// What is written before the definition or the namespace that it needs, which is wanted too.
fn too_early(items: &[Item]) -> Vec<Mistake> {
    let namespaces: BTreeMap<&str, usize> = items
        .iter()
        .filter(|item| is_namespace(&item.id))
        .map(|item| (item.id.name.as_str(), item.stage))
        .collect();
    let definitions: BTreeMap<(String, String), usize> = items
        .iter()
        .filter(|item| is_definition(&item.id))
        .map(|item| (brings(&item.object), item.stage))
        .collect();
    let mut mistakes = Vec::new();
    for item in items {
        let namespace = item.id.namespace.as_deref();
        let namespace = namespace.and_then(|name| namespaces.get(name));
        let kind = (item.id.group.clone(), item.id.kind.clone());
        let definition = definitions.get(&kind).filter(|_| !item.resource.served);
        for (what, stage) in [("namespace", namespace), ("definition", definition)] {
            if stage.is_some_and(|stage| *stage > item.stage) {
                let text =
                    format!("its {what} is wanted in a later stage only: put the {what} before it");
                mistakes.push(Mistake::new(&item.id, text));
            }
        }
    }
    mistakes
}

/// The kinds whose definitions are among these objects.
pub(crate) fn defined(items: &[Item]) -> BTreeSet<(String, String)> {
    items
        .iter()
        .filter(|item| is_definition(&item.id))
        .map(|item| brings(&item.object))
        .collect()
}

/// The group and the kind that a definition brings.
fn brings(definition: &Value) -> (String, String) {
    let of = |pointer| text(definition, pointer).to_owned();
    (of("/spec/group"), of("/spec/names/kind"))
}

#[cfg(test)]
mod tests;
