//! Compares two JSON values field by field.
//!
//! Used for `--diff`, for "is there anything to write?" and for "does the proxy run what we asked for?". All three have
//! to agree that `1` and `1.0` are one number: a configuration travels through a protobuf `Struct`, where every number
//! is a double, so that comparing the text or the number types would see a drift in an untouched object.

pub(crate) mod inside;
pub(crate) mod shown;

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::keyed;
use inside::Inside;

/// One field that differs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// Where, for example `spec.pluginConfig.rules[0].rate`.
    pub(crate) path: String,
    /// What is there now; nothing for a field that will be added.
    pub(crate) before: Option<Value>,
    /// What will be there; nothing for a field that will go.
    pub(crate) after: Option<Value>,
}

impl Change {
    /// What differs inside its two values.
    pub(crate) fn inside(&self) -> Option<Inside> {
        inside::inside(&self.path, self.before.as_ref(), self.after.as_ref())
    }
}

/// Programs get both values whole, and what differs inside beside them.
impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Whole<'a> {
            path: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            before: Option<&'a Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            after: Option<&'a Value>,
            #[serde(flatten)]
            inside: Option<Inside>,
        }
        let whole = Whole {
            path: &self.path,
            before: self.before.as_ref(),
            after: self.after.as_ref(),
            inside: self.inside(),
        };
        whole.serialize(serializer)
    }
}

/// Every leaf that differs between the two values, in the order of their paths.
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    walk("", Some(before), Some(after), false, &mut found);
    found
}

/// The same for objects of Kubernetes, in which the items of most lists have names: `spec.containers[name=app].image`.
pub(crate) fn named_changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    walk("", Some(before), Some(after), true, &mut found);
    found
}

/// Whether both values mean the same.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn walk(
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    by_name: bool,
    found: &mut Vec<Change>,
) {
    match (before, after) {
        (Some(a), Some(b)) if same(a, b) => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => objects(path, a, b, by_name, found),
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            match keyed::key(a, b).filter(|_| by_name) {
                Some(key) => items(path, a, b, key, found),
                None => arrays(path, a, b, by_name, found),
            }
        }
        (None, None) => {}
        (a, b) => found.push(Change {
            path: path.to_owned(),
            before: a.cloned(),
            after: b.cloned(),
        }),
    }
}

fn objects(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    by_name: bool,
    found: &mut Vec<Change>,
) {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (before, after) = (before.get(key), after.get(key));
        walk(&child(path, key), before, after, by_name, found);
    }
}

/// Two lists whose items have names. When only their order differs, the lists differ as a whole.
fn items(path: &str, before: &[Value], after: &[Value], key: &str, found: &mut Vec<Change>) {
    let already = found.len();
    let names: BTreeSet<String> = before
        .iter()
        .chain(after)
        .filter_map(|item| keyed::name(item, key))
        .collect();
    for name in names {
        let find = |items: &[Value]| -> Option<Value> {
            let mut items = items.iter();
            items
                .find(|item| keyed::name(item, key).as_ref() == Some(&name))
                .cloned()
        };
        let (before, after) = (find(before), find(after));
        let path = format!("{path}[{key}={name}]");
        walk(&path, before.as_ref(), after.as_ref(), true, found);
    }
    if found.len() == already {
        found.push(Change {
            path: path.to_owned(),
            before: Some(Value::Array(before.to_vec())),
            after: Some(Value::Array(after.to_vec())),
        });
    }
}

fn arrays(path: &str, before: &[Value], after: &[Value], by_name: bool, found: &mut Vec<Change>) {
    for index in 0..before.len().max(after.len()) {
        walk(
            &format!("{path}[{index}]"),
            before.get(index),
            after.get(index),
            by_name,
            found,
        );
    }
}

/// `/metadata/labels/a~1b` in the notation of changes: `metadata.labels["a/b"]`.
pub(crate) fn path(pointer: &str) -> String {
    pointer
        .split('/')
        .skip(1)
        .fold(String::new(), |path, step| {
            child(&path, &step.replace("~1", "/").replace("~0", "~"))
        })
}

/// Keys such as `app.kubernetes.io/name` are quoted: with their dots they would read as three fields.
pub(crate) fn child(path: &str, key: &str) -> String {
    let plain = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    match (plain, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{key:?}]"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_the_leaf_and_not_its_parents() {
        let before =
            json!({"spec": {"url": "a", "pluginConfig": {"rules": [{"rate": 1, "burst": 2}]}}});
        let after = json!({"spec": {"url": "a", "pluginConfig": {"rules": [{"rate": 5, "burst": 2}, {"rate": 9}]}}});

        assert_eq!(
            changes(&before, &after),
            [
                Change {
                    path: "spec.pluginConfig.rules[0].rate".to_owned(),
                    before: Some(json!(1)),
                    after: Some(json!(5))
                },
                Change {
                    path: "spec.pluginConfig.rules[1]".to_owned(),
                    before: None,
                    after: Some(json!({"rate": 9}))
                },
            ]
        );
    }

    #[test]
    fn a_number_is_its_value_and_not_its_notation() {
        assert!(same(&json!({"a": [1, 2.0]}), &json!({"a": [1.0, 2]})));
        assert!(!same(&json!(1), &json!("1")));
        assert!(changes(&json!({"a": 1}), &json!({"a": 1.0})).is_empty());
    }

    #[test]
    fn items_with_names_are_compared_by_name() {
        let before =
            json!({"containers": [{"name": "a", "image": "1"}, {"name": "b"}], "args": ["x", "y"]});
        let after = json!({"containers": [{"name": "b"}, {"name": "c"}, {"name": "a", "image": "2"}], "args": ["x", "z"]});
        let paths: Vec<_> = named_changes(&before, &after)
            .into_iter()
            .map(|change| change.path)
            .collect();

        assert_eq!(
            paths,
            ["args[1]", "containers[name=a].image", "containers[name=c]"]
        );
        let ab = json!([{"name": "a"}, {"name": "b"}]);
        let ba = json!([{"name": "b"}, {"name": "a"}]);
        assert_eq!(
            named_changes(&ab, &ba).len(),
            1,
            "an order that differs shows"
        );
    }

    #[test]
    fn keys_with_dots_are_quoted() {
        let found = changes(&json!({"labels": {"a.b/c": "x"}}), &json!({"labels": {}}));

        assert_eq!(found[0].path, r#"labels["a.b/c"]"#);
        assert_eq!(found[0].after, None);
    }
}
