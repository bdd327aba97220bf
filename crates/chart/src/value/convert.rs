//! Values from JSON and back, bounded: a template can make a map that holds itself, or one that unfolds without end.

use super::{List, Map, Object, Value};
use serde_json::{Map as JsonMap, Number, Value as Json};
use std::rc::Rc;

/// How deep data may nest. Kubernetes itself refuses far less.
pub(crate) const DEEPEST: u32 = 100;
/// How many values one conversion may visit: Istio's largest, all its CRDs, has a tenth.
const MOST: usize = 2_000_000;

/// How many bytes of text one conversion may take along. One text can be in a value any number of times.
const LONGEST: usize = 128 << 20;

/// What remains of a bounded walk.
#[derive(Debug)]
pub(crate) struct Walk {
    deeper: u32,
    more: usize,
    bytes: usize,
}

impl Walk {
    pub(crate) const fn new() -> Self {
        Self {
            deeper: DEEPEST,
            more: MOST,
            bytes: LONGEST,
        }
    }

    /// The text, unless it is too much.
    pub(crate) fn text<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        self.bytes = self.bytes.checked_sub(text.len())?;
        Some(text)
    }

    /// One level down, unless it is too far or too much.
    pub(crate) fn down<T>(&mut self, visit: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.more = self.more.checked_sub(1)?;
        self.deeper = self.deeper.checked_sub(1)?;
        let result = visit(self);
        self.deeper = self.deeper.saturating_add(1);
        result
    }
}

/// Numbers keep their kind: what JSON writes without a fraction is an integer of Go.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(float)) => Value::Float(float),
            (None, None) => Value::Null,
        },
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(from_json)),
        Json::Object(object) => Value::Map(map_from_json(object)),
    }
}

pub(crate) fn map_from_json(object: &JsonMap<String, Json>) -> Map {
    object
        .iter()
        .map(|(key, value)| (Rc::from(key.as_str()), from_json(value)))
        .collect()
}

/// None when it nests too deep or is too much, as Go's encoder gives up on a map that holds itself.
pub(crate) fn to_json(value: &Value) -> Option<Json> {
    json(value, &mut Walk::new())
}

fn json(value: &Value, walk: &mut Walk) -> Option<Json> {
    walk.down(|walk| {
        Some(match value {
            Value::Absent | Value::Null => Json::Null,
            Value::Bool(truth) => Json::Bool(*truth),
            Value::Int(number) => Json::from(*number),
            Value::Float(number) => Json::Number(Number::from_f64(*number)?),
            Value::Text(text) => Json::from(walk.text(text)?),
            Value::List(items) => {
                let items: Option<Vec<Json>> = items.iter().map(|item| json(item, walk)).collect();
                Json::Array(items?)
            }
            Value::Map(map) => {
                let mut object = JsonMap::new();
                for (key, value) in map.entries() {
                    object.insert(key.to_string(), json(&value, walk)?);
                }
                Json::Object(object)
            }
            Value::Object(object) => object_json(object, walk)?,
        })
    })
}

fn object_json(object: &Object, walk: &mut Walk) -> Option<Json> {
    let entries: Vec<(String, Json)> = match object {
        Object::ApiVersions(versions) => {
            let versions = versions.iter().map(|version| Json::from(&**version));
            return Some(Json::Array(versions.collect()));
        }
        Object::Files(files) => {
            let text = |content: &str| Json::from(crate::functions::encode::base64(content));
            let entries = files
                .iter()
                .map(|(path, content)| (path.to_string(), text(content)));
            entries.collect()
        }
        Object::Record(record) => {
            let fields = record.fields.iter();
            let fields = fields.map(|(name, value)| Some(((*name).to_owned(), json(value, walk)?)));
            fields.collect::<Option<_>>()?
        }
    };
    Some(Json::Object(entries.into_iter().collect()))
}

/// How many bytes a value takes with all that is in it, about. None when it nests too deep or is too much.
pub(crate) fn weight(value: &Value) -> Option<usize> {
    let mut walk = Walk::new();
    weigh(value, &mut walk)?;
    let values = MOST.checked_sub(walk.more)?;
    let bytes = LONGEST.checked_sub(walk.bytes)?;
    values.checked_mul(size_of::<Value>())?.checked_add(bytes)
}

fn weigh(value: &Value, walk: &mut Walk) -> Option<()> {
    walk.down(|walk| {
        match value {
            Value::Text(text) => walk.text(text).map(drop)?,
            Value::List(items) => items.iter().try_for_each(|item| weigh(item, walk))?,
            Value::Map(map) => {
                let entries = map.entries();
                entries
                    .iter()
                    .try_for_each(|(_, value)| weigh(value, walk))?;
            }
            Value::Absent
            | Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Object(_) => {}
        }
        Some(())
    })
}

/// A copy that shares nothing with the original.
pub(crate) fn deep_copy(value: &Value) -> Option<Value> {
    copy(value, &mut Walk::new())
}

fn copy(value: &Value, walk: &mut Walk) -> Option<Value> {
    walk.down(|walk| {
        Some(match value {
            Value::List(items) => {
                let items: Option<List> = items.iter().map(|item| copy(item, walk)).collect();
                Value::List(items?)
            }
            Value::Map(map) => {
                let copied = Map::default();
                for (key, value) in map.entries() {
                    copied.set(key, copy(&value, walk)?);
                }
                Value::Map(copied)
            }
            other => other.clone(),
        })
    })
}

/// Whether both are the same data of the same kinds, as Go's `reflect.DeepEqual` has it.
pub(crate) fn deep_equal(one: &Value, other: &Value) -> Option<bool> {
    equal(one, other, &mut Walk::new())
}

fn equal(one: &Value, other: &Value, walk: &mut Walk) -> Option<bool> {
    walk.down(|walk| {
        Some(match (one, other) {
            (Value::Absent | Value::Null, Value::Absent | Value::Null) => true,
            (Value::Bool(one), Value::Bool(other)) => one == other,
            (Value::Int(one), Value::Int(other)) => one == other,
            (Value::Float(one), Value::Float(other)) => one.total_cmp(other).is_eq(),
            (Value::Text(one), Value::Text(other)) => one == other,
            (Value::List(one), Value::List(other)) => {
                one.len() == other.len() && all_equal(one.iter().zip(other.iter()), walk)?
            }
            (Value::Map(one), Value::Map(other)) => {
                let (one, other) = (one.entries(), other.entries());
                let keys = |entries: &[(Rc<str>, Value)]| -> Vec<Rc<str>> {
                    entries.iter().map(|(key, _)| key.clone()).collect()
                };
                let values = one
                    .iter()
                    .zip(&other)
                    .map(|((_, one), (_, other))| (one, other));
                keys(&one) == keys(&other) && all_equal(values, walk)?
            }
            _ => false,
        })
    })
}

fn all_equal<'v>(
    pairs: impl Iterator<Item = (&'v Value, &'v Value)>,
    walk: &mut Walk,
) -> Option<bool> {
    for (one, other) in pairs {
        if !equal(one, other, walk)? {
            return Some(false);
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_comes_back() {
        let data = json!({"a": [1, 2.5, "x", null, true], "b": {"c": {}}});
        assert_eq!(to_json(&from_json(&data)), Some(data));
    }

    #[test]
    fn a_copy_shares_nothing() {
        let original = from_json(&json!({"a": {"b": 1}}));
        let copied = deep_copy(&original).unwrap();
        assert_eq!(deep_equal(&original, &copied), Some(true));
        let (Value::Map(map), Value::Map(inner)) = (&original, &copied) else {
            panic!("a map");
        };
        let Some(Value::Map(inner)) = inner.get("a") else {
            panic!("a map");
        };
        inner.set("b", Value::Int(2));
        assert_eq!(
            to_json(&Value::Map(map.clone())),
            Some(json!({"a": {"b": 1}}))
        );
        assert_eq!(deep_equal(&original, &copied), Some(false));
    }

    #[test]
    fn what_has_no_end_is_given_up() {
        let map = Map::default();
        map.set("self", Value::Map(map.clone()));
        let value = Value::Map(map.clone());
        assert_eq!(to_json(&value), None);
        assert!(deep_copy(&value).is_none());
        assert_eq!(deep_equal(&value, &value), None);
        map.unset("self");

        let mut wide = Value::text("x");
        for _ in 0..40 {
            wide = Value::list([wide.clone(), wide]);
        }
        assert_eq!(to_json(&wide), None);
    }
}
