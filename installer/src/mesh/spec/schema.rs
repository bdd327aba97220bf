//! The JSON Schema of the mesh file, made from its types, and what it finds wrong with a document.
//!
//! The reader judges shapes by the very schema that is published, so the two cannot disagree. `errorMessage` beside a rule says
//! what to do, to us and to the editors that know this keyword.

use super::Mesh;
use super::mistake::{Mistake, escaped};
use jsonschema::error::ValidationErrorKind as Rule;
use jsonschema::{ValidationError, Validator};
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use serde_json::{Value, json};

/// The schema, without references, so that every rule stands at its place.
pub(crate) fn schema() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<Mesh>();
    RecursiveTransform(without_null).transform(&mut schema);
    schema.insert(
        "$id".to_owned(),
        json!("https://weft.dev/schemas/v1/mesh.json"),
    );
    schema.insert("title".to_owned(), json!("A mesh, apiVersion weft.dev/v1"));
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
pub(crate) fn mistakes(document: &Value) -> Vec<Mistake> {
    let schema = schema();
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
    let here = |text: String| vec![Mistake::at(pointer.clone(), text).with(instance)];
    match error.kind() {
        Rule::AdditionalProperties { unexpected } => unknown(&pointer, unexpected, subschema),
        Rule::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![Mistake::at(
                format!("{pointer}/{name}"),
                missing(subschema, name),
            )]
        }
        Rule::PropertyNames { error } => {
            let name = error.instance().as_str().unwrap_or_default();
            let help = help.unwrap_or("this key is not allowed here");
            vec![Mistake::at(format!("{pointer}/{}", escaped(name)), help)]
        }
        _ if instance.is_null() => {
            here("a value is missing: give one, or leave the field out".to_owned())
        }
        kind => here(help.map_or_else(|| words(kind, subschema), str::to_owned)),
    }
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
fn words(rule: &Rule, subschema: &Value) -> String {
    let options = subschema.get("enum").and_then(Value::as_array);
    if let Some(options) = options {
        return format!("must be {}", choice(options));
    }
    match rule {
        Rule::Type { .. } => match subschema.get("type").and_then(Value::as_str) {
            Some("boolean") => "must be true or false".to_owned(),
            Some("integer") => "must be a whole number".to_owned(),
            Some("number") => "must be a number".to_owned(),
            Some("array") => "must be a list".to_owned(),
            Some("object") => "must be a set of fields, `name: value`".to_owned(),
            _ => "must be a text: write it in quotes".to_owned(),
        },
        Rule::Constant { expected_value } => format!("must be {}", choice([&**expected_value])),
        Rule::Minimum { limit } => format!("must be {limit} or more"),
        Rule::Maximum { limit } => format!("must be {limit} or less"),
        Rule::MinProperties { .. } | Rule::MinItems { .. } => "must not be empty".to_owned(),
        other => format!("breaks the rule `{}` of the schema", other.keyword()),
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
