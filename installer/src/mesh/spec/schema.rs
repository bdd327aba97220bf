//! The JSON Schema of the mesh file, made from its types, and what it finds wrong with a document.
//!
//! The reader judges shapes by the very schema that is published, so the two cannot disagree. `errorMessage` beside a rule says
//! what to do, to us and to the editors that know this keyword.

use super::Mesh;
use super::mistake::{Mistake, escaped};
use super::read::Described;
use jsonschema::error::ValidationErrorKind as Rule;
use jsonschema::{ValidationError, Validator};
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use serde_json::{Value, json};

/// The schema, without references, so that every rule stands at its place.
pub(crate) fn schema() -> Value {
    schema_of::<Mesh>()
}

/// The same for anything that a file can describe.
pub(crate) fn schema_of<T: Described>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    RecursiveTransform(without_null).transform(&mut schema);
    schema.insert("$id".to_owned(), json!(T::SCHEMA));
    schema.insert("title".to_owned(), json!(T::TITLE));
    schema.to_value()
}

/// An optional field is left out; `null` would be a value that is silently dropped.
fn without_null(schema: &mut schemars::Schema) {
    let is_null = |value: &Value| {
        *value == json!({"type": "null"}) || *value == json!("null") || value.is_null()
    };
    for keyword in ["type", "enum", "anyOf"] {
        if let Some(Value::Array(options)) = schema.get_mut(keyword) {
            options.retain(|option| !is_null(option));
        }
    }
    if let Some(Value::Array(types)) = schema.get("type")
        && let [only] = types.as_slice()
    {
        let only = only.clone();
        schema.insert("type".to_owned(), only);
    }
    let Some(Value::Array(options)) = schema.get("anyOf") else {
        return;
    };
    if let [Value::Object(only)] = options.as_slice() {
        let only = only.clone();
        schema.remove("anyOf");
        for (keyword, rule) in only {
            // What is said about the field wins over what is said about its type.
            if schema.get(&keyword).is_none() {
                schema.insert(keyword, rule);
            }
        }
    }
}

/// Everything in a document that the schema does not allow.
pub(crate) fn mistakes<T: Described>(document: &Value) -> Vec<Mistake> {
    let schema = schema_of::<T>();
    match jsonschema::validator_for(&schema) {
        Ok(validator) => found(&validator, &schema, document),
        // A defect of weft's that the tests of the schema show.
        Err(error) => vec![Mistake::at(
            "",
            format!("weft's own schema is wrong: {error}"),
        )],
    }
}

fn found(validator: &Validator, schema: &Value, document: &Value) -> Vec<Mistake> {
    let mut found: Vec<Mistake> = validator
        .iter_errors(document)
        .flat_map(|error| told(&error, schema, document))
        .collect();
    // A value of a wrong type is none of the allowed words either; both rules are told in the same words.
    found.dedup();
    found
}

/// One broken rule as mistakes.
fn told(error: &ValidationError<'_>, schema: &Value, document: &Value) -> Vec<Mistake> {
    let pointer = error.instance_path().to_string();
    let path = error.schema_path().to_string();
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let subschema = schema.pointer(parent).unwrap_or(&Value::Null);
    let help = subschema.get("errorMessage").and_then(Value::as_str);
    let instance = document.pointer(&pointer).unwrap_or(&Value::Null);
    if let Rule::AdditionalProperties { unexpected } = error.kind() {
        return unknown(&pointer, unexpected, subschema);
    }
    if let Rule::Required { property } = error.kind() {
        let name = property.as_str().unwrap_or_default();
        let text = missing(subschema, name);
        return vec![Mistake::at(format!("{pointer}/{name}"), text)];
    }
    if let Rule::PropertyNames { error } = error.kind() {
        let name = escaped(error.instance().as_str().unwrap_or_default());
        let text = help.unwrap_or("this key is not allowed here");
        return vec![Mistake::at(format!("{pointer}/{name}"), text)];
    }
    let text = if instance.is_null() {
        "a value is missing: give one, or leave the field out".to_owned()
    } else {
        help.map_or_else(|| words(error.kind().keyword(), subschema), str::to_owned)
    };
    vec![Mistake::at(pointer, text).with(instance)]
}

fn unknown(pointer: &str, names: &[String], subschema: &Value) -> Vec<Mistake> {
    let known = subschema
        .get("properties")
        .and_then(Value::as_object)
        .map(|fields| {
            fields
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        })
        .unwrap_or_default();
    names
        .iter()
        .map(|name| {
            Mistake::at(
                format!("{pointer}/{}", escaped(name)),
                format!("there is no such field; the fields here are {known}"),
            )
        })
        .collect()
}

fn missing(subschema: &Value, name: &str) -> String {
    let description = subschema
        .pointer(&format!("/properties/{name}/description"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    format!("this field is missing. {description}")
        .trim_end()
        .to_owned()
}

/// A rule that brings no text of its own.
fn words(keyword: &str, subschema: &Value) -> String {
    let limit = subschema.get(keyword).unwrap_or(&Value::Null);
    let options = subschema.get("enum").and_then(Value::as_array);
    match (options, keyword, limit.as_str()) {
        (Some(options), ..) => format!("must be {}", choice(options)),
        (_, "type", Some("boolean")) => "must be true or false".to_owned(),
        (_, "type", Some("integer")) => "must be a whole number".to_owned(),
        (_, "type", Some("number")) => "must be a number".to_owned(),
        (_, "type", Some("array")) => "must be a list".to_owned(),
        (_, "type", Some("object")) => "must be a set of fields, `name: value`".to_owned(),
        (_, "minimum", _) => format!("must be {limit} or more"),
        (_, "maximum", _) => format!("must be {limit} or less"),
        (_, "minProperties", _) => "must not be empty".to_owned(),
        _ => format!("breaks the rule `{keyword}: {limit}` of the schema"),
    }
}

fn choice<'a>(options: impl IntoIterator<Item = &'a Value>) -> String {
    let words: Vec<_> = options
        .into_iter()
        .map(|option| {
            option
                .as_str()
                .map_or_else(|| option.to_string(), str::to_owned)
        })
        .collect();
    match words.as_slice() {
        [only] => only.clone(),
        several => format!("one of {}", several.join(", ")),
    }
}
