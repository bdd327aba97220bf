//! A document and flags in, a mesh or every mistake out; other things that are described in the same way are read the same way.
//!
//! Shapes are judged by the schema. Then what is misshapen is taken out, and contradictions are looked for in what is left, so
//! that one run tells both. A contradiction that touches what was taken out may only follow from it, and is not told.

use super::document::Document;
use super::mistake::{Mistake, Mistakes};
use super::{Mesh, contradiction, schema};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// What a flag puts into the document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting {
    /// As it is written, `--scale`.
    pub(crate) flag: &'static str,
    /// JSON pointer to where it goes.
    pub(crate) pointer: String,
    /// What stands there then.
    pub(crate) value: Value,
}

/// What a file can describe.
pub(crate) trait Described: DeserializeOwned + JsonSchema {
    /// Its `kind`.
    const KIND: &str;
    /// Where its schema is.
    const SCHEMA: &str;
    /// What the schema is of.
    const TITLE: &str;

    /// What no schema can say.
    fn contradictions(&self) -> Vec<Mistake>;
}

impl Described for Mesh {
    const KIND: &str = "Mesh";
    const SCHEMA: &str = "https://weft.dev/schemas/v1/mesh.json";
    const TITLE: &str = "A mesh, apiVersion weft.dev/v1";

    fn contradictions(&self) -> Vec<Mistake> {
        contradiction::contradictions(self)
    }
}

/// Reads a mesh out of a file's document and flags, which win over it.
///
/// # Errors
/// With everything that is wrong.
pub(crate) fn read(document: Document, settings: &[Setting]) -> Result<Mesh, Mistakes> {
    described(document, settings)
}

/// The same for anything that a file can describe.
///
/// # Errors
/// With everything that is wrong.
pub(crate) fn described<T: Described>(
    document: Document,
    settings: &[Setting],
) -> Result<T, Mistakes> {
    let Document {
        value: mut whole,
        mut mistakes,
    } = document;
    for setting in settings {
        put(&mut whole, &setting.pointer, setting.value.clone());
    }
    mistakes.extend(schema::mistakes::<T>(&whole));
    let shape: Vec<String> = mistakes
        .iter()
        .map(|mistake| mistake.pointer.clone())
        .collect();
    let (rest, removed) = without(&whole, &shape, T::KIND);
    let read = serde_json::from_value::<T>(rest);
    match &read {
        Ok(read) => mistakes.extend(
            read.contradictions()
                .into_iter()
                .filter(|mistake| !removed.iter().any(|place| touches(place, &mistake.pointer))),
        ),
        // Only when the schema and the types disagree, which a test excludes.
        Err(error) if mistakes.is_empty() => mistakes.push(Mistake::at("", error.to_string())),
        Err(_) => {}
    }
    match (read, mistakes.is_empty()) {
        (Ok(read), true) => Ok(read),
        _ => Err(Mistakes(
            mistakes
                .into_iter()
                .map(|mistake| attributed(mistake, &whole, settings))
                .collect(),
        )),
    }
}

/// The start of a document for flags without a file.
pub(crate) fn empty() -> Document {
    empty_of::<Mesh>()
}

/// The same for anything that flags can describe.
pub(crate) fn empty_of<T: Described>() -> Document {
    json!({"apiVersion": "weft.dev/v1", "kind": T::KIND, "metadata": {}, "spec": {}}).into()
}

/// Puts a value at a place, making the sets of fields on the way. Where something else stands, the schema says so.
fn put(whole: &mut Value, pointer: &str, value: Value) {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        *whole = value;
        return;
    };
    if whole.pointer(parent).is_none() {
        put(whole, parent, Value::Object(Map::new()));
    }
    match whole.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.insert(name.replace("~1", "/").replace("~0", "~"), value);
        }
        Some(Value::Array(items)) if name.parse() == Ok(items.len()) => items.push(value),
        Some(Value::Array(items)) => {
            if let Some(item) = name
                .parse()
                .ok()
                .and_then(|index: usize| items.get_mut(index))
            {
                *item = value;
            }
        }
        _ => {}
    }
}

/// A document without the places that are wrong, and with whatever it must have; and the places that were taken out.
fn without(whole: &Value, places: &[String], kind: &str) -> (Value, Vec<String>) {
    let mut rest = whole.clone();
    let removed: Vec<String> = places.iter().map(|place| removable(whole, place)).collect();
    for place in &removed {
        if let Some((parent, name)) = place.rsplit_once('/')
            && let Some(Value::Object(fields)) = rest.pointer_mut(parent)
        {
            fields.remove(&name.replace("~1", "/").replace("~0", "~"));
        }
    }
    for (pointer, value) in [
        ("/apiVersion", json!("weft.dev/v1")),
        ("/kind", json!(kind)),
        ("/metadata/name", json!("name")),
        ("/spec", json!({})),
    ] {
        if rest.pointer(pointer).is_none() {
            put(&mut rest, pointer, value);
        }
    }
    (rest, removed)
}

/// The least that can be taken out so that a mistake is gone: a whole list for one of its items, so that indices keep their
/// meaning, and what lacks a field for the lack.
fn removable(whole: &Value, place: &str) -> String {
    let place = match place.rsplit_once('/') {
        Some((parent, _)) if whole.pointer(place).is_none() && parent.matches('/').count() > 1 => {
            parent
        }
        _ => place,
    };
    let list = place
        .match_indices('/')
        .filter_map(|(end, _)| place.get(..end))
        .find(|above| whole.pointer(above).is_some_and(Value::is_array));
    list.unwrap_or(place).to_owned()
}

/// Whether one place is in the other.
fn touches(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(one, other) || within(other, one)
}

/// Adds what stands at the place, and the flag that put it there.
fn attributed(mistake: Mistake, whole: &Value, settings: &[Setting]) -> Mistake {
    let flag = settings
        .iter()
        .find(|setting| touches(&mistake.pointer, &setting.pointer) && !mistake.pointer.is_empty())
        .map(|setting| setting.flag);
    let value = mistake.value.or_else(|| {
        whole
            .pointer(&mistake.pointer)
            .filter(|value| !mistake.pointer.is_empty() && !value.is_object())
            .cloned()
    });
    Mistake {
        flag: mistake.flag.or(flag),
        value,
        ..mistake
    }
}
