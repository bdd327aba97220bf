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
        (Value::Null, Value::Object(wanted)) => {
            overlay(&Value::Object(Map::new()), &Value::Object(wanted.clone()))
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::cluster::diff::{changes, named_changes};

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3_i64).prop_map(Value::from),
            "[ab]{1}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let named =
                proptest::collection::vec(("[abc]", inner.clone()), 0..3).prop_map(|items| {
                    let items = items.into_iter();
                    items
                        .map(|(name, value)| json!({"name": name, "value": value}))
                        .collect()
                });
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                named.prop_map(Value::Array),
                proptest::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_overlay_twice_is_the_same_as_once(current in value(), wanted in value()) {
            let once = overlay(&current, &wanted);
            prop_assert_eq!(overlay(&once, &wanted), once);
        }

        #[test]
        fn by_name_or_by_place_the_same_values_differ(one in value(), other in value()) {
            prop_assert_eq!(named_changes(&one, &other).is_empty(), changes(&one, &other).is_empty());
            prop_assert!(named_changes(&one, &one).is_empty());
        }
    }

    #[test]
    fn an_overlay_keeps_what_is_not_mentioned() {
        let current = json!({"spec": {"replicas": 3, "containers": [{"name": "a", "image": "1", "pull": "x"}, {"name": "b"}]}});
        let wanted = json!({"spec": {"containers": [{"name": "a", "image": "2"}, {"name": "c"}]}});
        assert_eq!(
            overlay(&current, &wanted),
            json!({"spec": {"replicas": 3, "containers": [{"name": "a", "image": "2", "pull": "x"}, {"name": "b"}, {"name": "c"}]}})
        );
    }
}
