//! The fields of objects: which differ, how to go back, and whose they are.
//!
//! A field is named by a JSON pointer. Lists count as one field: an index says nothing about which item it means.

use serde_json::{Map, Value};

use crate::cluster::diff;

/// The names under which weft writes: objects of its own, labels on objects of others, records, and marks of sets.
pub(crate) const MANAGERS: [&str; 4] = [
    "weft",
    "weft-labels",
    crate::mesh::record::MANAGER,
    crate::cluster::inventory::MANAGER,
];

/// A field that differs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// Where, as a JSON pointer.
    pub(crate) at: String,
    /// What was there; nothing where there was no such field.
    pub(crate) before: Option<Value>,
    /// What is there.
    pub(crate) after: Option<Value>,
}

/// Every field that differs.
pub(crate) fn differences(before: &Value, after: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    walk(String::new(), Some(before), Some(after), &mut found);
    found
}

fn walk(at: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Field>) {
    match (before, after) {
        (Some(a), Some(b)) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let added = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(added) {
                walk(below(&at, key), a.get(key), b.get(key), found);
            }
        }
        (before, after) => found.push(Field {
            at,
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

fn below(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn steps(at: &str) -> Vec<String> {
    at.split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// Puts a field, or takes it away; what lies between is made where it is missing.
pub(crate) fn put(value: &mut Value, at: &str, field: Option<Value>) {
    let steps = steps(at);
    let Some((last, path)) = steps.split_last() else {
        *value = field.unwrap_or_default();
        return;
    };
    let mut place = value;
    for step in path {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Some(inner) = place.as_object_mut() else {
            return;
        };
        if field.is_none() && !inner.contains_key(step) {
            return;
        }
        place = inner.entry(step.clone()).or_insert(Value::Null);
    }
    match field {
        Some(field) => {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            if let Some(inner) = place.as_object_mut() {
                inner.insert(last.clone(), field);
            }
        }
        None => {
            if let Some(inner) = place.as_object_mut() {
                inner.remove(last);
            }
        }
    }
}

/// Where the values are that have no fields of their own.
pub(crate) fn leaves(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((at, value)) = open.pop() {
        match value.as_object().filter(|fields| !fields.is_empty()) {
            Some(fields) => open.extend(fields.iter().map(|(key, inner)| (below(&at, key), inner))),
            None => found.push(at),
        }
    }
    found
}

/// Whether every field that `wanted` mentions is so; else the first that is not.
pub(crate) fn first_missing(wanted: &Value, found: &Value) -> Option<String> {
    lacks(String::new(), wanted, Some(found))
}

fn lacks(at: String, wanted: &Value, found: Option<&Value>) -> Option<String> {
    match (wanted, found) {
        (Value::Object(wanted), Some(Value::Object(found))) => wanted
            .iter()
            .find_map(|(key, value)| lacks(below(&at, key), value, found.get(key))),
        (Value::Array(wanted), Some(Value::Array(found))) => {
            // Defaults are added to the items of a list, and others may have added items.
            let all = wanted.iter().all(|item| {
                found
                    .iter()
                    .any(|found| lacks(String::new(), item, Some(found)).is_none())
            });
            (!all).then_some(at)
        }
        (wanted, Some(found)) if diff::same(wanted, found) => None,
        (Value::Null, None) => None,
        _ => Some(at),
    }
}

/// What an object says that one of our managers applied, with what names the object.
pub(crate) fn ours(object: &Value, manager: &str) -> Value {
    let all: Vec<_> = accounts(object)
        .filter_map(|entry| entry.get("fieldsV1"))
        .collect();
    let mut found = owned_tree(object, manager)
        .map(|tree| project(tree, &all, object, &[]))
        .filter(Value::is_object)
        .unwrap_or_else(|| Value::Object(Map::new()));
    for at in [
        "/apiVersion",
        "/kind",
        "/metadata/name",
        "/metadata/namespace",
    ] {
        if let Some(value) = object.pointer(at) {
            put(&mut found, at, Some(value.clone()));
        }
    }
    found
}

/// Who else has a field, by the API server's account.
pub(crate) fn others(object: &Value, at: &str) -> Vec<String> {
    let steps = steps(at);
    accounts(object)
        .filter(|entry| {
            let manager = entry.get("manager").and_then(Value::as_str);
            !manager.is_some_and(|name| MANAGERS.contains(&name))
        })
        .filter(|entry| entry.get("fieldsV1").is_some_and(|tree| has(tree, &steps)))
        .filter_map(|entry| entry.get("manager").and_then(Value::as_str))
        .map(str::to_owned)
        .collect()
}

/// Whether a manager of ours applied a field.
pub(crate) fn is_owned(object: &Value, manager: &str, at: &str) -> bool {
    owned_tree(object, manager).is_some_and(|tree| has(tree, &steps(at)))
}

/// Whether a tree names a field, or something that it is a part of.
fn has(tree: &Value, steps: &[String]) -> bool {
    let mut place = tree;
    for (depth, step) in steps.iter().enumerate() {
        if is_leaf(place) {
            return !steps.get(..depth).is_some_and(is_a_map_of_many);
        }
        let Some(inner) = place.get(format!("f:{step}")) else {
            return false;
        };
        place = inner;
    }
    true
}

fn is_leaf(tree: &Value) -> bool {
    tree.as_object().is_some_and(Map::is_empty)
}

/// Of a map that somebody wrote empty, the account looks as if they had all of it; of these nobody ever has, whether they are of the
/// object or of a template in it.
fn is_a_map_of_many(steps: &[impl AsRef<str>]) -> bool {
    let [.., first, second] = steps else {
        return false;
    };
    first.as_ref() == "metadata" && ["labels", "annotations"].contains(&second.as_ref())
}

fn accounts(object: &Value) -> impl Iterator<Item = &Value> {
    object
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|entry| {
            entry
                .get("subresource")
                .and_then(Value::as_str)
                .is_none_or(str::is_empty)
        })
}

fn owned_tree<'a>(object: &'a Value, manager: &str) -> Option<&'a Value> {
    accounts(object)
        .find(|entry| {
            entry.get("manager").and_then(Value::as_str) == Some(manager)
                && entry.get("operation").and_then(Value::as_str) == Some("Apply")
        })?
        .get("fieldsV1")
}

/// The part of a value that a tree in the form of `fieldsV1` names; `all` are the trees of everybody at the same place.
///
/// Of what was written empty, the account looks as if they had all of it, as of what is one whole. Where anybody's account goes
/// deeper, it is no whole: what is in it by now is of others.
fn project(tree: &Value, all: &[&Value], value: &Value, at: &[&str]) -> Value {
    let Some(fields) = tree.as_object().filter(|tree| !tree.is_empty()) else {
        let is_shared = is_a_map_of_many(at) || all.iter().any(|tree| !is_leaf(tree));
        return if is_shared && value.is_object() {
            Value::Object(Map::new())
        } else if is_shared && value.is_array() {
            Value::Array(Vec::new())
        } else {
            value.clone()
        };
    };
    let below =
        |key: &str| -> Vec<&Value> { all.iter().filter_map(|tree| tree.get(key)).collect() };
    match value {
        Value::Object(inner) => {
            let kept = inner.iter().filter_map(|(name, value)| {
                let key = format!("f:{name}");
                let at = [at, &[name]].concat();
                let part = project(fields.get(&key)?, &below(&key), value, &at);
                Some((name.clone(), part))
            });
            // What was applied empty is not in the object, but it is in the account: null claims it again.
            let empty = fields.iter().filter(|(_, inner)| is_leaf(inner));
            let empty = empty.filter_map(|(key, _)| key.strip_prefix("f:"));
            let empty = empty.filter(|key| !inner.contains_key(*key));
            let empty = empty.map(|key| (key.to_owned(), Value::Null));
            Value::Object(kept.chain(empty).collect())
        }
        Value::Array(items) => {
            let kept = items.iter().filter_map(|item| {
                let (key, inner) = fields.iter().find(|(key, _)| names_item(key, item))?;
                Some(project(inner, &below(key), item, at))
            });
            Value::Array(kept.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// `k:{"name":"a"}` names an item by some of its fields, `v:"a"` by its value.
fn names_item(key: &str, item: &Value) -> bool {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    match key.split_once(':') {
        Some(("k", keys)) => parsed(keys).is_some_and(|keys| {
            keys.as_object()
                .is_some_and(|keys| keys.iter().all(|(key, value)| item.get(key) == Some(value)))
        }),
        Some(("v", value)) => parsed(value).as_ref() == Some(item),
        _ => false,
    }
}

#[cfg(test)]
#[path = "fields/tests.rs"]
pub(crate) mod tests;
