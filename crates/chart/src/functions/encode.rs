//! JSON, YAML, base64 and sums.

use super::Kind::{Any, Text};
use super::{Arguments, Function, failed};
use crate::template::Outcome;
use crate::value::convert::{from_json, to_json};
use crate::value::print::with_exponent_from;
use crate::value::{Map, Value};
use crate::values::as_read;
use crate::yaml;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use sha2::{Digest, Sha256, Sha512};

pub(super) const TABLE: &[Function] = &[
    Function::new("b64dec", &[Text], |given| {
        let decoded = STANDARD.decode(given.text(0));
        Ok(Value::text(match decoded {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => error.to_string(),
        }))
    }),
    Function::new("b64enc", &[Text], |given| {
        Ok(Value::text(base64(given.text(0))))
    }),
    Function::new("fromJson", &[Text], |given| {
        Ok(map_or_error(json(given.text(0))))
    }),
    Function::new("fromJsonArray", &[Text], |given| {
        Ok(list_or_error(json(given.text(0))))
    }),
    Function::new("fromYaml", &[Text], |given| {
        Ok(map_or_error(yaml::read::read(given.text(0))))
    }),
    Function::new("fromYamlArray", &[Text], |given| {
        Ok(list_or_error(yaml::read::read(given.text(0))))
    }),
    Function::new("mustFromJson", &[Text], |given| match json(given.text(0)) {
        Ok(value) => Ok(from_json(&as_read(value))),
        Err(error) => failed(error),
    }),
    Function::new("mustToJson", &[Any], |given| {
        must(given, |value| write_json(value, true, false))
    }),
    Function::new("mustToPrettyJson", &[Any], |given| {
        must(given, |value| write_json(value, true, true))
    }),
    Function::new("mustToRawJson", &[Any], |given| {
        must(given, |value| write_json(value, false, false))
    }),
    Function::new("sha256sum", &[Text], |given| {
        Ok(Value::text(hex(&Sha256::digest(given.text(0)))))
    }),
    Function::new("sha512sum", &[Text], |given| {
        Ok(Value::text(hex(&Sha512::digest(given.text(0)))))
    }),
    Function::new("toJson", &[Any], |given| {
        Ok(lenient(given, |value| write_json(value, true, false)))
    }),
    Function::new("toPrettyJson", &[Any], |given| {
        Ok(lenient(given, |value| write_json(value, true, true)))
    }),
    Function::new("toRawJson", &[Any], |given| {
        must(given, |value| write_json(value, false, false))
    }),
    Function::new("toYaml", &[Any], |given| Ok(lenient(given, to_yaml))),
];

/// The text in base64.
pub(crate) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digits =
        |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from_digit(u32::from(half), 16));
    bytes.iter().flat_map(digits).flatten().collect()
}

/// As Helm's: without the last line break.
pub(super) fn to_yaml(value: &Json) -> String {
    let mut text = yaml::write::write(value);
    if text.ends_with('\n') {
        text.pop();
    }
    text
}

/// Text that cannot be written is empty, as in Helm.
fn lenient(given: &Arguments<'_>, write: impl FnOnce(&Json) -> String) -> Value {
    let json = to_json(given.any(0));
    Value::text(json.map(|json| write(&json)).unwrap_or_default())
}

fn must(given: &Arguments<'_>, write: impl FnOnce(&Json) -> String) -> Outcome<Value> {
    match to_json(given.any(0)) {
        Some(json) => Ok(Value::text(write(&json))),
        None => failed("the value is not one of JSON"),
    }
}

fn json(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// What is no map becomes one that holds the error, as charts expect of Helm.
fn map_or_error(read: Result<Json, String>) -> Value {
    let error = match read {
        Ok(Json::Null) => return Value::Map(Map::default()),
        Ok(value @ Json::Object(_)) => return from_json(&as_read(value)),
        Ok(other) => format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            kind(&other)
        ),
        Err(error) => error,
    };
    let map = Map::default();
    map.set("Error", Value::text(error));
    Value::Map(map)
}

fn list_or_error(read: Result<Json, String>) -> Value {
    match read {
        Ok(Json::Null) => Value::list([]),
        Ok(value @ Json::Array(_)) => from_json(&as_read(value)),
        Ok(other) => Value::list([Value::text(format!(
            "json: cannot unmarshal {} into Go value of type []interface {{}}",
            kind(&other)
        ))]),
        Err(error) => Value::list([Value::text(error)]),
    }
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// JSON as Go writes it: keys in order, whole floats as integers, and `<`, `>`, `&` escaped unless it is raw.
pub(super) fn write_json(value: &Json, escapes: bool, pretty: bool) -> String {
    let mut out = String::new();
    json_value(value, escapes, pretty.then_some(0), &mut out);
    out
}

fn json_value(value: &Json, escapes: bool, depth: Option<usize>, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Json::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => out.push_str(&json_float(float)),
            _ => out.push_str(&number.to_string()),
        },
        Json::String(text) => json_text(text, escapes, out),
        Json::Array(items) => {
            let deeper = depth.map(|depth| depth.saturating_add(1));
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, deeper, out);
                json_value(item, escapes, deeper, out);
            }
            end(items.is_empty(), depth, out);
            out.push(']');
        }
        Json::Object(object) => {
            let deeper = depth.map(|depth| depth.saturating_add(1));
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, item)) in entries.into_iter().enumerate() {
                separate(index, deeper, out);
                json_text(key, escapes, out);
                out.push_str(if depth.is_some() { ": " } else { ":" });
                json_value(item, escapes, deeper, out);
            }
            end(object.is_empty(), depth, out);
            out.push('}');
        }
    }
}

fn separate(index: usize, depth: Option<usize>, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
    new_line(depth, out);
}

fn end(is_empty: bool, depth: Option<usize>, out: &mut String) {
    if !is_empty {
        new_line(depth, out);
    }
}

fn new_line(depth: Option<usize>, out: &mut String) {
    if let Some(depth) = depth {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
}

fn json_float(float: f64) -> String {
    if float == 0.0 || (1e-6..1e21).contains(&float.abs()) {
        format!("{float}")
    } else {
        // Go's exponents below ten lose their zero.
        with_exponent_from(float, 21).replace("e-0", "e-")
    }
}

fn json_text(text: &str, escapes: bool, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' if escapes => out.push_str(&escape(character)),
            '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => out.push_str(&escape(character)),
            other => out.push(other),
        }
    }
    out.push('"');
}

fn escape(character: char) -> String {
    format!("\\u{:04x}", u32::from(character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_written_as_in_go() {
        let table = [
            (
                json!({"b": [1.0, 2.5], "a": "<&>"}),
                r#"{"a":"\u003c\u0026\u003e","b":[1,2.5]}"#,
            ),
            (json!([1e21, 1e-7, 1_000_000.0]), "[1e+21,1e-7,1000000]"),
            (json!("a\u{1}\n\u{2028}"), r#""a\u0001\n\u2028""#),
            (json!([]), "[]"),
        ];
        for (value, expected) in table {
            assert_eq!(write_json(&value, true, false), expected);
        }
        let pretty = write_json(&json!({"a": [1, {}], "b": []}), true, true);
        assert_eq!(
            pretty,
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}"
        );
    }
}
