//! Lists whose items have names, as Kubernetes has them everywhere: `containers`, `ports`, `env`, `webhooks`. They are
//! compared item by item and not place by place, so that one more container is one change.

use serde_json::{Map, Value};

/// What names an item, the first that does in the whole list.
const KEYS: [&str; 8] = [
    "name",
    "mountPath",
    "containerPort",
    "port",
    "ip",
    "topologyKey",
    "type",
    "key",
];

/// The key that names every item of both lists, each once.
pub(crate) fn key(one: &[Value], other: &[Value]) -> Option<&'static str> {
    KEYS.into_iter()
        .find(|key| names(one, key) && names(other, key))
        .filter(|_| !(one.is_empty() && other.is_empty()))
}

/// An item's name by that key.
pub(crate) fn name(item: &Value, key: &str) -> Option<String> {
    match item.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn names(items: &[Value], key: &str) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    items
        .iter()
        .all(|item| name(item, key).is_some_and(|name| seen.insert(name)))
}

/// `current` with what `wanted` says: about what an apply does that nobody has rehearsed.
pub(crate) fn overlay(current: &Value, wanted: &Value) -> Value {
    match (current, wanted) {
        (Value::Object(current), Value::Object(wanted)) => {
            let mut merged = current.clone();
            for (key, value) in wanted {
                let below = current.get(key).unwrap_or(&Value::Null);
                merged.insert(key.clone(), overlay(below, value));
            }
            Value::Object(merged)
        }
        (Value::Array(current), Value::Array(wanted)) => match key(current, wanted) {
            Some(key) => Value::Array(overlay_items(current, wanted, key)),
            None => Value::Array(wanted.clone()),
        },
        // An empty field that is wanted is a field that nobody sets.
        (Value::Null, Value::Object(wanted)) => overlay(&Value::Object(Map::new()), &Value::Object(wanted.clone())),
        (_, wanted) => wanted.clone(),
    }
}

fn overlay_items(current: &[Value], wanted: &[Value], key: &str) -> Vec<Value> {
    let find = |items: &[Value], item: &Value| {
        let name = name(item, key);
        items
            .iter()
            .find(|other| self::name(other, key) == name)
            .cloned()
    };
    let kept = current.iter().map(|item| {
        find(wanted, item).map_or_else(|| item.clone(), |wanted| overlay(item, &wanted))
    });
    let added = wanted.iter().filter(|item| find(current, item).is_none());
    kept.chain(added.cloned()).collect()
}
