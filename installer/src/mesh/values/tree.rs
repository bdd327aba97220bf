//! Values in values, by path.

use serde_json::{Map, Value};

/// Puts a value at a path, making what is missing on the way.
pub(crate) fn put(tree: &mut Value, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        merge(tree, &value);
        return;
    };
    if !tree.is_object() {
        *tree = Value::Object(Map::new());
    }
    if let Value::Object(fields) = tree {
        put(fields.entry(first).or_insert(Value::Null), rest, value);
    }
}

/// Lays one value over another: sets of values are joined, anything else is replaced, as Helm does it.
pub(super) fn merge(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                merge(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above.clone(),
    }
}

/// The value at a path.
pub(super) fn get<'a>(tree: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(tree, |tree, part| tree.get(part))
}
