//! What a template calculates with: Go's dynamic values, as far as templates can tell them apart.
//!
//! A map is shared and can be changed through every name it has, because charts rely on it: Istio's merge their profile
//! into `.Values` in one template, and all later templates see the result. Lists are never changed in place.

pub(crate) mod convert;
pub(crate) mod merge;
pub(crate) mod print;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

/// A value of a template.
#[derive(Clone, Debug, Default)]
pub(crate) enum Value {
    /// No value at all, as an empty pipeline result has it. A field of it is again none.
    #[default]
    Absent,
    /// A null among data. A field of it is a mistake.
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    List(List),
    Map(Map),
    Object(Object),
}

/// A list, which never changes.
#[derive(Clone, Debug)]
pub(crate) struct List(Rc<[Value]>);

/// A map that all who hold it share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map(Rc<RefCell<BTreeMap<Rc<str>, Value>>>);

/// What is more than data: it has methods or a fixed set of fields.
#[derive(Clone, Debug)]
pub(crate) enum Object {
    /// `.Files`: path to content.
    Files(Rc<BTreeMap<Rc<str>, Rc<str>>>),
    /// `.Capabilities.APIVersions`.
    ApiVersions(Rc<[Rc<str>]>),
    /// A Go struct: asking for a field that it does not have is a mistake.
    Record(Rc<Record>),
}

/// A Go struct.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) kind: &'static str,
    pub(crate) fields: BTreeMap<&'static str, Value>,
    /// What it prints as, where that is not its fields.
    pub(crate) text: Option<Rc<str>>,
}

impl Map {
    pub(crate) fn get(&self, key: &str) -> Option<Value> {
        self.0.borrow().get(key).cloned()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.borrow().contains_key(key)
    }

    pub(crate) fn set(&self, key: impl Into<Rc<str>>, value: Value) {
        self.0.borrow_mut().insert(key.into(), value);
    }

    pub(crate) fn unset(&self, key: &str) {
        self.0.borrow_mut().remove(key);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// What is in it now, in the order of the keys: a copy, so that the map may change meanwhile.
    pub(crate) fn entries(&self) -> Vec<(Rc<str>, Value)> {
        let entries = self.0.borrow();
        entries
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

impl FromIterator<(Rc<str>, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Rc<str>, Value)>>(entries: I) -> Self {
        Self(Rc::new(RefCell::new(entries.into_iter().collect())))
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl Deref for List {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if let Some(items) = Rc::get_mut(&mut self.0) {
            bury(items.iter_mut().map(std::mem::take).collect());
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        if let Some(entries) = Rc::get_mut(&mut self.0) {
            bury(std::mem::take(entries.get_mut()).into_values().collect());
        }
    }
}

/// Drops values level by level: a template can nest lists deeper than a stack is.
fn bury(mut dead: Vec<Value>) {
    while let Some(value) = dead.pop() {
        match value {
            Value::List(mut list) => {
                if let Some(items) = Rc::get_mut(&mut list.0) {
                    dead.extend(items.iter_mut().map(std::mem::take));
                }
            }
            Value::Map(mut map) => {
                if let Some(entries) = Rc::get_mut(&mut map.0) {
                    dead.extend(std::mem::take(entries.get_mut()).into_values());
                }
            }
            Value::Absent
            | Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Object(_) => {}
        }
    }
}

impl Value {
    pub(crate) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Self::Absent | Self::Null)
    }

    /// What a pipeline and a template go on with: a null that comes to them is no value at all any more.
    pub(crate) fn or_absent(self) -> Self {
        if self.is_nil() { Self::Absent } else { self }
    }

    /// Go's name for its type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Absent | Self::Null => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int64",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
            Self::Object(Object::Files(_)) => "engine.files",
            Self::Object(Object::ApiVersions(_)) => "chartutil.VersionSet",
            Self::Object(Object::Record(record)) => record.kind,
        }
    }

    /// Go's name for its kind, as `kindOf` says it.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Absent | Self::Null => "invalid",
            Self::List(_) | Self::Object(Object::ApiVersions(_)) => "slice",
            Self::Map(_) | Self::Object(Object::Files(_)) => "map",
            Self::Object(Object::Record(_)) => "struct",
            Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Text(_) => self.type_name(),
        }
    }

    /// What `if` goes by, and `default`, `empty` and `coalesce` too.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Absent | Self::Null => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(map) => map.len() > 0,
            Self::Object(Object::Files(files)) => !files.is_empty(),
            Self::Object(Object::ApiVersions(versions)) => !versions.is_empty(),
            Self::Object(Object::Record(_)) => true,
        }
    }

    /// Its items, if Go calls it a slice.
    pub(crate) fn items(&self) -> Option<List> {
        match self {
            Self::List(items) => Some(items.clone()),
            Self::Object(Object::ApiVersions(versions)) => {
                Some(versions.iter().cloned().map(Self::Text).collect())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_changes_under_all_its_names() {
        let one = Map::default();
        let other = one.clone();
        one.set("a", Value::Int(1));
        assert!(matches!(other.get("a"), Some(Value::Int(1))));
        other.unset("a");
        assert_eq!(one.len(), 0);
    }

    #[test]
    fn emptiness_is_that_of_go() {
        let table = [
            (Value::Null, false),
            (Value::Bool(false), false),
            (Value::Int(0), false),
            (Value::Float(0.0), false),
            (Value::text(""), false),
            (Value::text("false"), true),
            (Value::list([]), false),
            (Value::list([Value::Null]), true),
            (Value::Map(Map::default()), false),
        ];
        for (value, expected) in table {
            assert_eq!(value.is_true(), expected, "{value:?}");
        }
    }
}
