//! What an apply would change, as far as that can be told without asking the API server.
//!
//! Only the server knows its defaults, which empty fields it drops, and what it does about fields of others. So only what is
//! wanted is held against what is there, and of that, what is the same in another notation is left out, and what cannot be
//! known is named instead of being announced as a change.

use serde_json::{Map, Value};

use crate::cluster::diff::{child, same};
use crate::cluster::keyed;
use crate::cluster::peek::{list, text};
use crate::cluster::quantity::billionths;

/// What is wanted of an object that is there, without what is so already.
#[derive(Debug)]
pub(super) struct Settled {
    /// What would change.
    pub(super) wanted: Value,
    /// The fields of which it cannot be known, and why not.
    pub(super) unsure: Vec<String>,
}

/// Holds what is wanted against what is there; with `owned`, fields that others own and weft does not are unsure.
pub(super) fn settle(current: &Value, wanted: &Value, owned: bool) -> Settled {
    let mut unsure = Vec::new();
    let owners = if owned {
        Owners::of(current)
    } else {
        Owners::default()
    };
    let place = Place {
        path: String::new(),
        owners,
        map: false,
        amount: false,
    };
    let left = place.settle(current, wanted, &mut unsure);
    Settled {
        wanted: left.unwrap_or_else(|| Value::Object(Map::new())),
        unsure,
    }
}

impl Settled {
    /// Why it is not sure.
    pub(super) fn why(&self) -> Option<String> {
        (!self.unsure.is_empty()).then(|| {
            let fields = self.unsure.join(", ");
            format!("the API server was not asked, and alone knows what becomes of {fields}")
        })
    }
}

/// A field.
struct Place<'a> {
    path: String,
    owners: Owners<'a>,
    /// Its fields are names that somebody chose: there, an empty value is a value.
    map: bool,
    /// It holds amounts, which have several notations.
    amount: bool,
}

impl Place<'_> {
    fn field(&self, key: &str) -> Self {
        Self {
            path: child(&self.path, key),
            owners: self.owners.below(|tree| tree.get(format!("f:{key}"))),
            map: ["labels", "annotations", "data", "matchLabels"].contains(&key),
            amount: self.amount || ["resources", "limits", "requests"].contains(&key),
        }
    }

    fn item(&self, key: &str, name: &str, item: &Value) -> Self {
        Self {
            path: format!("{}[{key}={name}]", self.path),
            owners: self.owners.below(|tree| {
                let mut items = tree.as_object()?.iter();
                items
                    .find(|(fields, _)| names(fields, item))
                    .map(|(_, below)| below)
            }),
            map: false,
            amount: self.amount,
        }
    }

    /// What would change; nothing where it stays or is not sure.
    fn settle(&self, current: &Value, wanted: &Value, unsure: &mut Vec<String>) -> Option<Value> {
        if same(current, wanted) || (self.amount && same_amount(current, wanted)) {
            return None;
        }
        match (current, wanted) {
            (Value::Object(current), Value::Object(wanted)) => {
                let left = wanted.iter().filter_map(|(key, wanted)| {
                    let left = self.known(key, current.get(key), wanted, unsure)?;
                    Some((key.clone(), left))
                });
                let left: Map<_, _> = left.collect();
                return (!left.is_empty()).then_some(Value::Object(left));
            }
            (Value::Array(current), Value::Array(wanted)) => {
                if let Some(key) = keyed::key(current, wanted) {
                    return self.items(current, wanted, key, unsure);
                }
            }
            _ => {}
        }
        if let Some(manager) = self.owners.foreign() {
            unsure.push(format!("{} ({manager} owns it)", self.path));
            return None;
        }
        Some(wanted.clone())
    }

    fn known(
        &self,
        key: &str,
        current: Option<&Value>,
        wanted: &Value,
        unsure: &mut Vec<String>,
    ) -> Option<Value> {
        let below = self.field(key);
        match current {
            Some(current) => below.settle(current, wanted, unsure),
            None if key == "stringData" || (!self.map && *wanted == Value::Bool(false)) => {
                unsure.push(below.path);
                None
            }
            None if !self.map && is_nothing(wanted) => None,
            None => Some(wanted.clone()),
        }
    }

    fn items(
        &self,
        current: &[Value],
        wanted: &[Value],
        key: &str,
        unsure: &mut Vec<String>,
    ) -> Option<Value> {
        let mut left = Vec::new();
        for item in wanted {
            let name = keyed::name(item, key).unwrap_or_default();
            let there = current
                .iter()
                .find(|there| keyed::name(there, key).as_ref() == Some(&name));
            let Some(there) = there else {
                left.push(item.clone());
                continue;
            };
            let place = self.item(key, &name, there);
            if let Some(mut changed) = place.settle(there, item, unsure) {
                if let (Some(fields), Some(name)) = (changed.as_object_mut(), item.get(key)) {
                    fields.insert(key.to_owned(), name.clone());
                }
                left.push(changed);
            }
        }
        (!left.is_empty()).then_some(Value::Array(left))
    }
}

/// What the server drops, or never had.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn same_amount(one: &Value, other: &Value) -> bool {
    let amount = |value: &Value| match value {
        Value::String(text) => billionths(text),
        Value::Number(number) => billionths(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    amount(one).is_some_and(|one| amount(other) == Some(one))
}

/// Who has a field, as the part of each manager's `fieldsV1` that is about it.
#[derive(Default)]
struct Owners<'a>(Vec<(&'a str, &'a Value)>);

impl<'a> Owners<'a> {
    fn of(object: &'a Value) -> Self {
        let entries = list(object, "/metadata/managedFields").iter();
        let entries = entries.filter(|entry| text(entry, "/subresource").is_empty());
        let trees =
            entries.filter_map(|entry| Some((text(entry, "/manager"), entry.get("fieldsV1")?)));
        Self(trees.collect())
    }

    fn below(&self, inside: impl Fn(&'a Value) -> Option<&'a Value>) -> Self {
        let is_whole = |tree: &Value| tree.as_object().is_some_and(Map::is_empty);
        let trees = self.0.iter().filter_map(|(manager, tree)| {
            let below = if is_whole(tree) {
                Some(*tree)
            } else {
                inside(tree)
            };
            below.map(|tree| (*manager, tree))
        });
        Self(trees.collect())
    }

    /// Somebody who has it, where weft does not.
    fn foreign(&self) -> Option<&'a str> {
        let is_ours = |manager: &str| manager == "weft" || manager.starts_with("weft-");
        if self.0.iter().any(|(manager, _)| is_ours(manager)) {
            return None;
        }
        self.0.first().map(|(manager, _)| *manager)
    }
}

/// `k:{"name":"a"}` names an item by some of its fields.
fn names(fields: &str, item: &Value) -> bool {
    let keys = fields
        .strip_prefix("k:")
        .and_then(|keys| serde_json::from_str::<Map<String, Value>>(keys).ok());
    keys.is_some_and(|keys| keys.iter().all(|(key, value)| item.get(key) == Some(value)))
}

#[cfg(test)]
#[path = "settle/tests.rs"]
mod tests;
